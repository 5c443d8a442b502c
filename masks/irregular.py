"""Irregular holes with a chosen hole ratio, in the manner of the partial convolution test set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.api import Json, RequestError
from bench.api.seeds import derive_seed, numpy_stream
from masks.drawing import Rows, draw_hole, fill
from masks.scribbles import scribbles

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from masks.drawing import Floats, Hole, Stream

# Hole ratios (low, high]: more than low, at most high.
BINS = {
    "1-10": (0.01, 0.1),
    "10-20": (0.1, 0.2),
    "20-30": (0.2, 0.3),
    "30-40": (0.3, 0.4),
    "40-50": (0.4, 0.5),
    "50-60": (0.5, 0.6),
}
BORDERS = ("touching", "free")
# Liu et al.: a hole without border keeps 50 pixels of 512.
BORDER = 50 / 512
SHAPES = 56


@dataclass(frozen=True)
class Irregular:
    """Warped strokes, blobs and ellipses of a chosen hole ratio (after Liu et al. 2018, PConv).

    bin: hole ratio in percent, (low, high]; "any" draws one of the six for each image.
    border: "touching" reaches the image's border, "free" keeps 50/512 of each side clear of it,
    "any" draws one of the two for each image.  `facts` says what was drawn.
    Not the masks of the paper: published numbers by bin compare with the `nvidia` pack alone.
    """

    name: ClassVar[str] = "irregular"
    version: ClassVar[str] = "1"
    bin: str = "any"
    border: str = "any"

    def __post_init__(self) -> None:
        check_choice("bin", self.bin, ("any", *BINS))
        check_choice("border", self.border, ("any", *BORDERS))

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W) whose ratio is in the bin.  Raises RequestError below 8 pixels."""
        chosen, border = self._drawn(seed)

        def draw(stream: Stream) -> Hole | None:
            hole = _grow(stream, height, width, BINS[chosen], border)
            return hole if hole is not None and _keeps(hole, border) else None

        return draw_hole(height, width, derive_seed("irregular", seed), draw)

    def facts(self, height: int, width: int, seed: int) -> dict[str, Json]:
        """Return what was drawn: `bin` and `border`."""
        chosen, border = self._drawn(seed)
        return {"bin": chosen, "border": border}

    def _drawn(self, seed: int) -> tuple[str, str]:
        stream = numpy_stream(seed)
        chosen = list(BINS)[int(stream.integers(len(BINS)))]
        border = BORDERS[int(stream.integers(len(BORDERS)))]
        return (
            chosen if self.bin == "any" else self.bin,
            border if self.border == "any" else self.border,
        )


def check_choice(key: str, word: str, allowed: tuple[str, ...]) -> None:
    """Raise RequestError unless `word` is one of the allowed words."""
    if word not in allowed:
        raise RequestError(f"{key}={word!r} is not one of {', '.join(allowed)}")


def _keeps(hole: Hole, border: str) -> bool:
    """Return whether a hole that should touch the border does."""
    edges = (hole[0], hole[-1], hole[:, 0], hole[:, -1])
    return border == "free" or any(edge.any() for edge in edges)


def _grow(
    stream: Stream, height: int, width: int, bounds: tuple[float, float], border: str
) -> Hole | None:
    """Return the union of as many shapes as it takes to reach a ratio drawn in the bin.

    bounds: (low, high], the bin.  None when the last shape overshoots the bin.
    """
    low, high = bounds
    target = stream.uniform(low, high)
    clear = _clear(height, width, border)
    # n independent shapes of area a cover 1 - exp(-n a): so that n is much the same for every bin.
    size = math.sqrt(min(1.0, -math.log1p(-min(0.99, target / clear.mean()))))
    canvas = np.pad(clear, _pads(height, width))
    shapes = scribbles(stream, canvas.shape[0], canvas.shape[1], SHAPES, size)
    draw = _warp(stream, height, width, shapes)
    count = _enough(shapes, canvas, target * height * width)
    for tried in (count, count - 1, count + 1):
        hole = draw(tried) & clear
        if low < hole.mean() <= high:
            return np.asarray(hole)
    return None


def _enough(shapes: Rows, clear: Hole, target: float) -> int:
    """Return how many shapes cover `target` clear pixels before warping, measured on some rows."""
    step = max(1, len(clear) // 64)
    sampled = clear[::step]
    height, width = sampled.shape
    coarse = shapes.only(shapes.row % step == 0)
    coarse = Rows(coarse.shape, coarse.row // step, coarse.left, coarse.right)
    few, enough = 0, SHAPES
    while enough - few > 1:
        middle = (few + enough) // 2
        covered = fill(height, width, coarse.only(coarse.shape < middle)) & sampled
        few, enough = (few, middle) if covered.sum() * step >= target else (middle, enough)
    return enough


def _pads(height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return how far the canvas reaches beyond the image, so that warping brings shapes in."""
    rows, columns = max(1, height // 10), max(1, width // 10)
    return (rows, rows), (columns, columns)


def _clear(height: int, width: int, border: str) -> Hole:
    """Return where a hole may lie, bool (H, W)."""
    clear = np.ones((height, width), dtype=bool)
    if border == "free":
        rows, columns = max(1, round(height * BORDER)), max(1, round(width * BORDER))
        clear[:rows] = clear[-rows:] = False
        clear[:, :columns] = clear[:, -columns:] = False
    return clear


def _warp(stream: Stream, height: int, width: int, shapes: Rows) -> Callable[[int], Hole]:
    """Return a function that draws the first n shapes and bends them.

    Each column is shifted up or down and each row left or right by two sine waves.
    """
    (pad_y, _), (pad_x, _) = _pads(height, width)
    tall, wide = height + 2 * pad_y, width + 2 * pad_x
    across = np.rint(_waves(stream, height) * pad_x).astype(np.int32)
    down = np.rint(_waves(stream, width) * pad_y).astype(np.int32)
    columns = np.arange(width, dtype=np.int32) + pad_x + across[:, None]
    rows = np.arange(height, dtype=np.int32)[:, None] + pad_y + down
    index = rows * np.int32(wide) + columns

    def draw(count: int) -> Hole:
        return np.asarray(fill(tall, wide, shapes.only(shapes.shape < count)).ravel()[index])

    return draw


def _waves(stream: Stream, length: int) -> Floats:
    """Return the sum of a slow and a fast sine along an axis, (length,), in [-1, 1]."""
    place = np.arange(length) / length * 2 * math.pi
    slow, fast = stream.uniform(0.5, 1.5), stream.uniform(2, 5)
    phases = stream.uniform(0, 2 * math.pi, 2)
    strength = stream.uniform(0.2, 1)
    wave = 0.75 * np.sin(slow * place + phases[0]) + 0.25 * np.sin(fast * place + phases[1])
    return np.asarray(strength * wave)
