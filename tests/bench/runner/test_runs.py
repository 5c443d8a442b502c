"""Runs from end to end: what is written, resumed, refused and repeated."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.api import RequestError
from bench.complete import worker
from bench.execute.devices import cores
from bench.plan import naming
from bench.plan.request import Request, runs
from bench.runner.benchmark import run_all
from bench.runner.options import Options
from bench.runner.pools import choose_workers
from bench.runner.progress import Silent
from bench.runner.result import RunResult
from bench.store.directory import RunDirectory
from methods.common import processor
from tests.conftest import write_images

METRICS = ("l1", "psnr")


def go(
    folder: Path,
    out: Path,
    *,
    method: str = "telea",
    workers: int = 1,
    batch_size: int = 8,
    **fields: object,
) -> RunResult:
    request = Request((method,), ("random-box",), f"folder:{folder}", **fields)  # type: ignore[arg-type]
    (result,) = run_all(
        runs(request),
        Options(out, batch_size=batch_size, keep_raw=False),
        metrics=METRICS,
        workers=workers,
        progress=Silent(),
    )
    return result


def scores(path: Path) -> bytes:
    return (path / "scores.csv").read_bytes()


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def images_hash(path: Path) -> dict[str, str]:
    return {
        p.relative_to(path).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted((path / "images").rglob("*.png"))
    }


def test_a_run_writes_what_the_readme_documents(images: Path, tmp_path: Path) -> None:
    result = go(images, tmp_path / "runs")
    path = result.path
    manifest = json.loads((path / "manifest.json").read_bytes())
    assert path.name == naming.directory_name(manifest["spec"], manifest["labels"])
    assert manifest["spec"]["mask_seed"] == 0
    assert str(tmp_path) not in json.dumps(manifest["spec"])
    record = RunDirectory(path).records()["000"]
    output = path / "images/output/000.png"
    assert record.sha256 == hashlib.sha256(output.read_bytes()).hexdigest()
    assert set(np.unique(pixels(path / "images/hole/000.png"))) == {0, 255}
    rows = list(csv.DictReader(scores(path).decode().splitlines()))
    assert [r["id"] for r in rows] == [f"{i:03d}" for i in range(6)]
    summary = json.loads((path / "summary.json").read_bytes())
    assert summary["complete"]
    assert summary["metrics"]["l1"]["n"] == 6
    assert summary["metrics"]["l1"]["mean"] == pytest.approx(sum(float(r["l1"]) for r in rows) / 6)


def test_the_manifest_holds_what_a_network_computed_in(images: Path, tmp_path: Path) -> None:
    def dtype(method: str) -> object:
        path = go(images, tmp_path, method=method, limit=1).path
        return json.loads((path / "manifest.json").read_bytes())["dtype"]

    half = processor.in_words(torch.bfloat16, "cpu")
    assert half in ("bfloat16", "bfloat16 (emulated)")
    assert dtype("glcic:precision=bf16") == half
    assert dtype("ddpm:sampler=ddnm,steps=1") == "float32"
    assert dtype("telea") is None


def test_what_a_method_remarks_about_the_machine_is_said_and_recorded_once(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "fast", lambda dtype, _: dtype == torch.float32)
    worker._load.cache_clear()
    for out in ("loaded", "still loaded"):
        method = "glcic:precision=bf16"
        result = go(images, tmp_path / out, method=method, limit=4, batch_size=2)
        assert [r.split(":")[0] for r in result.remarks] == [
            "this processor only emulates bfloat16"
        ]
        records = RunDirectory(result.path).records()
        told = [i for i, record in records.items() if "remark" in record.notes]
        assert told == ["000"]
    worker._load.cache_clear()


def test_a_precision_that_torch_lacks_is_refused_before_anything_runs(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "runs", lambda dtype, device="cpu", **_: False)
    with pytest.raises(RequestError, match="cannot compute in bfloat16 on cpu; give precision=fp"):
        go(images, tmp_path / "runs", method="glcic:precision=bf16", limit=1)
    assert not (tmp_path / "runs").exists()


def test_labels_are_recorded_and_go_into_the_summary(images: Path, tmp_path: Path) -> None:
    result = go(images, tmp_path / "runs", method="telea:radius=5", size=16, limit=1)
    manifest = json.loads((result.path / "manifest.json").read_bytes())
    expected = {"method": "telea:radius=5.0", "mask": "random-box", "dataset": "images"}
    assert manifest["labels"] == result.summary.labels == expected


def test_known_pixels_are_the_targets(images: Path, tmp_path: Path) -> None:
    path = go(images, tmp_path / "runs").path
    for name in ("000", "003"):
        target, hole, output = (
            pixels(path / f"images/{kind}/{name}.png") for kind in ("target", "hole", "output")
        )
        assert (output[hole == 0] == target[hole == 0]).all()
        assert (output[hole == 255] != target[hole == 255]).any()


def test_the_second_time_nothing_is_done(images: Path, tmp_path: Path) -> None:
    first = go(images, tmp_path / "runs")
    before = (first.path / "records.jsonl").read_bytes()
    second = go(images, tmp_path / "runs")
    assert (first.n_new, second.n_new) == (6, 0)
    assert (first.path / "records.jsonl").read_bytes() == before
    assert second.summary == first.summary


def test_a_moved_folder_is_the_same_run(images: Path, tmp_path: Path) -> None:
    first = go(images, tmp_path / "runs")
    moved = images.rename(tmp_path / "moved")
    assert go(moved, tmp_path / "runs").n_new == 0
    elsewhere = go(moved, tmp_path / "other").path.name
    assert elsewhere == first.path.name.replace("images", "moved")
    assert elsewhere[-8:] == first.path.name[-8:]


@pytest.mark.parametrize(("workers", "batch_size"), [(1, 1), (2, 8), (2, 1)])
def test_workers_and_batches_change_no_byte(
    workers: int, batch_size: int, images: Path, tmp_path: Path
) -> None:
    plain = go(images, tmp_path / "plain")
    other = go(images, tmp_path / "other", workers=workers, batch_size=batch_size)
    assert scores(other.path) == scores(plain.path)
    assert images_hash(other.path) == images_hash(plain.path)


def test_what_is_damaged_is_made_again(images: Path, tmp_path: Path) -> None:
    path = go(images, tmp_path / "runs").path
    expected, hashes = scores(path), images_hash(path)
    (path / "images/output/001.png").write_bytes(b"half a PNG")
    (path / "images/hole/002.png").unlink()
    records = path / "records.jsonl"
    lines = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])  # a torn last line
    again = go(images, tmp_path / "runs")
    assert again.n_new == 3
    assert again.remarks == ["a torn last record was dropped"]
    assert scores(path) == expected
    assert images_hash(path) == hashes


def test_every_method_and_seed_meets_the_same_holes(images: Path, tmp_path: Path) -> None:
    paths = [
        go(images, tmp_path / "runs", method=method, seeds=(seed,)).path
        for method, seed in (("telea", 0), ("telea", 1), ("navier-stokes", 0))
    ]
    holes = [{k: v for k, v in images_hash(p).items() if "/hole/" in k} for p in paths]
    assert len(set(paths)) == 3
    assert holes[0] == holes[1] == holes[2]
    moved = go(images, tmp_path / "runs", mask_seed=1).path
    assert {k: v for k, v in images_hash(moved).items() if "/hole/" in k} != holes[0]


def test_one_bad_image_is_named_and_the_rest_goes_on(images: Path, tmp_path: Path) -> None:
    good = (images / "002.png").read_bytes()
    (images / "002.png").write_bytes(good[:50])
    result = go(images, tmp_path / "runs")
    assert list(result.failed) == ["002"]
    assert "cannot load the image" in result.failed["002"]
    assert (result.summary.n, result.summary.n_failed) == (5, 1)
    assert not result.summary.complete


def test_images_of_several_sizes_keep_them(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "images", 2, size=32)
    Image.new("RGB", (40, 24), (200, 100, 0)).save(folder / "wide.png")
    path = go(folder, tmp_path / "runs").path
    assert pixels(path / "images/output/wide.png").shape == (24, 40, 3)
    assert pixels(path / "images/output/000.png").shape == (32, 32, 3)


def test_samples_are_kept_apart(images: Path, tmp_path: Path) -> None:
    path = go(images, tmp_path / "runs", samples=2, limit=2).path
    assert sorted(RunDirectory(path).records()) == ["000@0", "000@1", "001@0", "001@1"]
    assert len(list((path / "images/target").glob("*.png"))) == 2


def test_two_processes_cannot_own_one_run(images: Path, tmp_path: Path) -> None:
    path = go(images, tmp_path / "runs").path
    with RunDirectory(path).owned(), pytest.raises(RequestError, match="another running process"):
        go(images, tmp_path / "runs")


def test_a_broken_manifest_is_refused_and_nothing_is_lost(images: Path, tmp_path: Path) -> None:
    path = go(images, tmp_path / "runs").path
    before = images_hash(path)
    (path / "manifest.json").write_text('{"schema_version"')
    with pytest.raises(RequestError, match="not a readable manifest"):
        go(images, tmp_path / "runs")
    assert images_hash(path) == before


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"methods": ()}, "No method was given"),
        ({"masks": ()}, "No mask was given"),
        ({"precision": "fp8"}, "precision='fp8' is not one of"),
    ],
)
def test_an_incomplete_request(fields: dict[str, object], message: str) -> None:
    request = {"methods": ("telea",), "masks": ("center-box",), **fields}
    with pytest.raises(RequestError, match=message):
        runs(Request(**request))  # type: ignore[arg-type]


def test_one_worker_a_core_for_single_threaded_methods(images: Path, tmp_path: Path) -> None:
    (run,) = runs(Request(("telea",), ("center-box",), f"folder:{images}"))
    total = cores()
    assert choose_workers(run, Options(tmp_path), None) == (total, 1)
    assert choose_workers(run, Options(tmp_path, device="cuda"), None) == (1, total)
