"""Structured holes: RePaint's Half, Expand, Alternating Lines, Super-Resolve 2x, and NTIRE's.

RePaint: Lugmayr et al. 2022.  NTIRE: Romero et al. 2022, the image inpainting challenge.  Note that
the phases differ: RePaint's super-resolve keeps [1::2, 1::2], NTIRE's nearest-neighbor [::s, ::s].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api import Json
from bench.api.imaging import as_hole
from bench.api.seeds import numpy_stream
from masks.drawing import blank

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Half:
    """The right half is missing (RePaint's Half)."""

    name: ClassVar[str] = "half"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W); the seed plays no part.  Raises RequestError below 8 pixels."""
        hole = blank(height, width)
        hole[:, width // 2 :] = True
        return as_hole(hole)


@dataclass(frozen=True)
class Expand:
    """All but the centred quarter-side square is missing (RePaint's Expand)."""

    name: ClassVar[str] = "expand"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W); the seed plays no part.  Raises RequestError below 8 pixels."""
        hole = ~blank(height, width)
        top, left = (height - height // 4) // 2, (width - width // 4) // 2
        hole[top : top + height // 4, left : left + width // 4] = False
        return as_hole(hole)


@dataclass(frozen=True)
class AlternatingLines:
    """Rows 0, 2, 4, ... are missing (RePaint's Alternating Lines)."""

    name: ClassVar[str] = "alternating-lines"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W); the seed plays no part.  Raises RequestError below 8 pixels."""
        hole = blank(height, width)
        hole[::2] = True
        return as_hole(hole)


@dataclass(frozen=True)
class SuperResolve:
    """Every second pixel of every second row is kept, from row 1 (RePaint's Super-Resolve 2x)."""

    name: ClassVar[str] = "super-resolve"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W); the seed plays no part.  Raises RequestError below 8 pixels."""
        hole = ~blank(height, width)
        hole[1::2, 1::2] = False
        return as_hole(hole)


@dataclass(frozen=True)
class EveryNLines:
    """Every n-th row or column from the first is missing, n drawn from 2-5 (NTIRE 2022)."""

    name: ClassVar[str] = "every-n-lines"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""
        n, columns = self._drawn(seed)
        hole = blank(height, width)
        hole[(slice(None), slice(None, None, n)) if columns else slice(None, None, n)] = True
        return as_hole(hole)

    def facts(self, height: int, width: int, seed: int) -> dict[str, Json]:
        """Return what was drawn: `n`, and `axis` ("rows" or "columns")."""
        n, columns = self._drawn(seed)
        return {"n": n, "axis": "columns" if columns else "rows"}

    def _drawn(self, seed: int) -> tuple[int, bool]:
        stream = numpy_stream(seed)
        return int(stream.integers(2, 6)), bool(stream.integers(2))


@dataclass(frozen=True)
class CompletionHole:
    """One side of the image is missing, .2-.8 of it (NTIRE 2022, Completion).

    As in the challenge's code, int(ratio x length) lines from the top or the left are missing; a
    reversed hole is the complement of that.
    """

    name: ClassVar[str] = "completion"
    version: ClassVar[str] = "2"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""
        ratio, columns, reverse = self._drawn(seed)
        hole = blank(height, width)
        part = hole.T if columns else hole
        part[: int(len(part) * ratio)] = True
        return as_hole(~hole if reverse else hole)

    def facts(self, height: int, width: int, seed: int) -> dict[str, Json]:
        """Return the missing `side` ("top", "bottom", "left", "right") and its `ratio`."""
        ratio, columns, reverse = self._drawn(seed)
        sides = ("left", "right") if columns else ("top", "bottom")
        return {"side": sides[reverse], "ratio": 1 - ratio if reverse else ratio}

    def _drawn(self, seed: int) -> tuple[float, bool, bool]:
        stream = numpy_stream(seed)
        return (
            float(stream.uniform(0.2, 0.8)),
            bool(stream.integers(2)),
            bool(stream.integers(2)),
        )


@dataclass(frozen=True)
class NtireExpand:
    """All but a centred square is missing, of 1/4, 1/3 or 1/2 of the shorter side (NTIRE 2022)."""

    name: ClassVar[str] = "ntire-expand"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""
        hole = ~blank(height, width)
        half = min(height, width) // self._drawn(seed) // 2
        top, left = height // 2 - half, width // 2 - half
        hole[top : top + 2 * half, left : left + 2 * half] = False
        return as_hole(hole)

    def facts(self, height: int, width: int, seed: int) -> dict[str, Json]:
        """Return what was drawn: `part`, 2, 3 or 4: the square is 1/part of the shorter side."""
        return {"part": self._drawn(seed)}

    def _drawn(self, seed: int) -> int:
        return int(numpy_stream(seed).integers(2, 5))


@dataclass(frozen=True)
class NearestNeighbor:
    """Every s-th pixel of every s-th row is kept, from row 0, s drawn from 2-4 (NTIRE 2022)."""

    name: ClassVar[str] = "nearest-neighbor"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""
        step = self._drawn(seed)
        hole = ~blank(height, width)
        hole[::step, ::step] = False
        return as_hole(hole)

    def facts(self, height: int, width: int, seed: int) -> dict[str, Json]:
        """Return what was drawn: `scale`."""
        return {"scale": self._drawn(seed)}

    def _drawn(self, seed: int) -> int:
        return int(numpy_stream(seed).integers(2, 5))
