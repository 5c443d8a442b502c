"""A file added, removed or repaired: the other images keep what was made of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.plan.request import Request, runs
from bench.runner.benchmark import run_all
from bench.runner.options import Options
from bench.runner.progress import Silent
from bench.runner.result import RunResult
from bench.store.directory import RunDirectory
from tests.conftest import write_images


def go(images: Path, out: Path, method: str = "telea", **changes: object) -> RunResult:
    """Run one method on a folder; return what came of it."""
    request = Request((method,), ("random-box",), f"folder:{images}", **changes)  # type: ignore[arg-type]
    options = Options(out)
    (result,) = run_all(runs(request), options, metrics=("l1",), workers=1, progress=Silent())
    return result


def outputs(result: RunResult) -> dict[str, bytes]:
    """Return id -> the PNG of each output."""
    folder = result.path / "images" / "output"
    return {path.stem: path.read_bytes() for path in folder.glob("*.png")}


def fresh(images: Path, tmp_path: Path) -> RunResult:
    """Run anew, where nothing can be taken over."""
    return go(images, tmp_path / "elsewhere")


def test_a_removed_file_costs_the_others_nothing(images: Path, tmp_path: Path) -> None:
    go(images, tmp_path / "runs")
    (images / "002.png").unlink()
    again = go(images, tmp_path / "runs")
    assert (again.n, again.n_new) == (5, 0)
    assert "5 taken over from a run on other data" in again.remarks
    assert outputs(again) == outputs(fresh(images, tmp_path))
    assert again.summary is not None
    assert again.summary.complete


def test_a_repaired_file_alone_is_done(images: Path, tmp_path: Path) -> None:
    good = (images / "003.png").read_bytes()
    (images / "003.png").write_bytes(good[:60])
    first = go(images, tmp_path / "runs")
    assert list(first.failed) == ["003"]
    (images / "003.png").write_bytes(good)
    again = go(images, tmp_path / "runs")
    assert (again.n_new, again.failed) == (1, {})
    assert outputs(again) == outputs(fresh(images, tmp_path))
    records = RunDirectory(again.path).records()
    assert records["000"].notes["taken_from"] == first.path.name
    assert "taken_from" not in records["003"].notes


def test_another_image_under_an_old_name_is_done_anew(images: Path, tmp_path: Path) -> None:
    go(images, tmp_path / "runs")
    Image.fromarray(np.full((32, 32, 3), 90, np.uint8)).save(images / "001.png")
    again = go(images, tmp_path / "runs")
    assert again.n_new == 1
    assert outputs(again) == outputs(fresh(images, tmp_path))


def test_a_mask_removed_with_its_image_costs_the_others_nothing(
    images: Path, tmp_path: Path
) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    for k, file in enumerate(sorted(images.glob("*.png"))):
        mask = np.zeros((32, 32), np.uint8)
        mask[4 + k : 12 + k, 8:20] = 255
        Image.fromarray(mask).save(masks / file.name)
    request = Request(("telea",), (f"folder:{masks}",), f"folder:{images}")

    def run() -> RunResult:
        options = Options(tmp_path / "runs")
        return run_all(runs(request), options, metrics=("l1",), workers=1, progress=Silent())[0]

    assert run().n_new == 6
    for folder in (images, masks):
        (folder / "004.png").unlink()
    assert (again := run()).n_new == 0
    assert again.n == 5
    shutil.copy(masks / "001.png", masks / "000.png")
    assert run().n_new == 1  # another hole


@pytest.mark.parametrize("changes", [{"seeds": (1,)}, {"size": 16}, {"mask_seed": 1}])
def test_what_another_request_made_is_not_taken(
    changes: dict[str, object], images: Path, tmp_path: Path
) -> None:
    go(images, tmp_path / "runs", method="patchmatch")
    assert go(images, tmp_path / "runs", method="patchmatch", **changes).n_new == 6


def test_a_damaged_output_is_not_taken(images: Path, tmp_path: Path) -> None:
    first = go(images, tmp_path / "runs")
    (first.path / "images/output/000.png").write_bytes(b"no longer a picture")
    write_images(images, 7)
    again = go(images, tmp_path / "runs")
    assert again.n_new == 2
    assert outputs(again) == outputs(fresh(images, tmp_path))
