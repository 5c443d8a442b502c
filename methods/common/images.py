"""Training images: sources that draw batch k from a seed, so that a resumed run sees the same ones.

A source is anything with `batch(seed, n) -> float32 (n, 3, H, W) in [0, 1]` that depends on its
arguments alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from bench.api import ImageSource as ImageSource
from bench.api import MaskGenerator, RequestError
from bench.api.seeds import derive_seed, numpy_stream

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, eq=False)
class FixedImages:
    """Images of one size, drawn with replacement.

    pixels: uint8 (M, H, W) grey or (M, H, W, 3) RGB.  flip: mirror left-right with probability 1/2.
    pad: pixels of black added on every side (2 turns Fashion-MNIST's 28x28 into 32x32).
    """

    pixels: np.ndarray
    flip: bool = True
    pad: int = 0

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim not in (3, 4) or not len(self.pixels):
            raise RequestError(
                f"images are {self.pixels.dtype} {self.pixels.shape}; "
                "allowed: uint8 (M, H, W) or (M, H, W, 3) with M >= 1"
            )

    def batch(self, seed: int, n: int) -> torch.Tensor:
        """Return float32 (n, 3, H + 2 pad, W + 2 pad) in [0, 1]."""
        stream = numpy_stream(seed)
        chosen = self.pixels[stream.integers(len(self.pixels), size=n)]
        if self.flip:
            mirrored = stream.random(n) < 0.5
            chosen[mirrored] = chosen[mirrored, :, ::-1]
        rgb = chosen if chosen.ndim == 4 else np.repeat(chosen[..., None], 3, axis=3)
        edge = (self.pad, self.pad)
        return _to_batch(np.pad(rgb, ((0, 0), edge, edge, (0, 0))))


@dataclass(frozen=True, eq=False)
class RandomCrops:
    """Square crops of photographs at a random place and scale, resized to `size`.

    photographs: uint8 (h, w, 3) RGB arrays, each side at least `size`.  smallest: the crop's side
    is uniform in [max(size, smallest x short side), short side].  flip: mirror with probability
    1/2.  A photograph is drawn uniformly.
    """

    photographs: Sequence[np.ndarray]
    size: int
    smallest: float = 0.6
    flip: bool = True

    def __post_init__(self) -> None:
        short = min((min(p.shape[:2]) for p in self.photographs), default=0)
        if short < self.size:
            raise RequestError(
                f"{len(self.photographs)} photographs, the smallest of side {short}; "
                f"allowed: one or more, every side at least {self.size}"
            )

    def batch(self, seed: int, n: int) -> torch.Tensor:
        """Return float32 (n, 3, size, size) in [0, 1]."""
        stream = numpy_stream(seed)
        return _to_batch(np.stack([self._crop(stream) for _ in range(n)]))

    def _crop(self, stream: np.random.Generator) -> np.ndarray:  # noqa: TID251
        """Return one uint8 (size, size, 3) crop."""
        photograph = self.photographs[int(stream.integers(len(self.photographs)))]
        height, width = photograph.shape[:2]
        short = min(height, width)
        side = int(stream.integers(max(self.size, round(self.smallest * short)), short + 1))
        top = int(stream.integers(height - side + 1))
        left = int(stream.integers(width - side + 1))
        crop = photograph[top : top + side, left : left + side]
        if stream.random() < 0.5 and self.flip:
            crop = crop[:, ::-1]
        if side == self.size:
            return crop
        picture = Image.fromarray(np.ascontiguousarray(crop))
        return np.asarray(picture.resize((self.size, self.size), Image.Resampling.LANCZOS))


@dataclass(frozen=True, eq=False)
class MixedSizes:
    """Batches of several sizes: each batch is of one source, drawn by its share.

    sources: of images of their own sizes; the first one's gives the batch its size.  shares: their
    weights, positive.  A source of images k times as large in pixels gives n / k images, at least
    2, so that a step costs about the same.
    """

    sources: Sequence[ImageSource]
    shares: Sequence[float]

    def __post_init__(self) -> None:
        if not self.sources or len(self.sources) != len(self.shares) or min(self.shares) <= 0:
            raise RequestError(
                f"{len(self.sources)} sources with shares {list(self.shares)}; "
                "allowed: one or more sources, a positive share for each"
            )

    def batch(self, seed: int, n: int) -> torch.Tensor:
        """Return float32 (m, 3, H, W) in [0, 1] of one size, m <= n."""
        stream = numpy_stream(derive_seed("size", seed))
        shares = np.asarray(self.shares, dtype=np.float64)
        chosen = self.sources[int(stream.choice(len(shares), p=shares / shares.sum()))]
        images = chosen.batch(seed, n)
        base = self.sources[0].batch(seed, 1) if chosen is not self.sources[0] else images
        return images[: max(2, n * base[0].numel() // images[0].numel())]


def draw_holes(generators: Sequence[MaskGenerator], seed: int, n: int, size: int) -> torch.Tensor:
    """Return bool (n, 1, size, size), True = hole, each from a generator drawn uniformly."""
    stream = numpy_stream(seed)
    chosen = [generators[int(i)] for i in stream.integers(len(generators), size=n)]
    drawn = [g(size, size, derive_seed("hole", seed, row)) for row, g in enumerate(chosen)]
    return torch.stack(drawn)


def _to_batch(pixels: np.ndarray) -> torch.Tensor:
    """Turn uint8 (n, H, W, 3) into float32 (n, 3, H, W) in [0, 1]."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float() / 255
