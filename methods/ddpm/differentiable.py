"""A network for gradients with respect to its input: float32, its layers as they were trained.

The layout for inference overwrites activations in place and hands its weights to kernels without
a backward pass.
"""

from __future__ import annotations

import ctypes

import torch
from torch import nn

# mallopt's parameters, of glibc's <malloc.h>.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def differentiable(network: nn.Module, device: str) -> nn.Module:
    """Return the network on a device, ready for gradients of its input.

    Its parameters have none: a backward pass without theirs costs about a forward pass, with them
    two.
    """
    if torch.device(device).type == "cpu":
        keep_freed_memory()
    ready = network.to(device, torch.float32).eval().requires_grad_(False)
    return ready.to(memory_format=torch.channels_last)


def keep_freed_memory() -> bool:
    """Let this process keep what a backward pass frees, for the next; return whether it could.

    glibc gives freed memory back to the system, which then clears every page of the activations
    anew at each step: a tenth of a gradient's time.  Other C libraries are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(mallopt(which, 2**30) == 1 for which in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD))
