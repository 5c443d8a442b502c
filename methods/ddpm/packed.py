"""Convolutions on the CPU whose weights are laid out for oneDNN once, not at every call.

torch hands oneDNN the weights as they are stored, and oneDNN copies them into the blocked layout
of its kernels each time: 5% of the time of the 25.1 M network at 64x64, batch 4, in float32.
The operators used here are those that torch's own compiler emits; where they are missing, or the
processor lacks the instructions that they need, the plain convolution stays.
For inference alone: the stored weights are given up.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from methods.common import processor


class PackedConv(nn.Module):
    """A convolution that packs its weights at the first call on a CPU."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        if conv.padding_mode != "zeros" or isinstance(conv.padding, str):
            raise ValueError("only convolutions padded with a number of zeros can be packed")
        self.stride, self.padding = list(conv.stride), list(conv.padding)
        self.dilation, self.groups = list(conv.dilation), conv.groups
        self.conv: nn.Conv2d | None = conv
        self.bias = conv.bias
        self.weight: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) to (N, C', H', W'), equal to the original convolution up to rounding."""
        if self.weight is None:
            assert self.conv is not None
            if not packable(x):
                return self.conv(x)
            self.weight = self._packed(self.conv.weight.detach(), x)
            self.conv = None
        settings = self.padding, self.stride, self.dilation, self.groups
        return torch.ops.mkldnn._convolution_pointwise(
            x, self.weight, self.bias, *settings, "none", [], ""
        )

    def _packed(self, weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the weights in the layout that oneDNN chooses for inputs of x's shape."""
        settings = self.padding, self.stride, self.dilation, self.groups
        reorder: Callable[..., torch.Tensor] = torch._C._nn.mkldnn_reorder_conv2d_weight
        return reorder(weight.to_mkldnn(), *settings, list(x.shape))


def packable(x: torch.Tensor) -> bool:
    """Return whether x is on a CPU whose oneDNN takes packed weights of its dtype."""
    return x.device.type == "cpu" and processor.packs(x.dtype)


def pack(network: nn.Module) -> None:
    """Replace every 2-d convolution of a network in place."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Conv2d):
                setattr(module, name, PackedConv(child))
