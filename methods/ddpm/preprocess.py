"""Between the contract's images and the network's: RGB in [0, 1] and channels in [-1, 1]."""

from __future__ import annotations

import torch


def to_network(image: torch.Tensor, channels: int) -> torch.Tensor:
    """Turn (N, 3, H, W) in [0, 1] into (N, channels, H, W) in [-1, 1]; one channel is the mean."""
    return (image if channels == 3 else image.mean(1, keepdim=True)) * 2 - 1


def from_network(x: torch.Tensor) -> torch.Tensor:
    """Turn (N, 1 or 3, H, W) in [-1, 1] into (N, 3, H, W) in [0, 1]."""
    image = ((x + 1) / 2).clamp(0, 1)
    return image if image.shape[1] == 3 else image.expand(-1, 3, -1, -1)
