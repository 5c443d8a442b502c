"""LPIPS (Zhang et al. 2018), version 0.1, by the official `lpips` package.

The package carries the linear heads; the trunk is torchvision's, taken from `bench.assets.weights`.
The network is loaded once per process and kept (`load_network`); images are scored one at a time,
so a score does not depend on the batch.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from bench.metrics.levels import check_not_empty, check_side, level_pairs

if TYPE_CHECKING:
    import torch

SMALLEST = 31
WEIGHTS = {"alex": "lpips-alexnet", "vgg": "lpips-vgg16"}


class _LPIPS:
    """What the four metrics share: one value per image, at least 0, lower is better."""

    version: ClassVar[str] = "1"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False
    net: ClassVar[str] = "alex"
    smallest: ClassVar[int] = SMALLEST

    def assets(self) -> Mapping[str, str]:
        """Return the pinned sha256 of the trunk."""
        from bench.assets import weights

        return {WEIGHTS[self.net]: weights.pinned(WEIGHTS[self.net])}

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,); raises RequestError for images below `smallest` pixels."""
        import torch

        ours, theirs = level_pairs(output, target, hole)
        check_side(output, self.smallest, "LPIPS's trunk halves it several times")
        return torch.stack([self._score(*image) for image in zip(ours, theirs, hole, strict=True)])

    def _score(self, x: torch.Tensor, y: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
        """Score one image: uint8 levels x, y (3, H, W), hole (1, H, W)."""
        return distance(x, y, self.net)


@dataclass(frozen=True)
class LPIPS(_LPIPS):
    """Learned perceptual distance (Zhang et al. 2018), AlexNet, version 0.1.

    Input in [-1, 1], whole image.  Below 31 pixels it is an error; below 64 the feature maps are
    7, 3, 1, 1 and 1 pixels wide: rest claims about 32x32 images on `lpips_up64`.
    """

    name: ClassVar[str] = "lpips"


@dataclass(frozen=True)
class LPIPSVGG(_LPIPS):
    """Learned perceptual distance (Zhang et al. 2018), VGG16, version 0.1: LaMa's protocol.

    Input in [-1, 1], whole image.  The trunk (59 MB) is fetched on demand.
    """

    name: ClassVar[str] = "lpips_vgg"
    net: ClassVar[str] = "vgg"


@dataclass(frozen=True)
class LPIPSUp64(_LPIPS):
    """LPIPS (AlexNet) after nearest-neighbour enlargement of the short side to 64 pixels.

    For images below 64 pixels, whose own LPIPS feature maps shrink to one pixel; images of 64
    pixels and more are scored as they are.
    """

    name: ClassVar[str] = "lpips_up64"
    smallest: ClassVar[int] = 1

    def _score(self, x: torch.Tensor, y: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
        return distance(_enlarged(x), _enlarged(y), self.net)


@dataclass(frozen=True)
class LPIPSHole(_LPIPS):
    """Spatial LPIPS (AlexNet) averaged over the hole's pixels.

    Each layer's map is enlarged bilinearly to the image and summed (the package's spatial=True).
    """

    name: ClassVar[str] = "lpips_hole"

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,); raises RequestError below 31 pixels or without a hole."""
        check_not_empty(hole)
        return super().__call__(output, target, hole)

    def _score(self, x: torch.Tensor, y: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
        import torch

        with torch.inference_mode():
            network = load_network(self.net, spatial=True)
            spatial: torch.Tensor = network(_signed(x), _signed(y))
        return spatial[0].double()[hole].mean()


def distance(x: torch.Tensor, y: torch.Tensor, net: str) -> torch.Tensor:
    """Return the LPIPS of two images as a float64 scalar.

    x, y: uint8 levels (3, H, W), at least 31x31.  net: "alex" or "vgg".
    """
    import torch

    with torch.inference_mode():
        score: torch.Tensor = load_network(net)(_signed(x), _signed(y))
    return score.double().reshape(())


def weighted_features(x: torch.Tensor) -> list[torch.Tensor]:
    """Return AlexNet's five maps (C, H, W) of uint8 (3, H, W), float64, as LPIPS weighs them.

    Unit length over the channels at each place, times the square roots of LPIPS's weights: the
    squared difference of two images' maps, averaged over places and summed, is their LPIPS.
    """
    import torch

    network = load_network("alex")
    with torch.inference_mode():
        maps = network.net(network.scaling_layer(_signed(x)))
        found = []
        for features, head in zip(maps, network.lins, strict=True):
            unit = features / (features.square().sum(1, keepdim=True).sqrt() + 1e-10)
            found.append((unit * head.model[-1].weight.clamp(min=0).sqrt())[0].double())
    return found


@lru_cache(maxsize=4)
def load_network(net: str, spatial: bool = False) -> Any:
    """Return the package's network with the real trunk, kept for the process's life (CPU, eval).

    net: "alex" or "vgg".  Raises RequestError when the trunk cannot be had.
    """
    import torch
    from safetensors.torch import load_file

    from bench.assets import weights

    trunk = load_file(weights.require(WEIGHTS[net]))
    # The package draws the trunk at random first: the caller's random stream must not notice.
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # lpips 0.1.4 calls torchvision by its deprecated arguments.
        warnings.filterwarnings("ignore", module="torchvision")
        import lpips

        network = lpips.LPIPS(
            net=net, version="0.1", pnet_rand=True, spatial=spatial, verbose=False
        )
    # slice2.3.weight holds what torchvision calls features.3.weight.
    network.net.load_state_dict(
        {name: trunk["features." + name.partition(".")[2]] for name in network.net.state_dict()}
    )
    return network.requires_grad_(False)


def _signed(image: torch.Tensor) -> torch.Tensor:
    """Return float32 (1, 3, H, W) in [-1, 1] of uint8 (3, H, W)."""
    return image[None].float() / 127.5 - 1


def _enlarged(image: torch.Tensor) -> torch.Tensor:
    """Enlarge uint8 (3, H, W) by nearest neighbour until its short side has 64 pixels."""
    from torch.nn.functional import interpolate

    height, width = image.shape[-2:]
    short = min(height, width)
    if short >= 64:
        return image
    size = (round(height * 64 / short), round(width * 64 / short))
    return interpolate(image[None], size=size, mode="nearest-exact")[0]
