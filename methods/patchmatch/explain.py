"""Draw how PatchMatch fills one hole: the estimate, the field and the result of every level."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from bench.api.imaging import to_uint8
from bench.api.sheet import HOLE_COLOUR, Captions, draw_sheet, fit, lines_of, tile_row
from methods.patchmatch.complete import Settings, Step, complete

if TYPE_CHECKING:
    import torch

Panel = tuple[str, np.ndarray]
CAPTIONS = Captions(height=18, at=(3, 3), size=11)
GAP = 6  # pixels between panels
COLUMNS = 3
DEFAULTS = Settings()


def explain(
    image: torch.Tensor, hole: torch.Tensor, seed: int, settings: Settings = DEFAULTS
) -> list[Panel]:
    """Return titled pictures, uint8 (H, W, 3): three per level, coarsest first, then the result.

    image: (3, H, W).  hole: (1, H, W).  A level has its hole, its nearest-neighbour field (hue: the
    direction of the source, saturation: how far; grey: not matched) and its result.
    """
    rgb = to_uint8(image).permute(1, 2, 0).contiguous().numpy()
    missing = hole[0].numpy()
    last: dict[int, list[Panel]] = {}

    def observe(step: Step) -> None:
        last[step.level] = _panels(step)

    outcome = complete(rgb, missing, seed, settings, observe=observe)
    hidden = np.where(missing[:, :, None], np.array(HOLE_COLOUR, np.uint8), rgb)
    levels = [panel for level in sorted(last, reverse=True) for panel in last[level]]
    first = [("the image", rgb), ("its hole", hidden), ("key: where a patch comes from", key())]
    return [*first, *levels, ("completed", outcome)]


def draw(
    image: torch.Tensor, hole: torch.Tensor, seed: int, out: Path, settings: Settings = DEFAULTS
) -> None:
    """Write the panels of `explain` as one labelled PNG, three in a row; raises OSError."""
    panels = explain(image, hole, seed, settings)
    side = max(256, *image.shape[-2:])
    tiles = [(title, fit(pixels, side)) for title, pixels in panels]
    rows = [tile_row(line, side, CAPTIONS) for line in lines_of(tiles, COLUMNS)]
    draw_sheet(rows, [side] * COLUMNS, gap=GAP).save(out, "PNG")


def key(side: int = 256) -> np.ndarray:
    """Return the key of a field's colours, uint8 (side, side, 3): a patch at the middle that comes
    from a place on the disc has that place's colour; the far rim is the farthest source.
    """
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    far = np.hypot(y, x) / (side / 2 - 2)
    colours = _colours(y, x, far)
    colours[far > 1] = 255
    colours[far < 0.06] = 0  # the patch itself
    return colours


def _colours(down: np.ndarray, across: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Colour offsets: hue by direction, saturation by how far, from 0 to 1."""
    hue = (np.arctan2(down, across) / (2 * np.pi)) % 1.0
    saturation = 0.25 + 0.75 * np.clip(far, 0, 1)
    hsv = (np.stack([hue, saturation, np.ones_like(hue)], axis=-1) * 255).astype(np.uint8)
    return np.asarray(Image.fromarray(hsv, "HSV").convert("RGB")).copy()


def _panels(step: Step) -> list[Panel]:
    """Draw a level as it is after a round: hole, field, result."""
    height, width = step.hole.shape
    result = step.scene.pixels[:, :width].copy()
    hidden = np.where(step.hole[:, :, None], np.array(HOLE_COLOUR, np.uint8), result)
    name = f"level {step.level}, {width}x{height}"
    error = np.sqrt(step.after / max(1, int((~step.scene.known).sum()))) / step.scene.size
    return [
        (f"{name}: known pixels", hidden),
        (f"{name}: where each patch comes from", field_colours(step)),
        (f"{name}: round {step.iteration + 1}, cost {error:.1f} levels/pixel", result),
    ]


def field_colours(step: Step) -> np.ndarray:
    """Colour a field by its offsets, each at the middle of its patch; white: no patch there.

    uint8 (H, W, 3).
    """
    rows, columns = step.scene.known.shape
    y, x = np.mgrid[:rows, :columns]
    down, across = step.field.source_y - y, step.field.source_x - x
    far = np.hypot(down, across)
    colours = _colours(down, across, far / max(1.0, float(far[~step.scene.known].max())))
    colours[step.scene.known] = 128
    before = step.scene.size // 2
    after = step.scene.size - 1 - before
    return np.pad(colours, ((before, after), (before, after), (0, 0)), constant_values=255)
