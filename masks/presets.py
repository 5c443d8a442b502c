"""Families with one table for images of 256 pixels and one for 512: choose by the image's side."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bench.api import RequestError

SIZES = (256, 512)


@dataclass(frozen=True)
class HasPreset:
    """A mask generator of such a family.

    paper: the family.  preset: one of SIZES, or None for the table whose size is the nearer.
    """

    paper: ClassVar[str]
    preset: int | None = None

    def __post_init__(self) -> None:
        if self.preset is not None and self.preset not in SIZES:
            raise RequestError(
                f"preset={self.preset} is not one of 256, 512 ({self.paper}'s tables)"
            )

    def preset_for(self, height: int, width: int) -> int:
        """Return the preset, or for None the table whose size is nearer to the image's by ratio."""
        if self.preset is not None:
            return self.preset
        return SIZES[math.sqrt(height * width) >= math.sqrt(math.prod(SIZES))]

    def at_size(self, size: int) -> Self:
        """Return the generator with the preset for images of this side written out."""
        return replace(self, preset=self.preset_for(size, size))
