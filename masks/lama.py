"""The thin, medium and thick masks of LaMa, each for 256 and 512 pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from masks.drawing import area_scale, blank, draw_hole
from masks.presets import HasPreset

if TYPE_CHECKING:
    import torch

    from masks.drawing import Hole, Stream

# LaMa weighs its two generators 1 : .3 and takes exactly one of them.
BOX_PROBABILITY = 0.3 / 1.3
MAX_HOLE_RATIO = 0.5


@dataclass(frozen=True)
class Boxes:
    """side, count: inclusive bounds, pixels of the preset.  margin: kept free at the border."""

    side: tuple[int, int]
    count: tuple[int, int]
    margin: int


@dataclass(frozen=True)
class Table:
    """strokes: inclusive bounds as published; the code draws one more at most.

    max_width, max_length: exclusive bounds above 5 and above 10 pixels.
    """

    strokes: tuple[int, int]
    max_width: int
    max_length: int
    boxes: Boxes | None


THIN = {256: Table((4, 50), 10, 40, None), 512: Table((4, 70), 20, 100, None)}
MEDIUM = {
    256: Table((4, 5), 50, 100, Boxes((10, 50), (1, 5), 0)),
    512: Table((4, 10), 100, 200, Boxes((30, 150), (1, 5), 0)),
}
THICK = {
    256: Table((1, 5), 100, 200, Boxes((30, 150), (1, 3), 10)),
    512: Table((1, 5), 250, 450, Boxes((30, 300), (1, 4), 10)),
}


@dataclass(frozen=True)
class LamaThin(HasPreset):
    """Many thin strokes (LaMa, Suvorov et al. 2022, thin; RePaint's Narrow).

    preset: 256 or 512, the published table, scaled to the image; None: the nearer to its size.
    Mean hole ratio .290 (.061-.477).
    """

    name: ClassVar[str] = "lama-thin"
    version: ClassVar[str] = "2"
    paper: ClassVar[str] = "LaMa"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""
        preset = self.preset_for(height, width)
        return _draw(THIN[preset], preset, height, width, seed)


@dataclass(frozen=True)
class LamaMedium(HasPreset):
    """Medium strokes or boxes (LaMa, Suvorov et al. 2022, medium).

    preset: 256 or 512, the published table, scaled to the image; None: the nearer to its size.
    Mean hole ratio .240 (.017-.428).
    """

    name: ClassVar[str] = "lama-medium"
    version: ClassVar[str] = "2"
    paper: ClassVar[str] = "LaMa"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""
        preset = self.preset_for(height, width)
        return _draw(MEDIUM[preset], preset, height, width, seed)


@dataclass(frozen=True)
class LamaThick(HasPreset):
    """Thick strokes or large boxes (LaMa, Suvorov et al. 2022, thick; RePaint's Wide).

    preset: 256 or 512, the published table, scaled to the image; None: the nearer to its size.
    Mean hole ratio .266 (.056-.476).
    """

    name: ClassVar[str] = "lama-thick"
    version: ClassVar[str] = "2"
    paper: ClassVar[str] = "LaMa"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""
        preset = self.preset_for(height, width)
        return _draw(THICK[preset], preset, height, width, seed)


def _draw(table: Table, reference: int, height: int, width: int, seed: int) -> torch.Tensor:
    """Return the first hole of the stream that covers at most half of the image.

    LaMa draws five variants, drops those above half and picks one at random.  The variants are
    independent, so the first that passes has the same distribution at a fifth of the cost.
    """
    scale = area_scale(height, width, reference)

    def draw(stream: Stream) -> Hole | None:
        if table.boxes is not None and stream.uniform() < BOX_PROBABILITY:
            hole = _boxes(stream, table.boxes, height, width, scale)
        else:
            hole = _strokes(stream, table, height, width, scale)
        return hole if hole.mean() <= MAX_HOLE_RATIO else None

    return draw_hole(height, width, seed, draw)


def _strokes(stream: Stream, table: Table, height: int, width: int, scale: float) -> Hole:
    """Return LaMa's strokes, drawn on the pixel grid of the table's size and then scaled."""
    from masks.lama_strokes import draw_segments, paint

    rows, columns = max(1, round(height / scale)), max(1, round(width / scale))
    segments, thickness = draw_segments(stream, table, rows, columns)
    return paint(segments, thickness, height, width, scale)


def _boxes(stream: Stream, boxes: Boxes, height: int, width: int, scale: float) -> Hole:
    """Return the union of boxes that keep the margin."""
    hole = blank(height, width)
    margin = round(boxes.margin * scale)
    for _ in range(int(stream.integers(boxes.count[0], boxes.count[1] + 1))):
        sides = stream.integers(boxes.side[0], boxes.side[1] + 1, 2)
        columns = min(max(1, round(int(sides[0]) * scale)), width - 2 * margin)
        rows = min(max(1, round(int(sides[1]) * scale)), height - 2 * margin)
        left = int(stream.integers(margin, width - margin - columns + 1))
        top = int(stream.integers(margin, height - margin - rows + 1))
        hole[top : top + rows, left : left + columns] = True
    return hole
