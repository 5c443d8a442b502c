"""The contact sheet: many holes in one picture, each with its title."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.api.sheet import Captions, draw_sheet, fit, lines_of, tile_row

if TYPE_CHECKING:
    import torch
    from PIL import Image

TILE = 160
CAPTIONS = Captions(height=22, size=15, colour=255)


def contact_sheet(holes: Sequence[torch.Tensor], titles: Sequence[str]) -> Image.Image:
    """Return a grey picture of the holes in a near-square grid, white = hole, titles above.

    holes: bool (1, H, W) each, of any size; drawn in tiles of 160 pixels.
    Raises ValueError when there is nothing to show or the titles are not as many.
    """
    import numpy as np

    if not holes or len(holes) != len(titles):
        raise ValueError(f"{len(holes)} holes and {len(titles)} titles: give one title per hole")
    columns = math.ceil(math.sqrt(len(holes)))
    tiles = [
        (title, fit(hole[0].numpy().astype(np.uint8) * 255, TILE, average=True))
        for hole, title in zip(holes, titles, strict=True)
    ]
    rows = [tile_row(line, TILE, CAPTIONS) for line in lines_of(tiles, columns)]
    return draw_sheet(rows, [TILE] * columns, gap=12, background=96)
