"""Draw a photograph as several methods fill it, side by side, each with its label."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from bench.api.sheet import Captions, SheetRow, draw_sheet, fit, lines_of, tile_row

SIDE, COLUMNS, GAP = 320, 6, 10
HOLE = np.array([222, 80, 110])
# Known context around the hole, as a share of its longer side.
CONTEXT = 0.5


def comparison(
    photograph: np.ndarray, hole: np.ndarray, filled: Sequence[tuple[str, np.ndarray]]
) -> bytes:
    """Return a PNG: the photograph and its hole, then each filling under its label.

    photograph, and each filling: uint8 (H, W, 3).  hole: bool (H, W), tinted in the first picture.
    Where the hole is small, another row shows its surroundings enlarged.
    """
    marked = photograph.copy()
    marked[hole] = (0.35 * marked[hole] + 0.65 * HOLE).astype(np.uint8)
    whole = [("the photograph and its hole", marked), *filled]
    near = surroundings(hole)
    rows = _rows(whole)
    if (near[0].stop - near[0].start) * (near[1].stop - near[1].start) < 0.5 * hole.size:
        rows += _rows([(f"{label}, nearer", pixels[near]) for label, pixels in whole])
    widths = [SIDE] * min(COLUMNS, len(whole))
    buffer = io.BytesIO()
    draw_sheet(rows, widths, gap=GAP).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def surroundings(hole: np.ndarray) -> tuple[slice, slice]:
    """Return the rows and columns around the hole's bounding box."""
    ends = []
    for axis in (1, 0):
        places = np.flatnonzero(hole.any(axis=axis))
        ends.append((int(places[0]), int(places[-1]) + 1))
    margin = round(CONTEXT * max(high - low for low, high in ends))
    first, second = (
        slice(max(low - margin, 0), min(high + margin, full))
        for (low, high), full in zip(ends, hole.shape, strict=True)
    )
    return first, second


def _rows(tiles: Sequence[tuple[str, np.ndarray]]) -> list[SheetRow]:
    """Return rows of captioned pictures; each row is as high as its highest picture."""
    fitted = [(label, fit(pixels, SIDE)) for label, pixels in tiles]
    height = max(pixels.shape[0] for _, pixels in fitted)
    captions = Captions(22, size=14)
    return [tile_row(line, height, captions) for line in lines_of(fitted, COLUMNS)]


def shown(pixels: np.ndarray) -> np.ndarray:
    """Convert pixels of any depth, grey or RGB, to uint8 (H, W, 3) for display."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    rgb = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    return np.asarray(Image.fromarray(np.ascontiguousarray(rgb)).convert("RGB")).copy()
