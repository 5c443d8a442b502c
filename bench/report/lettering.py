"""Draw text in pictures: a font that every machine has, and lines that fit their column."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageFont

from bench.api.sheet import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.api.sheet import Font


@lru_cache(maxsize=8)
def load_font(size: int) -> Font:
    """Return matplotlib's DejaVu Sans, or Pillow's own font where matplotlib is missing."""
    try:
        import matplotlib
    except ImportError:
        return ImageFont.load_default(size)
    return ImageFont.truetype(
        str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size
    )


def line_height(font: Font) -> int:
    """Return the distance between two lines in pixels."""
    top, bottom = font.getbbox("Ág")[1::2]
    return int(bottom - top) + 4


def wrap(text: str, font: Font, width: int, most: int) -> list[str]:
    """Break text at spaces and after : , - _ / = into at most `most` lines of `width` pixels.

    What does not fit ends in "…".  Characters that cannot be drawn on a line become spaces.
    """
    printable = "".join(c if c.isprintable() else " " for c in text)
    lines = [""]
    for piece in re.findall(r"[^\s:,\-_/=]*[:,\-_/=]?\s*", printable):
        for part in _cut(piece, font, width):
            if font.getlength((lines[-1] + part).rstrip()) <= width:
                lines[-1] += part
            else:
                lines.append(part)
    lines = [line.strip() for line in lines]
    if len(lines) > most:
        last = lines[most - 1]
        while last and font.getlength(f"{last}…") > width:
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last}…"]
    return lines


def stacked(
    lines: Sequence[str],
    corner: tuple[int, int],
    font: Font,
    colour: tuple[int, int, int],
    anchor: str = "la",
) -> list[Text]:
    """Return lines below each other; anchor: Pillow's, "la" left and top, "ma" centred and top."""
    x, y = corner
    step = line_height(font)
    return [Text(line, (x, y + k * step), font, colour, anchor) for k, line in enumerate(lines)]


def _cut(piece: str, font: Font, width: int) -> list[str]:
    """Cut a word that is too wide for a line into parts that fit."""
    parts, rest = [], piece
    while font.getlength(rest.rstrip()) > width and len(rest) > 1:
        fits = next(
            k for k in range(len(rest), 0, -1) if k == 1 or font.getlength(rest[:k]) <= width
        )
        parts.append(rest[:fits])
        rest = rest[fits:]
    return [*parts, rest]
