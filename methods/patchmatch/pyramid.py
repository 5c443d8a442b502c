"""The pyramid: known-weighted halving, smooth filling, distance to the known pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from methods.patchmatch.compiled import kernel
from methods.patchmatch.patches import known_patches, pad_rows


@dataclass(frozen=True)
class Level:
    """One size of the image.

    pixels: uint8 (H, W + padding, 3), of `patches.pad_rows`.  hole: bool (H, W), True = missing.
    """

    pixels: np.ndarray
    hole: np.ndarray

    def patches(self, size: int) -> np.ndarray:
        """Return which patches of size x size pixels are wholly known: bool, over all patches."""
        return known_patches(self.hole, size)


def build(rgb: np.ndarray, hole: np.ndarray) -> list[Level]:
    """Halve uint8 (H, W, 3) until no hole is left: finest first.

    Raises ValueError when no pixel is known.
    """
    if hole.all():
        raise ValueError("no known pixel")
    levels = [Level(pad_rows(rgb), np.ascontiguousarray(hole))]
    while levels[-1].hole.any():
        height, width = (-(-side // 2) for side in levels[-1].hole.shape)
        small = np.zeros((height, width, 3), np.uint8)
        small_hole = np.empty((height, width), np.bool_)
        halve(levels[-1].pixels, levels[-1].hole, small, small_hole)
        levels.append(Level(pad_rows(small), small_hole))
    return levels


@kernel()
def halve(pixels: np.ndarray, hole: np.ndarray, small: np.ndarray, small_hole: np.ndarray) -> None:
    """Average each 2 x 2 cell over its known pixels; a cell without one stays a hole."""
    for y in range(small.shape[0]):
        for x in range(small.shape[1]):
            red = green = blue = count = 0
            for a in range(2 * y, min(2 * y + 2, hole.shape[0])):
                for b in range(2 * x, min(2 * x + 2, hole.shape[1])):
                    if not hole[a, b]:
                        red += pixels[a, b, 0]
                        green += pixels[a, b, 1]
                        blue += pixels[a, b, 2]
                        count += 1
            small_hole[y, x] = count == 0
            if count:
                small[y, x, 0] = (red + count // 2) // count
                small[y, x, 1] = (green + count // 2) // count
                small[y, x, 2] = (blue + count // 2) // count


@kernel()
def fill_smoothly(pixels: np.ndarray, hole: np.ndarray, small: np.ndarray, passes: int) -> None:
    """Fill the hole from the next coarser, complete level and relax it towards a membrane.

    Each of the `passes` Gauss-Seidel passes sets a pixel of the hole to the mean of its neighbours.
    """
    values = pixels.astype(np.float32)
    for y in range(hole.shape[0]):
        for x in range(hole.shape[1]):
            if hole[y, x]:
                for c in range(3):
                    values[y, x, c] = small[y // 2, x // 2, c]
    for turn in range(passes):
        _relax(values, hole, turn % 2 == 1)
    for y in range(hole.shape[0]):
        for x in range(hole.shape[1]):
            if hole[y, x]:
                for c in range(3):
                    pixels[y, x, c] = np.uint8(values[y, x, c] + np.float32(0.5))


@kernel()
def _relax(values: np.ndarray, hole: np.ndarray, backwards: bool) -> None:
    """Set each pixel of the hole, in order, to the mean of its four neighbours.

    values: float32 (H, W, 3).  backwards: from the last row up, and from right to left.
    """
    rows, columns = hole.shape
    for i in range(rows):
        y = rows - 1 - i if backwards else i
        for j in range(columns):
            x = columns - 1 - j if backwards else j
            if hole[y, x]:
                up, down = max(y - 1, 0), min(y + 1, rows - 1)
                left, right = max(x - 1, 0), min(x + 1, columns - 1)
                for c in range(3):
                    values[y, x, c] = np.float32(0.25) * (
                        values[up, x, c]
                        + values[down, x, c]
                        + values[y, left, c]
                        + values[y, right, c]
                    )


@kernel()
def depth_of(hole: np.ndarray) -> np.ndarray:
    """City-block distance of every pixel to the nearest known one, int32 (H, W); 0 where known."""
    rows, columns = hole.shape
    far = rows + columns
    depth = np.empty((rows, columns), np.int32)
    for y in range(rows):
        for x in range(columns):
            near = far if hole[y, x] else 0
            if y > 0:
                near = min(near, depth[y - 1, x] + 1)
            if x > 0:
                near = min(near, depth[y, x - 1] + 1)
            depth[y, x] = near
    for y in range(rows - 1, -1, -1):
        for x in range(columns - 1, -1, -1):
            if y < rows - 1:
                depth[y, x] = min(depth[y, x], depth[y + 1, x] + 1)
            if x < columns - 1:
                depth[y, x] = min(depth[y, x], depth[y, x + 1] + 1)
    return depth
