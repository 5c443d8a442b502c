"""Odd names, ids, links and paths: each has its own file, or is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bench.api import RequestError
from bench.store.directory import RunDirectory, file_stem
from tests.conftest import write_images
from tests.faults.running import PLUGINS, go, make_runs

NAMES = (
    "with spaces", " leading", "trailing ", "ünïcødé", "日本語", "🙂", "a,b", 'quo"te', "new\nline",
    "NA", "null", "1e5", "0x10", "a%20b", "-rf", "$HOME", "a;b", "{id}", "x@0", "a..b", "a.b.c",
    "<script>alert(1)</script>".replace("/", ""), "con", "~", "*", "a\\b", "tab\there", "%", "a&b",
    "n" * 251, "ü" * 125,
)  # fmt: skip


def test_odd_names_are_ids_like_any_other(tmp_path: Path) -> None:
    import pandas as pd

    from bench.store.scored_run import load_runs

    images = write_images(tmp_path / "images", 1, 16)
    data = (images / "000.png").read_bytes()
    for name in NAMES:
        (images / f"{name}.png").write_bytes(data)
    result = go(make_runs("telea", "half", images), tmp_path / "out")
    assert result.failed == {}
    assert result.summary.n == len(NAMES) + 1
    outputs = list((result.path / "images/output").rglob("*.png"))
    assert len(outputs) == len(NAMES) + 1
    (loaded,) = load_runs([result.path])
    assert sorted(loaded.scores.index) == sorted([*NAMES, "000"])
    assert all(loaded.png("output", name).is_file() for name in NAMES)
    assert isinstance(loaded.scores, pd.DataFrame)
    assert go(make_runs("telea", "half", images), tmp_path / "out").n_new == 0


def test_same_stems_and_folders_named_like_files_do_not_meet(tmp_path: Path) -> None:
    images = tmp_path / "images"
    for i, name in enumerate(
        [
            "a.jpg",
            "a.png",
            "b.jpg",
            "b.png/x.jpg",
            "b.png%/x.jpg",
            "b/x.jpg",
            "c.PNG/c.jpg",
            "c.jpg",
        ]
    ):
        file = images / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (20 * i, 9, 9)).save(file, "PNG")
    result = go(make_runs("telea", "half", images), tmp_path / "out")
    assert result.failed == {}
    assert sorted(RunDirectory(result.path).records()) == [
        "a.jpg", "a.png", "b", "b.png%/x", "b.png/x", "b/x", "c", "c.PNG/c",
    ]  # fmt: skip
    assert len(list((result.path / "images/output").rglob("*.png"))) == 8
    assert go(make_runs("telea", "half", images), tmp_path / "out").n_new == 0


def test_the_file_of_an_id_is_the_id_but_for_two_exceptions() -> None:
    assert file_stem("a/b.c") == "a/b.c"
    assert file_stem("a.png/b.png") == "a.png%/b.png"
    assert file_stem("a.png%/b") == "a.png%%/b"
    long = [file_stem("x" * 300), file_stem("x" * 301), file_stem("x" * 240)]
    assert len(set(long)) == 3
    assert all(len(name.encode()) <= 240 for name in long)
    assert len(file_stem("ü" * 200).encode()) <= 240


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("climbs", "is not a relative path"),
        ("inside", "is not a relative path"),
        ("absolute", "is not a relative path"),
        ("null", "is not a relative path"),
        ("empty", "is not a relative path"),
        ("dot", "is not a relative path"),
        ("doubled", "is not a relative path"),
        ("backwards", "is not a relative path"),
        ("surrogate", "is not a relative path"),
        ("same", "two images with the id '0'"),
    ],
)
def test_ids_that_are_no_file_names_are_refused_before_any_work(
    fault: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=message):
        go(make_runs("telea", "half", f"{PLUGINS}:OddNames:fault={fault}"), tmp_path / "out")
    assert list(tmp_path.rglob("*.png")) == []


def test_symlinked_images_are_read_and_stay_what_they_are(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere" / "secret.png"
    write_images(secret.parent, 1, 16)
    (secret.parent / "000.png").rename(secret)
    images = tmp_path / "images"
    images.mkdir()
    (images / "link.png").symlink_to(secret)
    (images / "loop").symlink_to(images)
    (images / "broken.png").symlink_to(tmp_path / "nowhere")
    before = secret.read_bytes()
    result = go(make_runs("telea", "half", images), tmp_path / "out")
    assert list(result.failed) == ["broken"]
    assert result.summary.n == 1
    assert secret.read_bytes() == before
    assert not any(p.is_symlink() for p in result.path.rglob("*"))
    assert sorted(p.name for p in secret.parent.iterdir()) == ["secret.png"]


def test_a_record_with_an_id_that_climbs_is_not_followed(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 2, 16)
    path = go(make_runs("telea", "half", images), tmp_path / "out").path
    record = RunDirectory(path).records()["000"]
    with (path / "records.jsonl").open("ab") as file:
        file.write(replace(record, id="../../x", image_id="../../x").to_json() + b"\n")
    (path / "scores.csv").unlink()
    with pytest.raises(RequestError, match="is not a relative path"):
        go(make_runs("telea", "half", images), tmp_path / "out")
