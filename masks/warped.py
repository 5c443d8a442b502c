"""Holes of a chosen ratio: as many shapes as it takes, bent together by sine waves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from masks.scribbles import scribbles
from masks.shapes import Rows, fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from masks.drawing import Floats, Hole, Stream

# Liu et al.: a hole without border keeps 50 pixels of 512.
BORDER = 50 / 512
SHAPES = 56


def grow(
    stream: Stream, height: int, width: int, bounds: tuple[float, float], border: str
) -> Hole | None:
    """Return the union of as many shapes as it takes to reach a ratio drawn in the bin.

    bounds: (low, high], the bin.  None when the last shape overshoots the bin.
    """
    low, high = bounds
    target = stream.uniform(low, high)
    clear = _clear(height, width, border)
    # n independent shapes of area a cover 1 - exp(-n a): so that n is much the same for every bin.
    size = math.sqrt(min(1.0, -math.log1p(-min(0.99, target / clear.mean()))))
    canvas = np.pad(clear, _pads(height, width))
    shapes = scribbles(stream, canvas.shape[0], canvas.shape[1], SHAPES, size)
    draw = _warp(stream, height, width, shapes)
    count = _enough(shapes, canvas, target * height * width)
    for tried in (count, count - 1, count + 1):
        hole = draw(tried) & clear
        if low < hole.mean() <= high:
            return np.asarray(hole)
    return None


def _enough(shapes: Rows, clear: Hole, target: float) -> int:
    """Return how many shapes cover `target` clear pixels before warping, measured on some rows."""
    step = max(1, len(clear) // 64)
    sampled = clear[::step]
    height, width = sampled.shape
    coarse = shapes.only(shapes.row % step == 0)
    coarse = Rows(coarse.shape, coarse.row // step, coarse.left, coarse.right)
    few, enough = 0, SHAPES
    while enough - few > 1:
        middle = (few + enough) // 2
        covered = fill(height, width, coarse.only(coarse.shape < middle)) & sampled
        few, enough = (few, middle) if covered.sum() * step >= target else (middle, enough)
    return enough


def _pads(height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return how far the canvas reaches beyond the image, so that warping brings shapes in."""
    rows, columns = max(1, height // 10), max(1, width // 10)
    return (rows, rows), (columns, columns)


def _clear(height: int, width: int, border: str) -> Hole:
    """Return where a hole may lie, bool (H, W)."""
    clear = np.ones((height, width), dtype=bool)
    if border == "free":
        rows, columns = max(1, round(height * BORDER)), max(1, round(width * BORDER))
        clear[:rows] = clear[-rows:] = False
        clear[:, :columns] = clear[:, -columns:] = False
    return clear


def _warp(stream: Stream, height: int, width: int, shapes: Rows) -> Callable[[int], Hole]:
    """Return a function that draws the first n shapes and bends them.

    Each column is shifted up or down and each row left or right by two sine waves.
    """
    (pad_y, _), (pad_x, _) = _pads(height, width)
    tall, wide = height + 2 * pad_y, width + 2 * pad_x
    across = np.rint(_waves(stream, height) * pad_x).astype(np.int32)
    down = np.rint(_waves(stream, width) * pad_y).astype(np.int32)
    columns = np.arange(width, dtype=np.int32) + pad_x + across[:, None]
    rows = np.arange(height, dtype=np.int32)[:, None] + pad_y + down
    index = rows * np.int32(wide) + columns

    def draw(count: int) -> Hole:
        return np.asarray(fill(tall, wide, shapes.only(shapes.shape < count)).ravel()[index])

    return draw


def _waves(stream: Stream, length: int) -> Floats:
    """Return the sum of a slow and a fast sine along an axis, (length,), in [-1, 1]."""
    place = np.arange(length) / length * 2 * math.pi
    slow, fast = stream.uniform(0.5, 1.5), stream.uniform(2, 5)
    phases = stream.uniform(0, 2 * math.pi, 2)
    strength = stream.uniform(0.2, 1)
    wave = 0.75 * np.sin(slow * place + phases[0]) + 0.25 * np.sin(fast * place + phases[1])
    return np.asarray(strength * wave)
