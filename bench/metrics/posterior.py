"""How well the K samples of an image represent what the hole may hold, given the truth.

All are of the hole's values: the others are the target's.  Run with --samples K.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api import RequestError
from bench.metrics.levels import check_not_empty, check_side, level_pairs

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LPIPSBest:
    """LPIPS (AlexNet) of the best of the K samples: an oracle's choice, which no method can make.

    Papers print it as diverse inpainting's quality; report the mean, `lpips`, beside it.
    The page of `bench leaderboard` draws the whole curve over k.
    """

    name: ClassVar[str] = "lpips_best"
    version: ClassVar[str] = "2"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False

    def assets(self) -> Mapping[str, str]:
        """Return the pinned sha256 of the trunk."""
        return _trunk()

    def over_posterior(
        self, samples: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> float:
        """Return the least distance of a sample to the target, at least 0."""
        from bench.metrics.lpips import SMALLEST, distances

        ours, theirs = _levels(samples, target, hole)
        check_side(samples, SMALLEST, "LPIPS's trunk halves it several times")
        return min(distances([(x, theirs) for x in ours], "alex"))


@dataclass(frozen=True)
class Coverage:
    """Share of the truth that lies within the samples' range, less the nominal (K - 1)/(K + 1).

    0 where the samples are as probable as the truth, negative where they vary too little
    (Talagrand's rank histogram, its two end bins).  A truth equal to samples counts by the share of
    its possible ranks that lie inside.
    """

    name: ClassVar[str] = "coverage"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = True

    def over_posterior(
        self, samples: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> float:
        """Return the difference, in [-1, 1)."""
        x, y = _inside(samples, target, hole)
        return covered(x, y, 1) - (len(x) - 1) / (len(x) + 1)


@dataclass(frozen=True)
class CRPS:
    """Continuous ranked probability score of the hole's values, in percent of the range.

    mean |X - y| - sum |X_i - X_j| / (2 K (K - 1)) (Gneiting and Raftery 2007, the fair form of
    Ferro 2014): sigma / sqrt(pi) in the mean for a calibrated normal, |X - y| for one answer.
    """

    name: ClassVar[str] = "crps"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = False

    def over_posterior(
        self, samples: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> float:
        """Return the mean over the hole's values, at most 100."""
        return crps(*_inside(samples, target, hole)) / 255 * 100


@dataclass(frozen=True)
class CRPSFeatures:
    """CRPS of the features of LPIPS's AlexNet, as LPIPS weighs them: texture, not single pixels.

    Each of the five layers' maps has unit length over its channels at every place; the scores are
    summed over channels with the square roots of LPIPS's weights, averaged over places and summed
    over layers.  Whole images, which differ in and around the hole alone.
    """

    name: ClassVar[str] = "crps_lpips"
    version: ClassVar[str] = "2"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False

    def assets(self) -> Mapping[str, str]:
        """Return the pinned sha256 of the trunk."""
        return _trunk()

    def over_posterior(
        self, samples: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> float:
        """Return the sum over layers."""
        import torch

        from bench.metrics.lpips import SMALLEST, weighted_features

        ours, theirs = _levels(samples, target, hole)
        check_side(samples, SMALLEST, "LPIPS's trunk halves it several times")
        *each, truth = weighted_features([*ours, theirs])
        total = 0.0
        for layer, y in enumerate(truth):
            x = torch.stack([features[layer] for features in each])
            total += crps(x, y) * y.shape[0]
        return total


def crps(x: torch.Tensor, y: torch.Tensor) -> float:
    """Return the mean fair CRPS.  x: (K, ...), K >= 2.  y: (...)."""
    import torch

    k = len(x)
    ordered = x.double().sort(0).values
    # Sum over pairs of |x_i - x_j| from the order statistics: rank r counts 2 r - K - 1 times.
    rank = torch.arange(1, k + 1).double().reshape(-1, *[1] * y.ndim)
    pairs = ((2 * rank - k - 1) * ordered).sum(0) * 2
    return float(((x.double() - y).abs().mean(0) - pairs / (2 * k * (k - 1))).mean())


def covered(x: torch.Tensor, y: torch.Tensor, i: int) -> float:
    """Return the share of y between the i-th least and the i-th greatest of x (K, ...).

    Calibrated samples cover (K + 1 - 2 i) / (K + 1).  Ties: see Coverage.
    """
    k = len(x)
    below, equal = (x < y).sum(0), (x == y).sum(0)
    # The rank of y is below, ..., below + equal; inside are i, ..., K - i.
    least, most = below.clamp(min=i), (below + equal).clamp(max=k - i)
    return float(((most - least + 1).clamp(min=0).double() / (equal + 1)).mean())


def _levels(
    samples: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the levels of the samples (K, 3, H, W) and of the target (3, H, W)."""
    if samples.ndim != 4 or len(samples) < 2:
        raise RequestError(
            f"This metric needs at least 2 samples (K, 3, H, W) of one image, not "
            f"{tuple(samples.shape)}: run with --samples K."
        )
    many = target.expand_as(samples), hole.expand_as(samples[:, :1])
    ours, theirs = level_pairs(samples, *many)
    check_not_empty(hole[None])
    return ours, theirs[0]


def _inside(
    samples: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the hole's levels of the samples (K, n) and of the target (n,)."""
    ours, theirs = _levels(samples, target, hole)
    inside = hole.expand_as(theirs)
    return ours[:, inside].long(), theirs[inside].long()


def _trunk() -> Mapping[str, str]:
    from bench.metrics.lpips import LPIPS

    return LPIPS().assets()
