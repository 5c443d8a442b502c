"""The global and the local discriminator of GLCIC (Iizuka et al. 2017, section 3.3).

Each looks at its part through strided 5x5 convolutions down to a 4x4 map and gives a vector; the
vectors together give one logit.
"""

from __future__ import annotations

import itertools
from typing import Literal

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrize import register_parametrization

DiscriminatorNorm = Literal["batch", "spectral"]


class Branch(nn.Module):
    """A discriminator's trunk: log2(side) - 2 strided 5x5 convolutions to a 4x4 map, then a vector.

    side: of the square input.  norm: "batch" is the paper's, with ReLU as GLCIC-PyTorch and MMagic
    have it; "spectral" bounds every layer's norm and goes with a leaky ReLU of slope .2.
    Larger inputs are taken, too: the last map is averaged down to the size that `side` gives.
    """

    def __init__(self, side: int, width: int, features: int, norm: DiscriminatorNorm) -> None:
        super().__init__()
        count = strided_convolutions(side)
        channels = [3, *(width * min(2**index, 8) for index in range(count))]
        self.convs = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 5, stride=2, padding=2)
            for inputs, outputs in itertools.pairwise(channels)
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(outputs) if norm == "batch" else nn.Identity()
            for outputs in channels[1:]
        )
        self.slope = 0.0 if norm == "batch" else 0.2
        for _ in range(count):
            side = (side + 1) // 2
        self.last_side = side
        self.linear = nn.Linear(channels[-1] * side * side, features)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return the vector (N, features) and the map after each convolution."""
        maps = []
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = functional.leaky_relu(norm(conv(x)), self.slope)
            maps.append(x)
        if max(x.shape[-2:]) > self.last_side:
            x = functional.adaptive_avg_pool2d(x, self.last_side)
        return functional.leaky_relu(self.linear(x.flatten(1)), self.slope), maps


def strided_convolutions(side: int) -> int:
    """Return how many strided convolutions bring `side` to 4: log2(side) - 2, rounded down."""
    return max(side.bit_length() - 3, 1)


class Discriminator(nn.Module):
    """The context discriminator: global and local vectors, concatenated to one logit (section 3.3).

    side: of the training images; the local crop has half of it.  width: channels of the first
    convolution (the paper's is 64), doubled by each until 8 x width.
    """

    def __init__(
        self,
        side: int,
        width: int = 64,
        features: int = 1024,
        norm: DiscriminatorNorm = "batch",
    ) -> None:
        super().__init__()
        self.whole = Branch(side, width, features, norm)
        self.crop = Branch(side // 2, width, features, norm)
        self.logit = nn.Linear(2 * features, 1)
        if norm == "spectral":
            for module in self.modules():
                if isinstance(module, nn.Conv2d | nn.Linear):
                    register_parametrization(module, "weight", SpectralNorm(len(module.weight)))

    def forward(
        self, image: torch.Tensor, crop: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return the logit of "real" (N,) and all maps, for feature matching.

        image: the composited image (N, 3, S, S).  crop: the part around the hole (N, 3, S/2, S/2).
        """
        whole, whole_maps = self.whole(image)
        crop_vector, crop_maps = self.crop(crop)
        joined = torch.cat([whole, crop_vector], dim=1)
        return self.logit(joined)[:, 0], whole_maps + crop_maps


class SpectralNorm(nn.Module):
    """Divide a weight by its largest singular value (Miyato et al. 2018, algorithm 1).

    One power iteration per forward pass in training; the start is a fixed vector, not a random one.
    """

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.left: torch.Tensor
        self.register_buffer("left", torch.full((rows,), rows**-0.5))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """Return weight / sigma(weight), the same shape."""
        matrix = weight.flatten(1)
        with torch.no_grad(), torch.autocast(weight.device.type, enabled=False):
            right = functional.normalize(self.left @ matrix, dim=0)
            left = functional.normalize(matrix @ right, dim=0)
            if self.training:
                self.left.copy_(left)
        return weight / (left * (matrix * right).sum(dim=1)).sum()


def local_crop(image: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Cut the half-size window centred on each hole's bounding box, clamped inside the image.

    image: (N, C, H, W).  hole: bool (N, 1, H, W), not empty.  Returns (N, C, H // 2, W // 2).
    """
    height, width = image.shape[-2:]
    tops = _window_starts(hole.any(dim=3)[:, 0], height // 2)
    lefts = _window_starts(hole.any(dim=2)[:, 0], width // 2)
    rows = tops[:, None] + torch.arange(height // 2, device=image.device)
    columns = lefts[:, None] + torch.arange(width // 2, device=image.device)
    items = torch.arange(len(image), device=image.device)
    # Indexing by (N, 1, 1), (N, h, 1), (N, 1, w) puts the channels last.
    cut = image.permute(0, 2, 3, 1)[items[:, None, None], rows[:, :, None], columns[:, None, :]]
    return cut.permute(0, 3, 1, 2)


def _window_starts(occupied: torch.Tensor, window: int) -> torch.Tensor:
    """Return (N,) starts of windows centred on the occupied span of each row of (N, L)."""
    length = occupied.shape[1]
    positions = torch.arange(length, device=occupied.device)
    first = torch.where(occupied, positions, length).amin(dim=1)
    last = torch.where(occupied, positions, -1).amax(dim=1)
    return ((first + last + 1 - window) // 2).clamp(0, length - window)
