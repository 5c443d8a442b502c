"""LPIPS (Zhang et al. 2018), version 0.1: how far apart a trunk's features of two images are.

Weights are those of the official package, trunks those of torchvision.  What a network computes of
a pair is kept in it: `lpips` and `lpips_hole` come from one pass, `lpips_up64` is `lpips` from 64
pixels on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api.pairs import ImagePair, Picture
from bench.metrics.levels import check_not_empty, check_side
from bench.metrics.pairwise import Pairwise

if TYPE_CHECKING:
    import torch

SMALLEST = 31
ENLARGED = 64


class _LPIPS(Pairwise):
    """What the four metrics share: one value per image, at least 0, lower is better."""

    version: ClassVar[str] = "2"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False
    net: ClassVar[str] = "alex"
    smallest: ClassVar[int] = SMALLEST
    enlarged: ClassVar[int] = 0

    def assets(self) -> Mapping[str, str]:
        """Return the pinned sha256 of the trunk and of the weights of its channels."""
        from bench.assets import weights
        from bench.metrics.perceptual import HEADS, WEIGHTS

        return {name: weights.pinned(name) for name in (WEIGHTS[self.net], HEADS)}

    def of_pairs(self, pairs: Sequence[ImagePair], device: str = "cpu") -> list[float]:
        """Return a number per pair; raises RequestError below `smallest` pixels."""
        from bench.metrics.layer_maps import layer_maps

        for pair in pairs:
            self.check(pair)
        maps = layer_maps(pairs, self.net, device, self.enlarged)
        return [self.reduced(m, pair.hole) for m, pair in zip(maps, pairs, strict=True)]

    def check(self, pair: ImagePair) -> None:
        """Raise RequestError for a pair that has no such number."""
        check_side(pair.hole, self.smallest, "LPIPS's trunk halves it several times")

    def reduced(self, maps: Sequence[torch.Tensor], hole: torch.Tensor) -> float:
        """Return the number of the five maps (h, w) of a pair."""
        return mean_over_places(maps)


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
    version: ClassVar[str] = "3"
    net: ClassVar[str] = "vgg"


@dataclass(frozen=True)
class LPIPSUp64(_LPIPS):
    """LPIPS (AlexNet) after nearest-neighbour enlargement of the short side to 64 pixels.

    For images below 64 pixels, whose own LPIPS feature maps shrink to one pixel; images of 64
    pixels and more are scored as they are.
    """

    name: ClassVar[str] = "lpips_up64"
    smallest: ClassVar[int] = 1
    enlarged: ClassVar[int] = ENLARGED


@dataclass(frozen=True)
class LPIPSHole(_LPIPS):
    """Spatial LPIPS (AlexNet) averaged over the hole's pixels.

    Each layer's map is enlarged bilinearly to the image and summed (the package's spatial=True).
    """

    name: ClassVar[str] = "lpips_hole"

    def check(self, pair: ImagePair) -> None:
        """Raise RequestError below 31 pixels or without a hole."""
        check_not_empty(pair.hole[None])
        super().check(pair)

    def reduced(self, maps: Sequence[torch.Tensor], hole: torch.Tensor) -> float:
        """Return the mean over the hole (1, H, W) of the maps enlarged to it."""
        from torch.nn.functional import interpolate

        size = tuple(hole.shape[-2:])
        large = [interpolate(m[None, None], size=size, mode="bilinear")[0] for m in maps]
        return float(sum(large[1:], large[0])[hole].double().mean())


def mean_over_places(maps: Sequence[torch.Tensor]) -> float:
    """Return the LPIPS of a pair by its five maps (h, w)."""
    return sum(float(m.double().mean()) for m in maps)


def distances(pairs: Sequence[tuple[torch.Tensor, torch.Tensor]], net: str) -> list[float]:
    """Return the LPIPS of each pair; net: "alex" or "vgg".

    pairs: of uint8 levels (3, H, W), at least 31x31, all of one size.  An image that occurs in
    several pairs, the same object, goes through the trunk once.
    """
    from bench.metrics.layer_maps import apart, unit_features
    from bench.metrics.perceptual import load_network

    images = {id(image): image for pair in pairs for image in pair}
    features = unit_features([Picture(image) for image in images.values()], net)
    features_of = dict(zip(images, features, strict=True))
    network = load_network(net)
    return [
        mean_over_places(apart(network, features_of[id(x)], features_of[id(y)])) for x, y in pairs
    ]


def weighted_features(images: Sequence[torch.Tensor]) -> list[list[torch.Tensor]]:
    """Return AlexNet's five maps (C, h, w) of each uint8 (3, H, W), float64, as LPIPS weighs them.

    Unit length over the channels at each place, times the square roots of LPIPS's weights: the
    squared difference of two images' maps, averaged over places and summed, is their LPIPS.
    """
    from bench.metrics.layer_maps import unit_features
    from bench.metrics.perceptual import load_network

    heads = [head.sqrt().view(-1, 1, 1) for head in load_network("alex").heads()]
    features = unit_features([Picture(image) for image in images], "alex")
    return [[(m * h).double() for m, h in zip(maps, heads, strict=True)] for maps in features]
