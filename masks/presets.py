"""Families with a table for images of 256 pixels a side and one for 512: which of them is used."""

from __future__ import annotations

import math

from bench.api import RequestError

SIZES = (256, 512)


def check_preset(preset: int | None, family: str) -> None:
    """Raise RequestError unless the preset is one of the family's tables or None."""
    if preset is not None and preset not in SIZES:
        raise RequestError(f"preset={preset} is not one of 256, 512 ({family}'s tables)")


def preset_for(preset: int | None, height: int, width: int) -> int:
    """Return the preset, or for None the table whose size is nearer to the image's by ratio."""
    if preset is not None:
        return preset
    return SIZES[math.sqrt(height * width) >= math.sqrt(math.prod(SIZES))]
