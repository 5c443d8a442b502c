"""Frechet Inception distance (Heusel et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api import ImageSet, RequestError
from bench.metrics.features import InceptionFeatures

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class FID(InceptionFeatures):
    """Frechet Inception distance (Heusel et al. 2017) between outputs and targets.

    |mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) of 2,048-d features of the Inception of
    2015-12-05, covariances over N - 1, as torch-fidelity computes it.  Biased for small N: never
    print it without N, and below 2,048 images with a warning.
    """

    name: ClassVar[str] = "fid"
    version: ClassVar[str] = "2"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False

    def over_sets(self, outputs: ImageSet, targets: ImageSet) -> float:
        """Return the distance, at least 0 up to rounding; RequestError below 2 images per set."""
        from bench.metrics.features import inception_features

        if min(len(outputs), len(targets)) < 2:
            raise RequestError(
                f"FID needs at least 2 images per set, not {len(outputs)} and {len(targets)}."
            )
        return frechet_distance(inception_features(outputs), inception_features(targets))


def frechet_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Return the distance of normal distributions fitted to features (N, D), (N', D) (eq. 6)."""
    import numpy as np

    apart = x.mean(0) - y.mean(0)
    ours, theirs = (np.cov(features, rowvar=False) for features in (x, y))
    # The trace of a root of S1 S2; its eigenvalues are real and at least 0 but for rounding.
    roots = np.sqrt(np.linalg.eigvals(ours @ theirs).astype(complex))
    return float(apart @ apart + np.trace(ours) + np.trace(theirs) - 2 * roots.sum().real)
