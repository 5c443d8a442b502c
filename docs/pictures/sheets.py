"""What the pictures share: the photograph, small files, sheets of captioned tiles, figures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from bench import plugins
from bench.api import Completion, Method
from bench.api.imaging import hide, to_uint8
from bench.api.sheet import Captions, draw_sheet, fit, lines_of, tile_row

MARK = np.array([222, 80, 110], dtype=np.uint8)
Tile = tuple[str, np.ndarray]


def photograph(side: int, name: str = "astronaut-0") -> torch.Tensor:
    """Return a shipped photograph, float32 (3, side, side) in [0, 1]."""
    return plugins.dataset("photos", size=side).load(name)


def hole_of(name: str, side: int, seed: int = 0) -> torch.Tensor:
    """Return a generator's hole, bool (1, side, side)."""
    return plugins.mask(name)(side, side, seed)


def completed(method: Method, image: torch.Tensor, hole: torch.Tensor, seed: int) -> torch.Tensor:
    """Return what a method makes of one image (1, 3, H, W) and its hole (1, 1, H, W)."""
    made = method.load("cpu")(hide(image, hole), hole, [seed])
    return made.image if isinstance(made, Completion) else made


def pixels(image: torch.Tensor) -> np.ndarray:
    """Turn (1 or 3, H, W) in [0, 1] into uint8 (H, W, 3)."""
    rgb = image if image.shape[0] == 3 else image.expand(3, -1, -1)
    return to_uint8(rgb.clamp(0, 1)).permute(1, 2, 0).contiguous().numpy()


def marked(image: torch.Tensor, hole: torch.Tensor) -> np.ndarray:
    """Return an image with its hole in a colour that no photograph has there."""
    found = pixels(image).copy()
    found[hole[0].numpy()] = MARK
    return found


def sheet(
    path: Path,
    groups: Sequence[tuple[str, Sequence[Tile]]],
    side: int,
    columns: int,
    quality: int = 80,
) -> None:
    """Write titled rows of captioned tiles, at most `columns` a row."""
    captions = Captions(34, size=12)
    rows = []
    for title, tiles in groups:
        shown = [(caption, fit(picture, side)) for caption, picture in tiles]
        for number, line in enumerate(lines_of(shown, columns)):
            rows.append(tile_row(line, side, captions, title="" if number else title))
    save(path, draw_sheet(rows, [side] * columns, gap=8), quality)


def save(path: Path, picture: Image.Image, quality: int = 80) -> None:
    """Write a small file; noise needs many bytes, and shows less of what is lost."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.convert("RGB").save(path, "WEBP", quality=quality, method=6)


def save_figure(path: Path, figure: Any, quality: int = 80) -> None:
    """Write a matplotlib figure as the other pictures."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100, format="png")
    save(path, Image.open(buffer), quality)
