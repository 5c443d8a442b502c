"""The generator made fast, by rewrites that are exact but for rounding.

- convolution and BatchNorm -> one convolution (the order conv, ReLU, BN keeps its norms);
- the mean colour under the hole -> the weights of the hole's channel, so that the network takes the
  visible image (0 in the hole) as it is;
- a dilation beyond the map's side -> the kernel's middle tap alone;
- channels last, and bfloat16 where the processor computes in it.

Splitting a convolution of dilation d into plain ones over d x d interleaved sub-maps is exact, too,
but took 1.17 times as long as oneDNN's dilated kernels (width 64, 256x256, 2 cores), so it is not
done.
"""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from bench.api import RequestError
from methods.glcic.networks import SKIPS, Generator, bound


class FastGenerator(nn.Module):
    """A generator for inference on visible images and holes in the project's conventions."""

    def __init__(self, generator: Generator, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.config, self.dtype = generator.config, dtype
        if self.config.mean is None:
            raise RequestError(
                "the checkpoint has no mean colour; give GLCIC-PyTorch's config.json"
            )
        generator = copy.deepcopy(generator).float().eval()
        self.fused = self.config.order == "conv-bn-relu"
        convs = list(generator.convs)
        if self.fused:
            convs[:-1] = [fuse(c, n) for c, n in zip(convs[:-1], generator.norms, strict=True)]
        convs[0] = fold_fill(convs[0], self.config.mean, signed=self.config.output == "clamp")
        self.convs = nn.ModuleList(convs)
        self.norms = nn.ModuleList([] if self.fused else generator.norms)
        self.to(dtype).to(memory_format=torch.channels_last).requires_grad_(False)

    def forward(self, visible: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
        """Return the network's output in [0, 1], float32 (N, 3, H, W).

        visible: (N, 3, H, W) in [0, 1], 0 in the hole.  hole: bool (N, 1, H, W).
        """
        signed = self.config.output == "clamp"
        known = (visible * 2 - 1).masked_fill(hole, 0) if signed else visible
        x = torch.cat([known, hole.to(known.dtype)], dim=1)
        x = x.to(dtype=self.dtype, memory_format=torch.channels_last)
        kept: dict[int, torch.Tensor] = {}
        for index, conv in enumerate(self.convs[:-1]):
            if index in kept:
                x = torch.cat([x, kept.pop(index)], dim=1)
            x = convolve(conv, x).relu_()
            if not self.fused:
                x = self.norms[index](x)
            if self.config.skips and index in SKIPS:
                kept[SKIPS[index]] = x
        out = bound(self.convs[-1](x).float(), self.config.output)
        return (out + 1) / 2 if signed else out


def fuse(conv: nn.Module, norm: nn.Module) -> nn.Module:
    """Return the convolution followed by its BatchNorm as one convolution."""
    if not isinstance(conv, nn.Conv2d | nn.ConvTranspose2d) or not isinstance(norm, nn.BatchNorm2d):
        raise TypeError(f"{type(conv).__name__} and {type(norm).__name__} cannot be fused")
    return fuse_conv_bn_eval(conv, norm, transpose=isinstance(conv, nn.ConvTranspose2d))


def fold_fill(
    conv: nn.Module, mean: tuple[float, float, float], *, signed: bool = False
) -> nn.Module:
    """Return a first convolution that takes 0 under the hole where `conv` takes the mean colour.

    Its hole channel adds what the mean colour would have: w_hole + sum_c mean_c w_c.
    """
    colour = torch.tensor(mean) * 2 - 1 if signed else torch.tensor(mean)
    folded = copy.deepcopy(conv)
    weight = folded.get_parameter("weight").data
    weight[:, 3] += (weight[:, :3] * colour[:, None, None]).sum(dim=1)
    return folded


def convolve(conv: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Apply a convolution, leaving out the taps that see nothing but padding."""
    if not isinstance(conv, nn.Conv2d) or conv.dilation[0] == 1:
        return conv(x)
    if conv.dilation[0] >= max(x.shape[-2:]):
        # All taps but the middle one fall outside of the map.
        return functional.conv2d(x, conv.weight[:, :, 1:2, 1:2], conv.bias)
    return conv(x)
