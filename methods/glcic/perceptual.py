"""A perceptual loss: the distance of two images in the maps of VGG-16 (Johnson et al. 2016, eq. 2).

It uses torchvision's VGG-16 as a file of safetensors (`bench weights --fetch lpips-vgg16` tells its
path).  The trunk is that of the metric lpips_vgg, which therefore says nothing about a network
trained with this term; LPIPS on AlexNet and FID use other networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from bench.api import RequestError

# torchvision's numbers of the convolutions, up to the last map of each resolution: relu1_2,
# relu2_2, relu3_3; max pooling lies between the groups.
GROUPS = ((0, 2), (5, 7), (10, 12, 14))
_CHANNELS = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128)}
_CHANNELS |= {10: (128, 256), 12: (256, 256), 14: (256, 256)}
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Vgg16(nn.Module):
    """The first seven convolutions of VGG-16 (Simonyan and Zisserman 2015), frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.std: torch.Tensor
        self.features = nn.ModuleDict(
            {str(k): nn.Conv2d(*channels, 3, padding=1) for k, channels in _CHANNELS.items()}
        )
        self.register_buffer("mean", torch.tensor(_MEAN).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Return relu1_2, relu2_2 and relu3_3 of images (N, 3, H, W) in [0, 1], H and W from 4."""
        x, maps = (image - self.mean) / self.std, []
        for index, group in enumerate(GROUPS):
            if index:
                x = functional.max_pool2d(x, 2)
            for number in group:
                x = functional.relu(self.features[str(number)](x))
            maps.append(x)
        return maps


def load_vgg16(path: Path) -> Vgg16:
    """Read the network from torchvision's tensors as safetensors; RequestError for other files."""
    network = Vgg16()
    try:
        tensors = load_file(path)
        weights = {name: tensors[name] for name in network.state_dict()}
        network.load_state_dict(weights)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise RequestError(
            f"perceptual_weights={path}: {type(error).__name__}; allowed: torchvision's VGG-16 as "
            "safetensors, whose path `bench weights --fetch lpips-vgg16` prints"
        ) from error
    return network.requires_grad_(False).to(memory_format=torch.channels_last)


def perceptual_loss(output: Sequence[torch.Tensor], target: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the mean over the maps of the mean absolute difference, a scalar."""
    pairs = zip(output, target, strict=True)
    return torch.stack([functional.l1_loss(a.float(), b.float()) for a, b in pairs]).mean()
