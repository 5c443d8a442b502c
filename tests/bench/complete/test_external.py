"""Folders of outputs made elsewhere: found by id, in the layouts of the field's codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from bench.api import RequestError
from bench.complete.external import LAYOUTS, find_outputs

IDS = ["0001", "scenes/0002"]


def write(folder: Path, layout: str, level: int = 200) -> None:
    for image_id in IDS:
        path = folder / layout.replace("{id}", image_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (level, 0, 0)).save(path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_are_detected(tmp_path: Path, layout: str) -> None:
    write(tmp_path, layout)
    Image.new("RGB", (8, 8)).save(tmp_path / "a-first-file.png")  # never paired by sorted order
    outputs = find_outputs("theirs", tmp_path, IDS)
    assert outputs.layout.as_posix() == layout
    red = float(outputs.output(IDS[1])[0, 0, 0])
    assert red == pytest.approx(200 / 255, abs=0.01)  # JPEG rounds


def test_repaint_s_targets_and_masks_beside_the_outputs_are_no_outputs(tmp_path: Path) -> None:
    write(tmp_path, "inpainted/{id}.png", 10)
    write(tmp_path, "gt/{id}.png", 90)
    write(tmp_path, "gt_keep_mask/{id}.png", 90)
    red = find_outputs("RePaint", tmp_path, IDS).output("0001")[0, 0, 0]
    assert round(float(red) * 255) == 10


def test_a_layout_can_be_given_and_what_lacks_is_named(tmp_path: Path) -> None:
    write(tmp_path, "out_{id}.png")
    assert find_outputs("theirs", tmp_path, IDS, "out_{id}.png").layout == Path("out_{id}.png")
    with pytest.raises(RequestError, match=r"2 of 2 images have no output \(0001, scenes/0002\)"):
        find_outputs("theirs", tmp_path, IDS)
    with pytest.raises(RequestError, match="1 of 3 images have no output \\(0003\\)"):
        find_outputs("theirs", tmp_path, [*IDS, "0003"], "out_{id}.png")


def test_the_hash_knows_names_and_contents(tmp_path: Path) -> None:
    write(tmp_path / "a", "{id}.png")
    write(tmp_path / "b", "{id}.png")
    first, same = (find_outputs("x", tmp_path / name, IDS).assets() for name in "ab")
    assert first == same
    write(tmp_path / "b", "{id}.png", 201)
    assert find_outputs("x", tmp_path / "b", IDS).assets() != first
