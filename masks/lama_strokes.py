"""The strokes of LaMa's masks, as OpenCV draws them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from masks.shapes import capsules, fill

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from masks.drawing import Floats, Hole, Stream
    from masks.lama import Table

# LaMa draws with OpenCV.  Its line of thickness w is a rectangle of 2 ceil(w / 2) pixels across
# between two discs of radius ceil(w / 2); the rectangle's outline is drawn over it, and adds half a
# pixel along the axis in which the line is shorter (.55 with ties, by which the areas agree best).
OUTLINE = 0.55


def draw_segments(
    stream: Stream, table: Table, rows: int, columns: int
) -> tuple[Floats, NDArray[np.int64]]:
    """Return strokes of 1-5 segments, each segment with its own angle, length and thickness.

    Segments (K, 4) as x0, y0, x1, y1, whole pixels of a grid of rows x columns; thickness (K,).
    """
    low, high = table.strokes
    counts = stream.integers(1, 6, int(stream.integers(low, high + 2)))
    total = int(counts.sum())
    angles = 0.01 + stream.integers(0, 4, total)
    mirrored = np.repeat(np.arange(len(counts)) % 2 == 0, counts)
    angles = np.where(mirrored, 2 * math.pi - angles, angles)
    lengths = 10 + stream.integers(0, table.max_length, total)
    thickness = 5 + stream.integers(0, table.max_width, total)
    starts = stream.integers((0, 0), (columns, rows), (len(counts), 2))
    steps = np.stack([lengths * np.sin(angles), lengths * np.cos(angles)], axis=1)
    return _walks(starts, steps, counts, rows, columns), thickness


def paint(
    segments: Floats, thickness: NDArray[np.int64], height: int, width: int, scale: float
) -> Hole:
    """Return the segments as OpenCV draws lines, bool (H, W).  scale: pixels per unit of theirs."""
    radii = (thickness + 1) // 2
    widths = np.maximum(1.0, 2 * (radii + OUTLINE * _steepness(segments)) * scale)
    centres = (segments + 0.5) * scale  # of the pixels
    return fill(height, width, capsules(height, centres, widths, np.maximum(0.5, radii * scale)))


def _steepness(segments: Floats) -> Floats:
    """Return (K,): the longer of a segment's extents in x and y over its length; 1 for a point."""
    extents = np.abs(segments[:, 2:] - segments[:, :2])
    lengths = np.hypot(extents[:, 0], extents[:, 1])
    return np.asarray(np.where(lengths > 0, extents.max(axis=1) / np.maximum(lengths, 1), 1.0))


def _walks(
    starts: NDArray[np.int64], steps: Floats, counts: NDArray[np.int64], rows: int, columns: int
) -> Floats:
    """Return (K, 4) segments: from each start, its share of the steps.

    As in LaMa, vertices are whole pixels, cut off and not rounded, and clipped to the image's size.
    """
    segments, remaining = [], iter(steps.tolist())
    for (x, y), count in zip(starts.tolist(), counts.tolist(), strict=True):
        for _ in range(count):
            dx, dy = next(remaining)
            end_x, end_y = min(max(int(x + dx), 0), columns), min(max(int(y + dy), 0), rows)
            segments.append((x, y, end_x, end_y))
            x, y = end_x, end_y
    return np.array(segments, dtype=float)
