"""Drawing with row intervals: the convex shapes that brushes and blobs are made of.

Every shape is cut by each row of pixel centres in one interval, so that a whole mask is two
numbers per shape and row.  Only numpy draws it: no anti-aliasing, and the same pixels whatever the
version of an imaging library.  Coordinates are continuous: pixel (i, j) has its centre at
y = i + .5, x = j + .5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from masks.drawing import Floats, Hole

# In place of an exact 0 in a divisor: the quotient is then beyond any image, on the right side.
TINY = 1e-12
POINT = 1e-9


@dataclass(frozen=True)
class Rows:
    """The rows of K convex shapes, one entry per shape and row that it may touch.

    shape: index of the shape, 0..K-1.  row: index of the row.  left, right: the interval of that
    row inside the shape, in pixels; empty where left > right.
    """

    shape: NDArray[np.intp]
    row: NDArray[np.intp]
    left: Floats
    right: Floats

    def only(self, kept: Hole) -> Rows:
        """Return the entries for which `kept` is True."""
        return Rows(self.shape[kept], self.row[kept], self.left[kept], self.right[kept])


def fill(height: int, width: int, rows: Rows) -> Hole:
    """Return the union of the shapes as bool (H, W): pixels with left <= centre <= right."""
    first = np.clip(np.ceil(rows.left - 0.5), 0, width).astype(np.intp)
    after = np.clip(np.floor(rows.right - 0.5) + 1, 0, width).astype(np.intp)
    offset = rows.row * (width + 1)
    kept = after > first
    depth = np.zeros(height * (width + 1), dtype=np.int16)
    np.add.at(depth, (first + offset)[kept], 1)
    np.subtract.at(depth, (after + offset)[kept], 1)
    np.cumsum(depth, out=depth)
    return (depth > 0).reshape(height, width + 1)[:, :width]


def capsules(height: int, segments: Floats, widths: Floats, radii: Floats | None = None) -> Rows:
    """Return the rows of K segments with round ends.

    segments: (K, 4) as x0, y0, x1, y1.  widths: (K,), full widths.  radii: (K,), of the discs at
    both ends; None: half the widths.  A capsule is the union of two discs and a rectangle; each of
    its rows is the hull of their three rows.
    """
    radii = widths / 2 if radii is None else radii
    reach = np.maximum(widths / 2, radii)
    low, high = (
        np.minimum(segments[:, 1], segments[:, 3]),
        np.maximum(segments[:, 1], segments[:, 3]),
    )
    shape, row = _touched(height, low - reach, high + reach)
    x0, y0, x1, y1 = segments[shape].T
    radius, y = radii[shape], np.asarray(row + 0.5)
    left, right = _rectangle(x0, y0, x1, y1, (widths / 2)[shape], y)
    for cx, cy in ((x0, y0), (x1, y1)):
        squared = radius**2 - (y - cy) ** 2
        half = np.where(squared >= 0, np.sqrt(np.maximum(squared, 0)), -np.inf)
        left, right = np.minimum(left, cx - half), np.maximum(right, cx + half)
    return Rows(shape, row, left, right)


def ellipses(height: int, centres: Floats, half_axes: Floats, angles: Floats) -> Rows:
    """Return the rows of K ellipses.

    centres: (K, 2) as x, y.  half_axes: (K, 2) in pixels.  angles: (K,), of the first axis.
    """
    reach = half_axes.max(axis=1)
    shape, row = _touched(height, centres[:, 1] - reach, centres[:, 1] + reach)
    cos, sin = np.cos(angles)[shape], np.sin(angles)[shape]
    a, b = 1 / half_axes[shape].T ** 2
    y = row + 0.5 - centres[shape, 1]
    # The ellipse is p x^2 + 2 q x y + s y^2 <= 1 about its centre.
    p, q, s = a * cos**2 + b * sin**2, (a - b) * sin * cos, a * sin**2 + b * cos**2
    discriminant = (q * y) ** 2 - p * (s * y**2 - 1)
    half = np.where(discriminant >= 0, np.sqrt(np.maximum(discriminant, 0)) / p, -np.inf)
    middle = centres[shape, 0] - q * y / p
    return Rows(shape, row, middle - half, middle + half)


def _touched(height: int, top: Floats, bottom: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return shape and row for every row of pixel centres in [top, bottom] of every shape."""
    first = np.clip(np.ceil(top - 0.5), 0, height).astype(np.intp)
    after = np.clip(np.floor(bottom - 0.5) + 1, 0, height).astype(np.intp)
    counts = np.maximum(after - first, 0)
    shape = np.repeat(np.arange(len(top)), counts)
    before = np.cumsum(counts) - counts
    return shape, np.arange(len(shape)) + (first - before)[shape]


def _rectangle(
    x0: Floats, y0: Floats, x1: Floats, y1: Floats, radius: Floats, y: Floats
) -> tuple[Floats, Floats]:
    """Return left and right, at the heights y, of rectangles of half-width `radius`."""
    length = np.hypot(x1 - x0, y1 - y0)
    point = length < POINT  # a dot has no direction; any will do
    length = np.where(point, POINT, length)
    dx, dy = np.where(point, 1.0, (x1 - x0) / length), np.where(point, 0.0, (y1 - y0) / length)
    dx, dy = np.where(np.abs(dx) < TINY, TINY, dx), np.where(np.abs(dy) < TINY, TINY, dy)
    below = y - y0
    along = (x0 - dy * below / dx, x0 + (length - dy * below) / dx)
    across = (x0 + (dx * below - radius) / dy, x0 + (dx * below + radius) / dy)
    left = np.maximum(np.minimum(*along), np.minimum(*across))
    right = np.minimum(np.maximum(*along), np.maximum(*across))
    empty = left > right
    return np.where(empty, np.inf, left), np.where(empty, -np.inf, right)
