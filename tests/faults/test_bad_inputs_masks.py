"""Bad mask files: each costs its image alone, or the run is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.api import RequestError
from tests.conftest import write_images
from tests.faults.running import GOOD, go, make_runs


def half(size: tuple[int, int] = (16, 16)) -> np.ndarray:
    mask = np.zeros((size[1], size[0]), np.uint8)
    mask[:, : size[0] // 2] = 255
    return mask


MASKS: dict[str, tuple[Callable[[], Image.Image], str]] = {
    "soft": (lambda: Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)), "grey"),
    "wrong size": (lambda: Image.fromarray(half((32, 8))), "32x8"),
    "empty": (lambda: Image.new("L", (16, 16), 0), ""),
    "full": (lambda: Image.new("L", (16, 16), 255), ""),
    "truncated": (lambda: Image.fromarray(half()), "002.png"),
    "coloured": (lambda: Image.new("RGB", (16, 16), (255, 0, 0)), ""),
}


@pytest.mark.parametrize("kind", MASKS)
def test_a_bad_mask_costs_its_image_alone(kind: str, tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 3, 16)
    masks = tmp_path / "masks"
    masks.mkdir()
    for name in GOOD:
        Image.fromarray(half()).save(masks / f"{name}.png")
    make, message = MASKS[kind]
    make().save(masks / "002.png")
    if kind == "truncated":
        os.truncate(masks / "002.png", 40)
    result = go(make_runs("telea", f"folder:{masks}", images), tmp_path / "out")
    assert list(result.failed) == ["002"]
    assert result.failed["002"].startswith("cannot draw the hole: ")
    assert message in result.failed["002"]
    assert result.summary.n == 2


@pytest.mark.parametrize(
    ("kind", "message"),
    [("missing", "1 of 3 images have no mask"), ("no folder", "is not a folder")],
)
def test_masks_that_are_not_there(kind: str, message: str, tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 3, 16)
    masks = tmp_path / "masks"
    if kind != "no folder":
        masks.mkdir()
        for name in GOOD:
            Image.fromarray(half()).save(masks / f"{name}.png")
    if kind == "missing":
        (masks / "001.png").unlink()
    with pytest.raises(RequestError, match=message):
        go(make_runs("telea", f"folder:{masks}", images), tmp_path / "out")


def test_an_rgb_mask_and_an_inverted_one_are_read(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 1, 16)
    paths = []
    for name, mask in (("white", half()), ("keep", 255 - half())):
        folder = tmp_path / name
        folder.mkdir()
        Image.fromarray(np.repeat(mask[:, :, None], 3, 2)).save(folder / "000.png")
        spec = f"folder:{folder}" + (",polarity=keep-white" if name == "keep" else "")
        path = go(make_runs("telea", spec, images), tmp_path / "out").path
        paths.append(path / "images/hole/000.png")
    assert paths[0].read_bytes() == paths[1].read_bytes()
