"""What every drawn hole has in common: its random stream, its smallest size, and new attempts.

What the holes are drawn with is in shapes.py, apart from the plug-ins, since it needs numpy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from bench.api import RequestError
from bench.api.imaging import as_hole
from bench.api.seeds import numpy_stream

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    Stream: TypeAlias = np.random.Generator  # noqa: TID251  (a type; bench.api.seeds makes them)
    Floats: TypeAlias = NDArray[np.float64]
    Hole: TypeAlias = NDArray[np.bool_]

MIN_SIDE = 8
ATTEMPTS = 2000


def check_size(height: int, width: int) -> None:
    """Raise RequestError for images with a side below MIN_SIDE: families have no shape there."""
    if height < MIN_SIDE or width < MIN_SIDE:
        raise RequestError(
            f"cannot draw a hole of {height}x{width} pixels: each side must be at least {MIN_SIDE};"
            " use larger images"
        )


def draw_hole(
    height: int, width: int, seed: int, draw: Callable[[Stream], Hole | None]
) -> torch.Tensor:
    """Return the first hole that is neither empty nor full, bool (1, H, W), of the seed's stream.

    draw: turns a stream into a bool (H, W) array, or None to reject what it drew.
    Raises RequestError below MIN_SIDE.
    """
    check_size(height, width)
    stream = numpy_stream(seed)
    for _ in range(ATTEMPTS):
        hole = draw(stream)
        if hole is not None and hole.any() and not hole.all():
            return as_hole(hole)
    raise RequestError(
        f"no hole that fits {height}x{width} pixels in {ATTEMPTS} attempts (seed {seed}): use"
        " larger images or other parameters"
    )


def area_scale(height: int, width: int, reference: int) -> float:
    """Return the factor from pixels of a square image of side `reference` to this image's."""
    return math.sqrt(height * width) / reference


def blank(height: int, width: int) -> Hole:
    """Return bool (H, W), all known.  Raises RequestError below MIN_SIDE."""
    import numpy as np

    check_size(height, width)
    return np.zeros((height, width), dtype=bool)
