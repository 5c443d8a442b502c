"""Irregular holes with a chosen hole ratio, in the manner of the partial convolution test set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api import Json, RequestError
from bench.api.seeds import derive_seed, numpy_stream
from masks.drawing import draw_hole

if TYPE_CHECKING:
    import torch

    from masks.drawing import Hole, Stream

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
        from masks.warped import grow

        chosen, border = self._drawn(seed)

        def draw(stream: Stream) -> Hole | None:
            hole = grow(stream, height, width, BINS[chosen], border)
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
