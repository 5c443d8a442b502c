"""Masks as image files, for the tests that read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def save(path: Path, hole: np.ndarray, *, keep_white: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.where(hole ^ keep_white, 255, 0).astype(np.uint8)).save(path)


def box(size: int, ratio: float = 0.25) -> np.ndarray:
    hole = np.zeros((size, size), dtype=bool)
    hole[: round(size * ratio)] = True
    return hole
