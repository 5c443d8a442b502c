"""Kernel Inception distance (Binkowski et al. 2018), computed by torch-fidelity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.api import ImageSet, RequestError
from bench.metrics.features import InceptionFeatures


@dataclass(frozen=True)
class KID(InceptionFeatures):
    """Kernel Inception distance (Binkowski et al. 2018) between outputs and targets.

    Unbiased MMD^2 with the cubic kernel (x.y / 2048 + 1)^3, mean over random subsets, by
    torch-fidelity with its own seed.  Slightly negative values are valid.

    subsets: how many.  subset_size: the largest; `size_for(n)` is what n images get.
    """

    name: ClassVar[str] = "kid"
    version: ClassVar[str] = "2"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False
    subsets: int = 100
    subset_size: int = 1000

    def __post_init__(self) -> None:
        if self.subsets < 1:
            raise RequestError(f"subsets={self.subsets} is not at least 1")
        if self.subset_size < 2:
            raise RequestError(f"subset_size={self.subset_size} is not at least 2 images")

    def size_for(self, n: int) -> int:
        """Return the subset size used on n images: min(subset_size, n); reports print it."""
        return min(self.subset_size, n)

    def over_sets(self, outputs: ImageSet, targets: ImageSet) -> float:
        """Return the mean over subsets; raises RequestError below 2 images per set."""
        import torch
        from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

        from bench.metrics.features import inception_features

        n = min(len(outputs), len(targets))
        if n < 2:
            raise RequestError(
                f"KID needs at least 2 images per set, not {len(outputs)} and {len(targets)}."
            )
        result = kid_features_to_metric(
            torch.from_numpy(inception_features(outputs)),
            torch.from_numpy(inception_features(targets)),
            kid_subsets=self.subsets,
            kid_subset_size=self.size_for(n),
            verbose=False,
        )
        return float(result[KEY_METRIC_KID_MEAN])
