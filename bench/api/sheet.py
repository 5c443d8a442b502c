"""One sheet of pictures in rows, with what is written at them: grids, contact sheets, explanations.

Pillow and numpy are imported in the functions, so that plug-ins which are only listed stay light.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image, ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# A grey level on a grey sheet, RGB on one in colour: 0..255.
Colour = int | tuple[int, int, int]
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
HOLE_COLOUR = (150, 150, 150)  # of missing pixels, in every picture
TITLE_HEIGHT, TITLE_SIZE = 28, 15  # pixels
T = TypeVar("T")


@dataclass(frozen=True)
class Text:
    """What is written at a cell, `at` (x, y) pixels from its corner; anchor as in Pillow."""

    text: str
    at: tuple[int, int]
    font: Font
    colour: Colour = BLACK
    anchor: str = "la"


@dataclass(frozen=True)
class SheetCell:
    """A place of the sheet, from its upper left corner: a picture and texts, if there are any.

    pixels: uint8 (H, W, 3), or (H, W) for grey; drawn as they are, `top` pixels below the corner.
    """

    pixels: np.ndarray | None = None
    top: int = 0
    texts: Sequence[Text] = ()


@dataclass(frozen=True)
class SheetRow:
    """A row of cells, `height` pixels high, from the first column on."""

    height: int
    cells: Sequence[SheetCell]


@dataclass(frozen=True)
class Captions:
    """How the tiles of a row are captioned: in a strip above the pictures, or below them.

    height: of the strip, in pixels.  at: where in it a caption begins.  size: of the font.
    """

    height: int
    at: tuple[int, int] = (0, 0)
    size: int = 12
    colour: Colour = BLACK
    below: bool = False


def draw_sheet(
    rows: Sequence[SheetRow],
    widths: Sequence[int],
    *,
    gap: int = 0,
    margin: int | None = None,
    background: Colour = WHITE,
) -> Image.Image:
    """Return the rows below each other as one picture: grey for a grey background, else RGB.

    widths: of the columns.  gap: between rows and between columns.  margin: around all, by default
    the gap.  All in pixels.
    """
    from PIL import Image, ImageDraw

    around = gap if margin is None else margin
    size = (
        2 * around + sum(widths) + gap * (len(widths) - 1),
        2 * around + sum(row.height for row in rows) + gap * (len(rows) - 1),
    )
    sheet = Image.new("L" if isinstance(background, int) else "RGB", size, background)
    pen = ImageDraw.Draw(sheet)
    y = around
    for row in rows:
        x = around
        for cell, width in zip(row.cells, widths, strict=False):
            if cell.pixels is not None:
                sheet.paste(Image.fromarray(cell.pixels), (x, y + cell.top))
            for text in cell.texts:
                at = (x + text.at[0], y + text.at[1])
                pen.text(at, text.text, fill=text.colour, font=text.font, anchor=text.anchor)
            x += width + gap
        y += row.height + gap
    return sheet


def tile_row(
    tiles: Sequence[tuple[str, np.ndarray]], side: int, captions: Captions, *, title: str = ""
) -> SheetRow:
    """Return a row of captioned pictures, which have to be of at most `side` pixels.

    tiles: (caption, pixels) of each.  The strip is left out where no tile has a caption.
    title: written above the whole row.
    """
    from PIL import ImageFont

    font = ImageFont.load_default(captions.size)
    strip = captions.height if any(caption for caption, _ in tiles) else 0
    head = TITLE_HEIGHT if title else 0
    top, start = (head, head + side) if captions.below else (head + strip, head)
    at = captions.at[0], captions.at[1] + start
    cells = [
        SheetCell(pixels, top, (Text(caption, at, font, captions.colour),))
        for caption, pixels in tiles
    ]
    if title and cells:
        above = Text(title, (0, 4), ImageFont.load_default(TITLE_SIZE), captions.colour)
        cells[0] = replace(cells[0], texts=(above, *cells[0].texts))
    return SheetRow(head + strip + side, cells)


def fit(pixels: np.ndarray, side: int, *, average: bool = False) -> np.ndarray:
    """Resize so that the longer side is `side` pixels.

    Enlarged pixels stay squares.  Shrunk ones are filtered by LANCZOS; by the box filter with
    `average`, which keeps the density of fine lines.
    """
    import numpy as np
    from PIL import Image

    image = Image.fromarray(pixels)
    scale = side / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    shrink = Image.Resampling.BOX if average else Image.Resampling.LANCZOS
    return np.asarray(image.resize(size, Image.Resampling.NEAREST if scale > 1 else shrink))


def lines_of(items: Sequence[T], columns: int) -> list[Sequence[T]]:
    """Break a sequence into lines of `columns` items; the last may be shorter."""
    return [items[start : start + columns] for start in range(0, len(items), columns)]
