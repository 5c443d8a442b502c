"""What a run says of images that failed and of odd data, on stderr and below the table."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Bench, write_images


@pytest.fixture
def fifty(tmp_path: Path) -> Path:
    """Fifty small images, of which three are no images."""
    folder = write_images(tmp_path / "fifty", 50, size=16)
    for k in (3, 17, 44):
        (folder / f"{k:03d}.png").write_bytes(b"not an image")
    return folder


def test_three_broken_images_of_fifty(fifty: Path, tmp_path: Path, here: Bench) -> None:
    arguments = [
        *("run", "--method", "telea,navier-stokes", "--mask", "half"),
        *("--dataset", f"folder:{fifty}", "--metrics", "l1,psnr", "--out", tmp_path / "runs"),
    ]
    done = here(*arguments)
    assert done.returncode == 1
    assert "failed: 003: cannot load the image: not a readable image" in done.stderr
    assert done.stdout.count("47 (3 failed)") == 2
    shown = " ".join(done.stdout.split())
    assert (
        "3 of 50 images are in no score, since they failed or are missing in every method" in shown
    )
    strict = here("leaderboard", tmp_path / "runs", "--strict")
    assert strict.returncode == 2
    assert re.fullmatch(r"Error: --strict: half on fifty: 3 of 50 .*\n", strict.stderr)
    quiet = here(*arguments, "--quiet")
    assert quiet.returncode == 1
    assert quiet.stdout == ""
    assert quiet.stderr.count("failed: 044: cannot load the image") == 2


def test_inverted_masks_enlarged_images_and_resized_masks_are_said(
    images: Path, tmp_path: Path, here: Bench
) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    for file in images.glob("*.png"):
        mask = np.full((8, 8), 255, np.uint8)
        mask[:2] = 0
        Image.fromarray(mask).save(masks / file.name)
    done = here(
        *("run", "--method", "telea", "--mask", f"folder:{masks}", "--size", "64"),
        *("--dataset", f"folder:{images}", "--metrics", "l1", "--out", tmp_path / "runs"),
    )
    assert done.returncode == 0
    assert "Warning: 75% of the pixels of the masks" in done.stderr
    assert "give polarity=keep-white: 25% then are." in done.stderr
    assert "6 of 6 images were enlarged (first: 000, from 32x32)" in done.stdout
    assert "the masks of 6 of 6 images were resized (first: 000, from 8x8)" in done.stdout
