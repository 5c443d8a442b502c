"""The Inception v3 of FID as a table: its layers, named as in the weights file, and their shapes.

The network is Szegedy et al. 2016's as TensorFlow published it on 2015-12-05 and Heusel et al. 2017
use it: average pooling that leaves its padding out, and one maximum pooling in the last block where
the paper has an average.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# What each convolution holds, in the order of the files that carry it; batch norm's scale is 1.
PARTS = ("conv.weight", "bn.bias", "bn.running_mean", "bn.running_var")


@dataclass(frozen=True)
class Conv:
    """A convolution without bias, its batch norm and its ReLU.

    channels: of its output.  kernel: (height, width).  padded: by half the kernel on each side.
    """

    name: str
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padded: bool = True


@dataclass(frozen=True)
class Pooling:
    """Pooling over 3x3 places, stride 1 with the size kept or 2 without padding.

    maximum: else the average of the places that lie inside the image.
    """

    maximum: bool
    stride: int = 1


@dataclass(frozen=True)
class Parallel:
    """Branches that read the same maps; their outputs follow one another in the channels."""

    branches: tuple[tuple[Layer, ...], ...]


Layer = Conv | Pooling | Parallel
AVERAGE, MAXIMUM, HALVED = (
    Pooling(maximum=False),
    Pooling(maximum=True),
    Pooling(maximum=True, stride=2),
)


def _a(block: str, pooled: int) -> Parallel:
    """Return a block at 35x35.  pooled: channels after its pooling."""
    branch = f"{block}.branch"
    return Parallel(
        (
            (Conv(f"{branch}1x1", 64),),
            (Conv(f"{branch}5x5_1", 48), Conv(f"{branch}5x5_2", 64, (5, 5))),
            (
                Conv(f"{branch}3x3dbl_1", 64),
                Conv(f"{branch}3x3dbl_2", 96, (3, 3)),
                Conv(f"{branch}3x3dbl_3", 96, (3, 3)),
            ),
            (AVERAGE, Conv(f"{branch}_pool", pooled)),
        )
    )


def _b(block: str) -> Parallel:
    """Return the block from 35x35 to 17x17."""
    branch = f"{block}.branch3x3"
    return Parallel(
        (
            (Conv(branch, 384, (3, 3), stride=2, padded=False),),
            (
                Conv(f"{branch}dbl_1", 64),
                Conv(f"{branch}dbl_2", 96, (3, 3)),
                Conv(f"{branch}dbl_3", 96, (3, 3), stride=2, padded=False),
            ),
            (HALVED,),
        )
    )


def _c(block: str, narrow: int) -> Parallel:
    """Return a block at 17x17.  narrow: channels inside its factorised 7x7 convolutions."""
    branch = f"{block}.branch"
    return Parallel(
        (
            (Conv(f"{branch}1x1", 192),),
            (
                Conv(f"{branch}7x7_1", narrow),
                Conv(f"{branch}7x7_2", narrow, (1, 7)),
                Conv(f"{branch}7x7_3", 192, (7, 1)),
            ),
            (
                Conv(f"{branch}7x7dbl_1", narrow),
                Conv(f"{branch}7x7dbl_2", narrow, (7, 1)),
                Conv(f"{branch}7x7dbl_3", narrow, (1, 7)),
                Conv(f"{branch}7x7dbl_4", narrow, (7, 1)),
                Conv(f"{branch}7x7dbl_5", 192, (1, 7)),
            ),
            (AVERAGE, Conv(f"{branch}_pool", 192)),
        )
    )


def _d(block: str) -> Parallel:
    """Return the block from 17x17 to 8x8."""
    branch = f"{block}.branch"
    return Parallel(
        (
            (
                Conv(f"{branch}3x3_1", 192),
                Conv(f"{branch}3x3_2", 320, (3, 3), stride=2, padded=False),
            ),
            (
                Conv(f"{branch}7x7x3_1", 192),
                Conv(f"{branch}7x7x3_2", 192, (1, 7)),
                Conv(f"{branch}7x7x3_3", 192, (7, 1)),
                Conv(f"{branch}7x7x3_4", 192, (3, 3), stride=2, padded=False),
            ),
            (HALVED,),
        )
    )


def _e(block: str, pool: Pooling) -> Parallel:
    """Return a block at 8x8, two of whose branches end in a fork."""
    branch = f"{block}.branch"

    def fork(a: str, b: str) -> Parallel:
        return Parallel(((Conv(branch + a, 384, (1, 3)),), (Conv(branch + b, 384, (3, 1)),)))

    return Parallel(
        (
            (Conv(f"{branch}1x1", 320),),
            (Conv(f"{branch}3x3_1", 384), fork("3x3_2a", "3x3_2b")),
            (
                Conv(f"{branch}3x3dbl_1", 448),
                Conv(f"{branch}3x3dbl_2", 384, (3, 3)),
                fork("3x3dbl_3a", "3x3dbl_3b"),
            ),
            (pool, Conv(f"{branch}_pool", 192)),
        )
    )


# From (N, 3, 299, 299) to (N, 2048, 8, 8).
LAYERS: tuple[Layer, ...] = (
    Conv("Conv2d_1a_3x3", 32, (3, 3), stride=2, padded=False),
    Conv("Conv2d_2a_3x3", 32, (3, 3), padded=False),
    Conv("Conv2d_2b_3x3", 64, (3, 3)),
    HALVED,
    Conv("Conv2d_3b_1x1", 80),
    Conv("Conv2d_4a_3x3", 192, (3, 3), padded=False),
    HALVED,
    *(_a("Mixed_5b", 32), _a("Mixed_5c", 64), _a("Mixed_5d", 64)),
    _b("Mixed_6a"),
    *(_c("Mixed_6b", 128), _c("Mixed_6c", 160), _c("Mixed_6d", 160), _c("Mixed_6e", 192)),
    _d("Mixed_7a"),
    *(_e("Mixed_7b", AVERAGE), _e("Mixed_7c", MAXIMUM)),
)


def shapes() -> dict[str, tuple[int, ...]]:
    """Return name -> shape of all that the 94 convolutions hold, in the network's order."""
    sizes: dict[str, tuple[int, ...]] = {}
    for conv, channels in _convolutions(LAYERS, 3):
        weight, *norm = PARTS
        sizes[f"{conv.name}.{weight}"] = (conv.channels, channels, *conv.kernel)
        sizes |= {f"{conv.name}.{part}": (conv.channels,) for part in norm}
    return sizes


def _convolutions(layers: tuple[Layer, ...], channels: int) -> Iterator[tuple[Conv, int]]:
    """Yield each convolution with the channels that it reads."""
    for layer in layers:
        if isinstance(layer, Conv):
            yield layer, channels
        elif isinstance(layer, Parallel):
            for branch in layer.branches:
                yield from _convolutions(branch, channels)
        channels = _channels_after(layer, channels)


def _channels_after(layer: Layer, channels: int) -> int:
    if isinstance(layer, Conv):
        return layer.channels
    if isinstance(layer, Pooling):
        return channels
    total = 0
    for branch in layer.branches:
        after = channels
        for inner in branch:
            after = _channels_after(inner, after)
        total += after
    return total
