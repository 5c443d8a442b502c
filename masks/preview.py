"""The contact sheet: many holes in one picture, each with its title."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from PIL import Image

TILE = 160
GAP = 12
TITLE_HEIGHT = 22
FONT_SIZE = 15


def contact_sheet(holes: Sequence[torch.Tensor], titles: Sequence[str]) -> Image.Image:
    """Return a grey picture of the holes in a near-square grid, white = hole, titles above.

    holes: bool (1, H, W) each, of any size; drawn in tiles of 160 pixels.
    Raises ValueError when there is nothing to show or the titles are not as many.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not holes or len(holes) != len(titles):
        raise ValueError(f"{len(holes)} holes and {len(titles)} titles: give one title per hole")
    columns = math.ceil(math.sqrt(len(holes)))
    rows = math.ceil(len(holes) / columns)
    step_y = TILE + TITLE_HEIGHT + GAP
    sheet = Image.new("L", (columns * (TILE + GAP) + GAP, rows * step_y + GAP), 96)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_SIZE)
    for index, (hole, title) in enumerate(zip(holes, titles, strict=True)):
        left = GAP + index % columns * (TILE + GAP)
        top = GAP + index // columns * step_y
        pen.text((left, top), title, fill=255, font=font)
        height, width = hole.shape[-2:]
        scale = TILE / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        tile = Image.fromarray(hole[0].numpy()).convert("L")
        # Averaging keeps the density of fine lines, of which nearest neighbour makes moire.
        kernel = Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
        sheet.paste(tile.resize(size, kernel), (left, top + TITLE_HEIGHT))
    return sheet
