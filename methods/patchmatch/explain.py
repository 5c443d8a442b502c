"""Draw how PatchMatch fills one hole: the estimate, the field and the result of every level."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from bench.api.imaging import to_uint8
from bench.api.sheet import Captions, draw_sheet, fit, lines_of, tile_row
from methods.patchmatch.complete import Settings, Step, complete

if TYPE_CHECKING:
    import torch

Panel = tuple[str, np.ndarray]
HIDDEN = (255, 0, 255)
CAPTIONS = Captions(height=16, at=(3, 2), size=10)
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
    hidden = np.where(missing[:, :, None], np.array(HIDDEN, np.uint8), rgb)
    levels = [panel for level in sorted(last, reverse=True) for panel in last[level]]
    return [*levels, ("the image", rgb), ("its hole", hidden), ("completed", outcome)]


def draw(
    image: torch.Tensor, hole: torch.Tensor, seed: int, out: Path, settings: Settings = DEFAULTS
) -> None:
    """Write the panels of `explain` as one labelled PNG, three in a row; raises OSError."""
    panels = explain(image, hole, seed, settings)
    side = max(256, *image.shape[-2:])
    tiles = [(title, fit(pixels, side)) for title, pixels in panels]
    rows = [tile_row(line, side, CAPTIONS) for line in lines_of(tiles, COLUMNS)]
    draw_sheet(rows, [side] * COLUMNS).save(out, "PNG")


def _panels(step: Step) -> list[Panel]:
    """Draw a level as it is after a round: hole, field, result."""
    height, width = step.hole.shape
    result = step.scene.pixels[:, :width].copy()
    hidden = np.where(step.hole[:, :, None], np.array(HIDDEN, np.uint8), result)
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
    hue = (np.arctan2(down, across) / (2 * np.pi)) % 1.0
    far = np.hypot(down, across)
    saturation = np.clip(far / max(1.0, float(far[~step.scene.known].max())), 0, 1)
    hsv = np.stack([hue, 0.25 + 0.75 * saturation, np.ones_like(hue)], axis=-1)
    colours = np.asarray(Image.fromarray((hsv * 255).astype(np.uint8), "HSV").convert("RGB")).copy()
    colours[step.scene.known] = 128
    before = step.scene.size // 2
    after = step.scene.size - 1 - before
    return np.pad(colours, ((before, after), (before, after), (0, 0)), constant_values=255)
