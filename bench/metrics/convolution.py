"""A convolution and its ReLU for inference: the networks of LPIPS and FID consist of these.

On a CPU oneDNN gets the weights in the layout of its kernels, packed once for a size of images, and
applies the ReLU itself; where torch or the processor has no such operator, and on a GPU, both are
plain calls.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import torch
from torch import nn
from torch.nn import functional as F

# Sizes of images that weights stay packed for.  Those packed for another size are packed anew in
# every call: AlexNet then takes four times as long.
SIZES = 2


class ConvReLU(nn.Module):
    """max(0, w * x + b).

    weight: (C', C, h, w).  bias: (C',).  Images come and go as (N, C, H, W) in channels_last
    memory; a row does not depend on the others.
    """

    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(
        self, weight: torch.Tensor, bias: torch.Tensor, *, stride: int, padding: tuple[int, int]
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight.contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", bias)
        self.stride, self.padding = [stride, stride], list(padding)
        self._packed: dict[torch.Size, torch.Tensor] = {}
        self._packs = True

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, C', H', W')."""
        if x.device.type == "cpu" and self._packs:
            with suppress(RuntimeError, AttributeError):  # oneDNN refuses, or torch has none of it
                return self._fused(x)
            self._packs = False
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding).relu_()

    def _fused(self, x: torch.Tensor) -> torch.Tensor:
        settings = self.padding, self.stride, [1, 1], 1
        size = x.shape[-2:]
        if size not in self._packed:
            if len(self._packed) == SIZES:
                del self._packed[next(iter(self._packed))]
            reorder: Callable[..., torch.Tensor] = torch._C._nn.mkldnn_reorder_conv2d_weight
            self._packed[size] = reorder(self.weight.to_mkldnn(), *settings, list(x.shape))
        rectified: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, self._packed[size], self.bias, *settings, "relu", [], ""
        )
        return rectified
