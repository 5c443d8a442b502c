"""3x3 convolutions by Winograd's minimal filtering, F(4x4, 3x3) (Lavin and Gray 2016).

A tile of 4x4 outputs takes 36 multiplications a pair of channels instead of 144.  VGG16's layers
with many channels, whose plain convolutions keep all multipliers of a processor busy, take about
half the time this way.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch.nn import functional as F

from bench.metrics.convolution import ConvReLU

# Eq. 15 of the preprint arXiv:1509.09308: transforms of the data, the filter and the output.
DATA = (
    *((4, 0, -5, 0, 1, 0), (0, -4, -4, 1, 1, 0), (0, 4, -4, -1, 1, 0)),
    *((0, -2, -1, 2, 1, 0), (0, 2, -1, -2, 1, 0), (0, 4, 0, -5, 0, 1)),
)
FILTER = (
    *((1 / 4, 0, 0), (-1 / 6, -1 / 6, -1 / 6), (-1 / 6, 1 / 6, -1 / 6)),
    *((1 / 24, 1 / 12, 1 / 6), (1 / 24, -1 / 12, 1 / 6), (0, 0, 1)),
)
OUTPUT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
SIDE = 4
# Tiles that are transformed at once: enough for the matrix products, few enough for the cache.
STRIP = 128
# Below this many tiles per image, reading the transformed weights costs more than is saved.
FEWEST = 16


class WinogradConvReLU(ConvReLU):
    """max(0, w * x + b) for 3x3 kernels of stride 1 that keep the size.

    On a CPU, and for maps of at least 16 tiles of 4x4; elsewhere as ConvReLU.  Off by up to 2e-5 of
    the largest value.  For inference only.  Holds the weights a second time, four times as large,
    once it is used.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__(weight, bias, stride=1, padding=(1, 1))
        self._transformed: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, C', H, W)."""
        *_, height, width = x.shape
        if x.device.type != "cpu" or _tiles(height) * _tiles(width) < FEWEST:
            return super().forward(x)
        if self._transformed is None:
            self._transformed = transformed(self.weight)
        images = x.permute(0, 2, 3, 1)
        sides = SIDE * _tiles(height), SIDE * _tiles(width)
        out = images.new_empty(len(images), *sides, len(self.bias))
        for image, into in zip(images, out, strict=True):  # a row must not depend on the others
            _convolve(image, self._transformed, self.bias, into)
        cropped = out.permute(0, 3, 1, 2)[..., :height, :width]
        return cropped.contiguous(memory_format=torch.channels_last)


def transformed(weight: torch.Tensor) -> torch.Tensor:
    """Return (36, C, C') of a kernel (C', C, 3, 3)."""
    channels_out, channels = weight.shape[:2]
    once = torch.tensor(FILTER, dtype=torch.float64)
    filters = weight.double().permute(2, 3, 1, 0).reshape(9, -1)
    product = (torch.kron(once, once) @ filters).float()
    return product.view(-1, channels, channels_out)


def _convolve(
    image: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, out: torch.Tensor
) -> None:
    """Write max(0, w * x + b) of (H, W, C) into whole tiles, (4 h, 4 w, C'), strip by strip."""
    height, width, _ = image.shape
    across = _tiles(width)
    most = SIDE * max(1, STRIP // across)
    for top in range(0, len(out), most):
        part = out[top : top + most]
        rows = len(part)
        above, below = max(top - 1, 0), min(top + rows + 1, height)
        border = (1, SIDE * across + 1 - width, above - top + 1, top + rows + 1 - below)
        strip = F.pad(image[above:below], (0, 0, *border))
        products = torch.bmm(_patches(strip, rows // SIDE, across), weight)
        tiles = (_twice(OUTPUT) @ products.flatten(1)).view(SIDE, SIDE, rows // SIDE, across, -1)
        places = part.view(rows // SIDE, SIDE, across, SIDE, -1)
        torch.add(tiles.permute(2, 0, 3, 1, 4), bias, out=places).relu_()


def _patches(strip: torch.Tensor, down: int, across: int) -> torch.Tensor:
    """Return the transformed 6x6 patches, (36, down * across, C), of (4 down + 2, ..., C)."""
    y, x, _ = strip.stride()
    channels = strip.shape[2]
    places = (SIDE + 2, SIDE + 2, down, across, channels)
    patches = strip.as_strided(places, (y, x, SIDE * y, SIDE * x, 1))
    return (_twice(DATA) @ patches.reshape(36, -1)).view(36, -1, channels)


def _tiles(pixels: int) -> int:
    return -(-pixels // SIDE)


@lru_cache(maxsize=3)
def _twice(matrix: tuple[tuple[float, ...], ...]) -> torch.Tensor:
    """Return the transform of rows and columns at once: the Kronecker product with itself."""
    once = torch.tensor(matrix, dtype=torch.float64)
    return torch.kron(once, once).float()
