"""One mask file: read, thresholded, checked, resized."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api import RequestError
from bench.api.imaging import read_rgb

if TYPE_CHECKING:
    from masks.drawing import Hole

POLARITIES = ("hole-white", "keep-white")
# A few grey pixels are the rim of an anti-aliased mask; a file with more of them is not a mask.
MAX_SOFT = 0.1
# JPEG's ringing reaches this far from black and from white: such pixels are not grey.
JPEG_SUFFIXES, JPEG_ERROR = (".jpg", ".jpeg"), 48


@dataclass(frozen=True)
class MaskFile:
    """One mask as read: hole, bool (H, W), read-only; soft, the share of grey pixels."""

    hole: Hole
    soft: float


def other_polarity(polarity: str) -> str:
    """Return the other of the two polarities."""
    return POLARITIES[1 - POLARITIES.index(polarity)]


def read_mask(file: Path, polarity: str) -> MaskFile:
    """Read one mask and threshold it at 128; raises RequestError when it is not a mask.

    The last one is kept: a hole and its facts are asked for one after the other.
    """
    try:
        status = file.stat()
    except OSError as error:
        raise RequestError(f"mask {file} cannot be read: {error}") from error
    return _read_mask(file, polarity, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1)
def _read_mask(file: Path, polarity: str, modified: int, size: int) -> MaskFile:
    try:
        grey = read_rgb(file).mean(axis=2)
    except (OSError, ValueError) as error:
        raise RequestError(f"mask {file} cannot be read: {error}") from error
    if 0 < grey.max() <= 1:
        raise RequestError(f"mask {file} has the values 0 and 1: save masks with 0 and 255")
    rim = JPEG_ERROR if file.suffix.lower() in JPEG_SUFFIXES else 0
    soft = float(((grey > rim) & (grey < 255 - rim)).mean())
    if soft > MAX_SOFT:
        raise RequestError(
            f"mask {file} is not black and white: {soft:.0%} of its pixels are grey; threshold it"
        )
    white = grey >= 128
    hole = white if polarity == "hole-white" else ~white
    _check_extent(hole, file, polarity)
    hole.flags.writeable = False
    return MaskFile(hole, soft)


def _check_extent(hole: Hole, file: Path, polarity: str) -> None:
    """Raise RequestError for an empty or a full hole."""
    if hole.any() and not hole.all():
        return
    extent = "full: every pixel is missing" if hole.all() else "empty: no pixel is missing"
    raise RequestError(f"mask {file} is {extent} (polarity={polarity}); remove or repair it")


def resized(hole: Hole, height: int, width: int, origin: Path) -> Hole:
    """Return the hole resized with nearest neighbour; raises RequestError when nothing is left."""
    import numpy as np

    rows = (np.arange(height) * 2 + 1) * hole.shape[0] // (2 * height)
    columns = (np.arange(width) * 2 + 1) * hole.shape[1] // (2 * width)
    smaller = hole[rows[:, None], columns]
    if not smaller.any() or smaller.all():
        extent = "full" if smaller.all() else "empty"
        raise RequestError(
            f"a mask of {origin} is {extent} once resized from {hole.shape[1]}x{hole.shape[0]} to"
            f" {width}x{height}: use larger images or other masks"
        )
    return np.asarray(smaller)
