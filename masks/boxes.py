"""Rectangular holes: the centred box of Context Encoders, the random boxes of GLCIC and MMagic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api.imaging import as_hole
from masks.drawing import blank, draw_hole

if TYPE_CHECKING:
    import torch

    from masks.drawing import Hole, Stream


@dataclass(frozen=True)
class CenterBox:
    """Centred box of half the side (Context Encoders, Pathak et al. 2016).

    A quarter of the image is missing, exactly when both sides are even.
    """

    name: ClassVar[str] = "center-box"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W); the seed plays no part.  Raises RequestError below 8 pixels."""
        hole = blank(height, width)
        top, left = (height - height // 2) // 2, (width - width // 2) // 2
        hole[top : top + height // 2, left : left + width // 2] = True
        return as_hole(hole)


@dataclass(frozen=True)
class RandomBox:
    """Box anywhere, each side 3/8 to 1/2 of the image's (GLCIC, Iizuka et al. 2017).

    At 256: width and height each uniform in [96, 128].  Mean hole ratio .191 (p5 .155, p95 .231).
    """

    name: ClassVar[str] = "random-box"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""

        def draw(stream: Stream) -> Hole:
            rows = int(stream.integers(round(height * 3 / 8), height // 2 + 1))
            columns = int(stream.integers(round(width * 3 / 8), width // 2 + 1))
            top = int(stream.integers(height - rows + 1))
            left = int(stream.integers(width - columns + 1))
            hole = blank(height, width)
            hole[top : top + rows, left : left + columns] = True
            return hole

        return draw_hole(height, width, seed, draw)


@dataclass(frozen=True)
class MmagicBox:
    """Box of 27/64 to 1/2 of the image's side, clear of its border (MMagic's random bounding box).

    At 256: a box of 128 pixels, its top left uniform in [20, 107], of which up to 20 rows from the
    top and up to 20 columns from the left are given back.  Mean hole ratio .2125 (p5 .188, p95
    .240).
    """

    name: ClassVar[str] = "mmagic-box"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""

        def draw(stream: Stream) -> Hole:
            hole = blank(height, width)
            hole[_mmagic_span(stream, height), _mmagic_span(stream, width)] = True
            return hole

        return draw_hole(height, width, seed, draw)


def _mmagic_span(stream: Stream, side: int) -> slice:
    """Return the box's extent along one axis; upper bounds are exclusive, as in MMagic's code."""
    longest, margin = side // 2, round(side * 20 / 256)
    start = int(stream.integers(margin, max(side - margin - longest, margin + 1)))
    return slice(start + int(stream.integers(margin + 1)), start + longest)
