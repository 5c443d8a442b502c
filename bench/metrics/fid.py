"""Frechet Inception distance (Heusel et al. 2017), computed by torch-fidelity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.api import ImageSet, RequestError
from bench.metrics.features import InceptionFeatures


@dataclass(frozen=True)
class FID(InceptionFeatures):
    """Frechet Inception distance (Heusel et al. 2017) between outputs and targets.

    |mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) of 2,048-d features of the Inception of
    2015-12-05, covariances over N - 1, by torch-fidelity.  Biased for small N: never print it
    without N, and below 2,048 images with a warning.
    """

    name: ClassVar[str] = "fid"
    version: ClassVar[str] = "2"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False

    def over_sets(self, outputs: ImageSet, targets: ImageSet) -> float:
        """Return the distance, at least 0 up to rounding; RequestError below 2 images per set."""
        import torch
        from torch_fidelity.metric_fid import (
            KEY_METRIC_FID,
            fid_features_to_statistics,
            fid_statistics_to_metric,
        )

        from bench.metrics.features import inception_features

        if min(len(outputs), len(targets)) < 2:
            raise RequestError(
                f"FID needs at least 2 images per set, not {len(outputs)} and {len(targets)}."
            )
        statistics = [
            fid_features_to_statistics(torch.from_numpy(inception_features(images)))
            for images in (outputs, targets)
        ]
        return float(fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID])
