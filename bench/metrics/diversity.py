"""Diversity of a stochastic method: how far apart its samples for one image and hole are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api import RequestError
from bench.api.pairs import ImagePair, Picture
from bench.metrics.levels import check_side, levels

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Diversity:
    """Mean pairwise LPIPS (AlexNet) between the K samples of one image and hole.

    Over the K (K - 1) / 2 pairs (as BicycleGAN, Zhu et al. 2017, and PUT compute it); 0 for a
    deterministic method.  A set's diversity is the mean over its images.
    """

    name: ClassVar[str] = "diversity"
    version: ClassVar[str] = "2"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = True

    def assets(self) -> Mapping[str, str]:
        """Return the pinned sha256 of the trunk."""
        from bench.metrics.lpips import LPIPS

        return LPIPS().assets()

    def over_samples(self, samples: torch.Tensor) -> float:
        """Return the mean over pairs, at least 0.

        samples: (K, 3, H, W), exact multiples of 1/255.  Raises RequestError for K < 2 or below
        31 pixels.
        """
        from itertools import combinations

        from bench.metrics.lpips import SMALLEST, distances

        if samples.ndim != 4 or samples.shape[1] != 3 or len(samples) < 2:
            raise RequestError(
                f"Diversity needs at least 2 samples (K, 3, H, W) of one image, not "
                f"{tuple(samples.shape)}: run with --samples K."
            )
        check_side(samples, SMALLEST, "LPIPS's trunk halves it several times")
        apart = distances(list(combinations(levels(samples), 2)), "alex")
        return sum(apart) / len(apart)


@dataclass(frozen=True)
class DiversityHole:
    """Mean pairwise spatial LPIPS (AlexNet) between the K samples, over the hole's pixels.

    Diversity of whole images falls with the hole; this does not.
    """

    name: ClassVar[str] = "diversity_hole"
    version: ClassVar[str] = "2"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = True

    def assets(self) -> Mapping[str, str]:
        """Return the pinned sha256 of the trunk."""
        return Diversity().assets()

    def over_posterior(
        self, samples: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> float:
        """Return the mean over pairs, at least 0; raises RequestError for K < 2."""
        from itertools import combinations

        from bench.metrics.lpips import LPIPSHole

        if samples.ndim != 4 or len(samples) < 2:
            raise RequestError(
                f"Diversity needs at least 2 samples (K, 3, H, W) of one image, not "
                f"{tuple(samples.shape)}: run with --samples K."
            )
        pictures = [Picture(image) for image in levels(samples)]
        pairs = [ImagePair(x, y, hole) for x, y in combinations(pictures, 2)]
        apart = LPIPSHole().of_pairs(pairs)
        return sum(apart) / len(apart)
