"""The Inception v3 of FID (Heusel et al. 2017) for inference: 2,048 features of uint8 images.

Batch norm is folded into the convolutions.  Images are resized as TensorFlow 1 does it, whose
numbers the field reports (Parmar et al. 2022 show what other resizing changes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_weights

from bench.assets.inception import LAYERS, Conv, Layer, Pooling, shapes
from bench.metrics.convolution import ConvReLU

SIDE = 299
EPSILON = 1e-3  # batch norm's

Tensors = Mapping[str, torch.Tensor]


class Inception(nn.Module):
    """From images to the average of the last maps.

    tensors: float32, by the names and in the shapes of `bench.assets.inception.shapes`; raises
    ValueError for any other.
    """

    def __init__(self, tensors: Tensors) -> None:
        super().__init__()
        _check(tensors)
        self.layers = _sequence(LAYERS, tensors)

    def forward(self, levels: torch.Tensor) -> torch.Tensor:
        """Return (N, 2048) of uint8 levels (N, 3, H, W); a row does not depend on the others."""
        return self.features(resized(levels.float(), SIDE))

    def features(self, levels: torch.Tensor) -> torch.Tensor:
        """Return (N, 2048) of levels in [0, 255], float (N, 3, 299, 299)."""
        x = self.layers((levels - 128) / 128)
        return F.adaptive_avg_pool2d(x, 1).flatten(1)


class _Parallel(nn.Module):
    """Branches that read the same maps; their outputs follow one another in the channels."""

    def __init__(self, branches: Sequence[nn.Module]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


def _sequence(layers: Sequence[Layer], tensors: Tensors) -> nn.Sequential:
    return nn.Sequential(*(_module(layer, tensors) for layer in layers))


def _module(layer: Layer, tensors: Tensors) -> nn.Module:
    if isinstance(layer, Conv):
        return _convolution(layer, tensors)
    if not isinstance(layer, Pooling):
        return _Parallel([_sequence(branch, tensors) for branch in layer.branches])
    padding = 1 if layer.stride == 1 else 0
    if layer.maximum:
        return nn.MaxPool2d(3, layer.stride, padding)
    return nn.AvgPool2d(3, layer.stride, padding, count_include_pad=False)


def _convolution(layer: Conv, tensors: Tensors) -> ConvReLU:
    """Return a convolution with its batch norm folded in, whose scale is 1."""
    kernel, shift, mean, variance = (
        tensors[f"{layer.name}.{part}"]
        for part in ("conv.weight", "bn.bias", "bn.running_mean", "bn.running_var")
    )
    weight, bias = fuse_conv_bn_weights(kernel, None, mean, variance, EPSILON, None, shift)
    height, width = layer.kernel
    padding = (height // 2, width // 2) if layer.padded else (0, 0)
    return ConvReLU(weight.detach(), bias.detach(), stride=layer.stride, padding=padding)


def _check(tensors: Tensors) -> None:
    """Raise ValueError unless names and shapes are those of the network."""
    present = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    expected = shapes()
    if wrong := sorted(n for n in present.keys() | expected if present.get(n) != expected.get(n)):
        raise ValueError(
            f"{len(wrong)} tensors are not those of FID's Inception, such as {wrong[0]}: "
            f"{present.get(wrong[0], 'missing')} given, {expected.get(wrong[0], 'none')} expected."
        )


def resized(images: torch.Tensor, side: int) -> torch.Tensor:
    """Return float (N, C, side, side) by TensorFlow 1's bilinear filter (`resize_bilinear`).

    images: float (N, C, H, W).  Place i reads between floor(i H / side) and its next neighbour:
    corners are not aligned, pixels have no half, and nothing is smoothed before it shrinks.
    """
    for dim in (3, 2):
        images = _resampled(images, side, dim)
    return images


def _resampled(images: torch.Tensor, side: int, dim: int) -> torch.Tensor:
    """Resize one axis."""
    size = images.shape[dim]
    scale = torch.tensor(size / side, dtype=images.dtype)
    places = torch.arange(side, dtype=images.dtype, device=images.device) * scale
    low = places.long()
    share = (places - low).view(-1, *[1] * (3 - dim))
    left, right = (images.index_select(dim, i) for i in (low, (low + 1).clamp_max(size - 1)))
    return left + (right - left) * share
