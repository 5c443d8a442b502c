"""The networks of LPIPS (Zhang et al. 2018), version 0.1: a trunk and the weights of its channels.

The trunks are torchvision's AlexNet and VGG16 up to their last convolution; LPIPS reads the five
maps after the ReLUs named here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import torch
from torch import nn
from torch.nn import functional as F

from bench.metrics.convolution import ConvReLU
from bench.metrics.winograd import WinogradConvReLU

WEIGHTS = {"alex": "lpips-alexnet", "vgg": "lpips-vgg16"}
HEADS = "lpips-heads"
# LPIPS's ScalingLayer, of images in [-1, 1].
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)


@dataclass(frozen=True)
class _Layer:
    """A convolution of torchvision's `features`, by index.

    pool: side of the max-pooling window before it, stride 2, 0 = none.  read: by LPIPS.
    winograd: 3x3 over enough channels for Winograd's filtering to gain.
    """

    index: int
    stride: int = 1
    padding: int = 1
    pool: int = 0
    read: bool = True
    winograd: bool = False


_Wide = partial(_Layer, winograd=True)
TRUNKS = {
    "alex": (
        *(_Layer(0, stride=4, padding=2), _Layer(3, padding=2, pool=3)),
        *(_Layer(6, pool=3), _Layer(8), _Layer(10)),
    ),
    "vgg": (
        *(_Layer(0, read=False), _Layer(2)),
        *(_Wide(5, pool=2, read=False), _Wide(7)),
        *(_Wide(10, pool=2, read=False), _Wide(12, read=False), _Wide(14)),
        *(_Wide(17, pool=2, read=False), _Wide(19, read=False), _Wide(21)),
        *(_Wide(24, pool=2, read=False), _Wide(26, read=False), _Wide(28)),
    ),
}


class PerceptualNetwork(nn.Module):
    """A trunk with the weights of its five maps' channels; net: "alex" or "vgg"."""

    def __init__(self, net: str) -> None:
        super().__init__()
        from safetensors.torch import load_file

        from bench.assets import weights

        trunk, heads = (load_file(weights.require(name)) for name in (WEIGHTS[net], HEADS))
        self.layers = TRUNKS[net]
        self.convolutions = nn.ModuleList(
            _convolution(layer, *(trunk[f"features.{layer.index}.{p}"] for p in ("weight", "bias")))
            for layer in self.layers
        )
        for number in range(5):
            self.register_buffer(f"head{number}", heads[f"{net}.{number}"])
        self.register_buffer("shift", torch.tensor(SHIFT).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(SCALE).view(1, 3, 1, 1))

    def heads(self) -> list[torch.Tensor]:
        """Return the weights of each map's channels, (C,), none negative."""
        return [self.get_buffer(f"head{number}") for number in range(5)]

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the five maps (N, C, h, w), of unit length over the channels at each place.

        images: (N, 3, H, W) in [-1, 1], at least 31x31.
        """
        x = (images - self.get_buffer("shift")) / self.get_buffer("scale")
        x = x.contiguous(memory_format=torch.channels_last)
        maps = []
        for layer, convolution in zip(self.layers, self.convolutions, strict=True):
            x = F.max_pool2d(x, layer.pool, 2) if layer.pool else x
            x = convolution(x)
            if layer.read:
                length = x.square().sum(1, keepdim=True).sqrt_().add_(1e-10)
                maps.append(x / length)
        return maps


def _convolution(layer: _Layer, weight: torch.Tensor, bias: torch.Tensor) -> ConvReLU:
    if layer.winograd:
        return WinogradConvReLU(weight, bias)
    padding = (layer.padding, layer.padding)
    return ConvReLU(weight, bias, stride=layer.stride, padding=padding)


@lru_cache(maxsize=4)
def load_network(net: str, device: str = "cpu") -> PerceptualNetwork:
    """Return a network, kept for the process's life; net: "alex" or "vgg".

    Raises RequestError when the trunk cannot be had.
    """
    network = PerceptualNetwork(net).requires_grad_(False).eval()
    return network.to(device) if device != "cpu" else network
