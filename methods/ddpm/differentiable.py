"""A network for gradients with respect to its input: float32, its layers as they were trained.

The layout for inference overwrites activations in place and hands its weights to kernels without
a backward pass.
"""

from __future__ import annotations

import torch
from torch import nn

from bench.api.memory import keep_freed_memory


def differentiable(network: nn.Module, device: str) -> nn.Module:
    """Return the network on a device, ready for gradients of its input.

    Its parameters have none: a backward pass without theirs costs about a forward pass, with them
    two.
    """
    if torch.device(device).type == "cpu":
        keep_freed_memory()
    ready = network.to(device, torch.float32).eval().requires_grad_(False)
    return ready.to(memory_format=torch.channels_last)
