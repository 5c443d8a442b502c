"""How a network is laid out for speed: channels_last, and bfloat16 where that pays."""

from __future__ import annotations

import torch
from torch import nn

from methods.common import processor
from methods.ddpm.inference import faster
from methods.ddpm.unet import UNet

# Smaller networks stay in float32: they are fast enough, and their results are then the same, but
# for float32's rounding, on CPUs with and without bfloat16.  (precision=bf16 takes .7x the time of
# float32 for 1.2 M parameters at 32x32, .6x for 1.9 M at 64x64, batch 32, one thread.)
WORTH_BF16 = 10_000_000


class Halved(nn.Module):
    """Calls a bfloat16 network with float32 images and returns float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Map (N, C, H, W), t (N,) and labels to the network's output in float32."""
        half = x.to(torch.bfloat16, memory_format=torch.channels_last)
        more = () if labels is None else (labels,)
        return self.network(half, t, *more).float()


def prepared(network: nn.Module, device: str, precision: str) -> nn.Module:
    """Return the network on a device, changed for inference; its input and output are float32."""
    small = sum(p.numel() for p in network.parameters()) < WORTH_BF16
    dtype = processor.choose("fp32" if precision == "auto" and small else precision, device)
    if isinstance(network, UNet):
        faster(network)
    ready = network.to(device, dtype).eval().requires_grad_(False)
    ready = ready.to(memory_format=torch.channels_last)
    return Halved(ready) if dtype == torch.bfloat16 else ready
