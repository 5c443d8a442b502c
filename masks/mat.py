"""The small and large holes of MAT: rectangles that may hang off the edge, and brush strokes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from masks.drawing import draw_hole
from masks.presets import HasPreset
from masks.strokes import Brush, draw_strokes

if TYPE_CHECKING:
    import torch

    from masks.drawing import Hole, Stream

# Exclusive maxima of: rectangles up to half the side, rectangles up to the side, strokes.
LARGE = {256: (4, 2, 8), 512: (5, 3, 9)}
SMALL = {256: (2, 2, 3), 512: (3, 2, 4)}


@dataclass(frozen=True)
class MatLarge(HasPreset):
    """Large rectangles and strokes (MAT, Li et al. 2022, large).

    preset: 256 or 512, the published table, scaled to the image; None: the nearer to its size.
    Mean hole ratio .401 (p5 .089, p95 .701).
    """

    name: ClassVar[str] = "mat-large"
    version: ClassVar[str] = "1"
    paper: ClassVar[str] = "MAT"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""
        preset = self.preset_for(height, width)
        return _draw(LARGE[preset], preset, height, width, seed)


@dataclass(frozen=True)
class MatSmall(HasPreset):
    """Small rectangles and strokes (MAT, Li et al. 2022, small).

    preset: 256 or 512, the published table, scaled to the image; None: the nearer to its size.
    Mean hole ratio .218.
    """

    name: ClassVar[str] = "mat-small"
    version: ClassVar[str] = "1"
    paper: ClassVar[str] = "MAT"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""
        preset = self.preset_for(height, width)
        return _draw(SMALL[preset], preset, height, width, seed)


def _draw(
    maxima: tuple[int, int, int], reference: int, height: int, width: int, seed: int
) -> torch.Tensor:
    """Return the union of rectangles and strokes; an empty or a full one is drawn again."""
    brush = Brush(segments=(4, 18), width=(12, 48), reference=reference)

    def draw(stream: Stream) -> Hole:
        halves, wholes, strokes = (int(stream.integers(maximum)) for maximum in maxima)
        hole = draw_strokes(stream, height, width, strokes, brush)
        for divisor in [2] * halves + [1] * wholes:
            rows, columns = _span(stream, height, divisor), _span(stream, width, divisor)
            hole[rows, columns] = True
        return hole[:: _flip(stream), :: _flip(stream)]

    return draw_hole(height, width, seed, draw)


def _span(stream: Stream, side: int, divisor: int) -> slice:
    """Return a rectangle's extent along one axis: up to half of it hangs off either edge."""
    extent = int(stream.integers(side // divisor))
    start = int(stream.integers(-(extent // 2), side - extent + extent // 2))
    return slice(max(start, 0), min(start + extent, side))


def _flip(stream: Stream) -> int:
    return -1 if stream.uniform() < 0.5 else 1
