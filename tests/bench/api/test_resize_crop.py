"""`resize_crop`: by hand, by Pillow, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bench.api.imaging import resize_crop
from tests.bench.api.encoded import photo


def test_resize_crop_by_hand() -> None:
    """4x7: the square is columns 1..4 (the odd rest is cut at the right); 2x2 blocks averaged."""
    grey = np.arange(28, dtype=np.uint8).reshape(4, 7) * 4
    pixels = np.repeat(grey[:, :, None], 3, axis=2)
    # block of 4, 8, 32, 36 -> 20; 12, 16, 40, 44 -> 28; two rows down: + 56
    assert resize_crop(pixels, 2)[..., 0].tolist() == [[20, 28], [76, 84]]
    assert (resize_crop(pixels, 4) == pixels[:, 1:5]).all()


def test_resize_crop_shrinks_by_lanczos_and_enlarges() -> None:
    pixels = np.asarray(photo(30))
    expected = Image.fromarray(pixels).resize((20, 20), Image.Resampling.LANCZOS)
    assert (resize_crop(pixels, 20) == np.asarray(expected)).all()
    assert resize_crop(np.full((1, 1, 3), 7, np.uint8), 5).tolist() == [[[7] * 3] * 5] * 5


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(0, 255))
def test_resize_crop_keeps_a_flat_image_flat(h: int, w: int, size: int, value: int) -> None:
    pixels = np.full((h, w, 3), value, np.uint8)
    resized = resize_crop(pixels, size)
    assert resized.shape == (size, size, 3)
    assert (resized == value).all()
    assert (pixels == value).all()


@pytest.mark.parametrize(
    ("pixels", "size", "words"),
    [
        (np.zeros((4, 4), np.uint8), 2, r"not a uint8 \(H, W, 3\)"),
        (np.zeros((4, 4, 4), np.uint8), 2, r"not a uint8 \(H, W, 3\)"),
        (np.zeros((4, 4, 3), np.float32), 2, r"not a uint8 \(H, W, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), 2, r"not a uint8 \(H, W, 3\)"),
        (np.zeros((4, 4, 3), np.uint8), 0, "size=0"),
        (np.zeros((4, 4, 3), np.uint8), -3, "size=-3"),
    ],
)
def test_resize_crop_refuses(pixels: np.ndarray, size: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        resize_crop(pixels, size)
