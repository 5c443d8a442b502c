"""`bench verify`: references that hold, that do not, and that belong to other code or data."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
import torch

from bench.api import RequestError, imaging
from bench.plan.request import Request, runs
from bench.plan.spec import spec_hash
from bench.runner import reference as reference_runs
from bench.runner import verify
from bench.runner.benchmark import run_all
from bench.runner.options import Options
from bench.runner.progress import Silent
from tests.conftest import Bench

ANOTHER = re.compile('"pixels_sha256": "[0-9a-f]{64}')


def reference(tmp_path: Path) -> Path:
    """Make a run of two photographs and keep of it what is committed."""
    request = Request(("telea",), ("center-box",), "photos", size=32, limit=2)
    options = Options(tmp_path / "runs")
    (result,) = run_all(runs(request), options, metrics=("l1",), workers=1, progress=Silent())
    kept = tmp_path / "reference" / result.path.name
    kept.mkdir(parents=True)
    for name in ("manifest.json", "records.jsonl", "scores.csv"):
        (kept / name).write_bytes((result.path / name).read_bytes())
    return kept


def check(path: Path, count: int = 2) -> verify.Verdict:
    return verify.verify(path, count=count, on_progress=lambda done, total: None)


def test_a_reference_made_here_is_reproduced(tmp_path: Path) -> None:
    path = reference(tmp_path)
    assert reference_runs.references([tmp_path / "reference"]) == [path]
    verdict = check(path)
    assert (verdict.n, verdict.exact, verdict.off) == (2, 2, ())
    assert verdict.text() == f"{path.name}: reproduced, 2 of 2 images equal to the bit"


def test_other_pixels_are_named(tmp_path: Path) -> None:
    path = reference(tmp_path)
    records = path / "records.jsonl"
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    lines[1]["pixels_sha256"] = "0" * 64
    records.write_text("".join(json.dumps(line) + "\n" for line in lines))
    verdict = check(path)
    assert verdict.off == (f"{lines[1]['id']} has other pixels",)
    assert "NOT reproduced, 1 of 2" in verdict.text()


def test_sixteen_digits_of_a_hash_are_enough_and_other_parts_are_damage(
    tmp_path: Path,
) -> None:
    records = reference(tmp_path) / "records.jsonl"
    whole = records.read_text()
    records.write_text(re.sub('("pixels_sha256": "[0-9a-f]{16})[0-9a-f]*', r"\1", whole))
    assert check(records.parent).exact == 2
    records.write_text(re.sub('("pixels_sha256": ")[0-9a-f]{16}', r"\g<1>" + 16 * "0", whole))
    assert check(records.parent).exact == 0
    for digits in (15, 17, 63):
        cut = f'("pixels_sha256": "[0-9a-f]{{{digits}}})[0-9a-f]*'
        records.write_text(re.sub(cut, r"\1", whole))
        assert "line 1 is damaged" in check(records.parent).off[0]


def rewrite(path: Path, old: str, new: str, times: int = 1) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, times))


def test_another_version_cannot_be_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = reference(tmp_path)
    monkeypatch.setattr("methods.classical.Telea.version", "0.9")
    verdict = check(path)
    assert not verdict.good
    assert "NOT reproduced" not in verdict.text()
    assert verdict.unchecked.startswith(
        "telea: the reference has version '1', this machine '0.9'; use the code"
    )
    assert verify.in_sum([verdict]).startswith("0 of 1 references reproduced, 1 cannot be checked")


def test_one_image_is_one_image(tmp_path: Path) -> None:
    verdict = check(reference(tmp_path), count=1)
    assert (verdict.n, verdict.exact, verdict.good) == (1, 1, True)


def test_a_run_on_a_folder_is_checked_where_the_folder_is_given(
    images: Path, tmp_path: Path, here: Bench
) -> None:
    request = Request(("telea:name=Mine",), ("half",), f"folder:{images}", limit=2)
    options = Options(tmp_path / "runs")
    run_all(runs(request), options, metrics=("l1",), workers=1, progress=Silent())
    without = here("verify", tmp_path / "runs")
    assert without.returncode == 1
    assert "cannot be checked: dataset 'folder': no folder was given" in without.stdout
    assert "Give it with --dataset folder:PATH" in without.stdout
    assert "NOT" not in without.stdout
    done = here("verify", tmp_path / "runs", "--dataset", f"folder:{images}", "--count", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reproduced, 1 of 1 images equal to the bit" in done.stdout
    wrong = here("verify", tmp_path / "runs", "--dataset", "foldr:x")
    assert wrong.returncode == 2
    assert "Did you mean 'folder'?" in wrong.stderr


def test_outputs_made_elsewhere_cannot_be_checked(tmp_path: Path) -> None:
    path = reference(tmp_path)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["spec"]["method"] |= {"name": "LaMa", "version": "external"}
    manifest["spec_sha256"] = spec_hash(manifest["spec"])
    (path / "manifest.json").write_text(json.dumps(manifest))
    assert check(path).unchecked == "LaMa: its outputs were made elsewhere."


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("manifest.json", '"radius": 3.0', '"radius": 4.0', "manifest.json is damaged: its spec"),
        ("manifest.json", '"plan"', '"plant"', "manifest.json is damaged (it has no plan)"),
        ("manifest.json", "{", "", "manifest.json is damaged"),
        ("records.jsonl", '{"id"', '{"id', "records.jsonl, line 1 is damaged"),
        ("records.jsonl", '"id": "', '"id": "other-', "has no record or score"),
        ("records.jsonl", '"pixels_sha256": "', '"pixels_sha256": "z', "line 1 is damaged"),
        ("scores.csv", "astronaut-0", "astronaut-9", "astronaut-0 has no record or score"),
    ],
)
def test_a_damaged_reference_is_not_reproduced(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    path = reference(tmp_path)
    rewrite(path / name, old, new)
    verdict = check(path)
    assert "NOT reproduced" in verdict.text()
    assert message in verdict.off[0]


def test_scores_of_equal_pixels_must_agree(tmp_path: Path) -> None:
    path = reference(tmp_path)
    header, first, *rest = (path / "scores.csv").read_text().splitlines()
    name, value = first.split(",")
    wrong = f"{name},{float(value) * 1.01!r}"
    (path / "scores.csv").write_text("\n".join([header, wrong, *rest]) + "\n")
    verdict = check(path)
    assert verdict.exact == 2
    (off,) = verdict.off
    assert off.startswith(f"{name}: l1 is ")


def test_a_file_that_is_cut_or_gone_is_said(tmp_path: Path) -> None:
    path = reference(tmp_path)
    first = (path / "records.jsonl").read_text().splitlines()[0]
    (path / "records.jsonl").write_text(f"{first}\n")
    assert check(path).off == ("records.jsonl is damaged: 1 of 2 records",)
    (path / "records.jsonl").unlink()
    assert "records.jsonl" in check(path).off[0]


def test_a_network_may_differ_a_little_and_not_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = reference(tmp_path)
    monkeypatch.setattr("methods.classical.Telea.exact", False)
    records = path / "records.jsonl"
    records.write_text(ANOTHER.sub('"pixels_sha256": "' + 64 * "0", records.read_text()))
    verdict = check(path)
    assert (verdict.off, verdict.network) == ((), "telea")
    header, *rows = (path / "scores.csv").read_text().splitlines()
    doubled = [f"{i},{2 * float(v)}" for i, v in (row.split(",") for row in rows)]
    (path / "scores.csv").write_text("\n".join([header, *doubled]) + "\n")
    (off,) = check(path).off
    assert off.startswith("mean l1 is ")


def test_the_last_line_says_which_methods_need_not_be_equal_to_the_bit() -> None:
    strict = verify.Verdict("telea-a", 8, 8, ())
    network = verify.Verdict("ddpm-a", 8, 3, (), "ddpm")
    assert verify.in_sum([strict]) == (
        "1 of 1 references reproduced; 8 of 8 images equal to the bit"
    )
    assert verify.in_sum([strict, network, dataclasses.replace(network, network="glcic")]) == (
        "3 of 3 references reproduced; 14 of 24 images equal to the bit: 8 of 8 where they must "
        "be, 6 of 16 of networks (ddpm, glcic), which another processor reproduces within "
        "tolerance only"
    )
    broken = verify.Verdict("telea-b", 8, 7, ("x has other pixels",))
    assert verify.in_sum([broken]).startswith("0 of 1 references reproduced; 7 of 8 images")


def test_no_reference_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="No reference results"):
        reference_runs.references([tmp_path])


def test_the_committed_ones_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        reference_runs.committed()
        == Path(reference_runs.__file__).parents[2] / "results/leaderboards"
    )
    (tmp_path / "results/leaderboards").mkdir(parents=True)
    assert reference_runs.committed() == Path("results/leaderboards")


def test_the_command_counts_what_is_reproduced(tmp_path: Path, here: Bench) -> None:
    path = reference(tmp_path)
    done = here("verify", str(tmp_path / "reference"), "--count", "2")
    assert done.returncode == 0, done.stderr
    assert "1 of 1 references reproduced; 2 of 2 images equal to the bit" in done.stdout
    records = path / "records.jsonl"
    records.write_text(ANOTHER.sub('"pixels_sha256": "' + 64 * "0", records.read_text()))
    done = here("verify", str(tmp_path / "reference"), "--quiet")
    assert done.returncode == 1
    assert "has other pixels" in done.stdout


def test_references_without_their_images_fail_only_where_they_are_named(
    tmp_path: Path, here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = tmp_path / "tiny-imagenet/val"
    images.mkdir(parents=True)
    for seed in range(2):
        pixels = torch.randint(256, (3, 64, 64), generator=torch.Generator().manual_seed(seed))
        (images / f"val_{seed}.png").write_bytes(imaging.encode_png(pixels.to(torch.uint8)))
    monkeypatch.setenv("INPAINT_BENCH_DATA", str(tmp_path))
    request = Request(("telea",), ("half",), "tiny-imagenet")
    options = Options(tmp_path / "results/leaderboards/tiny")
    (result,) = run_all(runs(request), options, metrics=("l1",), workers=1, progress=Silent())
    monkeypatch.chdir(tmp_path)
    assert here("verify").returncode == 0
    monkeypatch.delenv("INPAINT_BENCH_DATA")
    verdict = check(result.path)
    assert verdict.absent
    assert "the images of tiny-imagenet are not on this machine" in verdict.unchecked
    assert here("verify").returncode == 1  # nothing was checked at all
    (tmp_path / "results/leaderboards/photos").mkdir()
    reference(tmp_path).rename(tmp_path / "results/leaderboards/photos/run")
    done = here("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 2 references reproduced, 1 cannot be checked" in done.stdout
    assert here("verify", "results/leaderboards").returncode == 1
