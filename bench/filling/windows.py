"""Choose the squares of a photograph that a network sees, for a hole of any size and shape.

A network that was trained on squares of a side s sees, one after the other, the largest first:

1. Each connected part of the hole in a square of twice the part's longer side, but at least s,
   around it: at least a half of what it sees in each direction is known.
2. A part that is long but thin (longer than twice its largest inscribed circle) in squares along
   it, of twice their cell's side; the cells cover the part, and what was filled in an earlier
   square is known in the next.

Other parts of the hole that lie wholly in a square are filled with it.  A square larger than the
network's is shrunk for it: see bench.filling.completion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

Box = tuple[slice, slice]


@dataclass(frozen=True)
class Window:
    """A rectangle of the photograph, and the part of the hole in it that is to be filled.

    box: its rows and columns.  part: bool, of the rectangle's size.
    """

    box: Box
    part: np.ndarray


def cover(hole: np.ndarray, side: int) -> list[Window]:
    """Return windows for networks of this side that together fill every pixel of the hole once.

    hole: bool (H, W).
    """
    return list(_Parts(hole, side).windows())


class _Parts:
    """The connected parts of a hole, and their pixels that no window fills yet."""

    def __init__(self, hole: np.ndarray, side: int) -> None:
        plain = hole.astype(np.uint8)
        _, self.labels, self.stats, _ = cv2.connectedComponentsWithStats(plain)
        self.depth = cv2.distanceTransform(np.pad(plain, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
        self.left, self.side = hole.copy(), side

    def windows(self) -> Iterator[Window]:
        """Yield the windows of each part, the largest part first."""
        areas = self.stats[:, cv2.CC_STAT_AREA]
        for number in sorted(range(1, len(areas)), key=lambda part: (-areas[part], part)):
            x, y, width, height = (int(v) for v in self.stats[number, :4])
            box = slice(y, y + height), slice(x, x + width)
            inside = (self.labels[box] == number) & self.left[box]
            if not inside.any():
                continue
            thickness = 2 * float(self.depth[box][inside].max())
            for cell in _cells(box, max(self.side // 2, round(2 * thickness))):
                if ((self.labels[cell] == number) & self.left[cell]).any():
                    yield self._take(number, cell)

    def _take(self, number: int, cell: Box) -> Window:
        """Return the square around a cell of a part, and mark the pixels that it fills as taken."""
        length = max(self.side, 2 * max(part.stop - part.start for part in cell))
        rows, columns = (
            _around(part, length, full) for part, full in zip(cell, self.left.shape, strict=True)
        )
        box = rows, columns
        here = self.labels[box]
        border = np.concatenate([here[0], here[-1], here[:, 0], here[:, -1]])
        fillable = ~np.isin(here, [*np.unique(border), number])  # other parts, wholly inside
        top, start = cell[0].start - rows.start, cell[1].start - columns.start
        mine = slice(top, top + _length(cell[0])), slice(start, start + _length(cell[1]))
        fillable[mine] |= here[mine] == number
        part = self.left[box] & fillable
        self.left[box] &= ~part
        return Window(box, part)


def _cells(box: Box, longest: int) -> Iterator[Box]:
    """Yield the cells of a box, all of about one size, no side longer than `longest`."""
    rows, columns = (_pieces(part, longest) for part in box)
    for row in rows:
        for column in columns:
            yield row, column


def _pieces(part: slice, longest: int) -> list[slice]:
    """Cut a slice into pieces of about one length."""
    length = _length(part)
    count = -(-length // longest)
    ends = [part.start + i * length // count for i in range(count + 1)]
    return [slice(start, end) for start, end in pairwise(ends)]


def _around(part: slice, length: int, full: int) -> slice:
    """Return `length` pixels around a slice, moved into 0..full, or all of it."""
    length = min(length, full)
    start = min(max((part.start + part.stop - length) // 2, 0), full - length)
    return slice(start, start + length)


def _length(part: slice) -> int:
    return int(part.stop - part.start)
