"""Kernel Inception distance (Binkowski et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api import ImageSet, RequestError
from bench.api.seeds import mersenne_stream
from bench.metrics.features import InceptionFeatures

if TYPE_CHECKING:
    import numpy as np

# torch-fidelity's: the same subsets give the same number.
SEED = 2020


@dataclass(frozen=True)
class KID(InceptionFeatures):
    """Kernel Inception distance (Binkowski et al. 2018) between outputs and targets.

    Unbiased MMD^2 with the cubic kernel (x.y / 2048 + 1)^3, mean over random subsets,
    those that torch-fidelity draws.  Slightly negative values are valid.

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
        from bench.metrics.features import inception_features

        n = min(len(outputs), len(targets))
        if n < 2:
            raise RequestError(
                f"KID needs at least 2 images per set, not {len(outputs)} and {len(targets)}."
            )
        sets = [inception_features(images) for images in (outputs, targets)]
        return kernel_distance(*sets, subsets=self.subsets, size=self.size_for(n))


def kernel_distance(x: np.ndarray, y: np.ndarray, *, subsets: int, size: int) -> float:
    """Return the mean of MMD^2 over random subsets of features (N, D), (N', D)."""
    import numpy as np

    stream = mersenne_stream(SEED)
    estimates = []
    for _ in range(subsets):
        ours, theirs = (f[stream.choice(len(f), size, replace=False)] for f in (x, y))
        estimates.append(squared_mmd(ours, theirs))
    return float(np.mean(estimates))


def squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """Return the unbiased MMD^2 of features (N, D), (N, D) under the cubic kernel (eq. 4)."""
    n = len(x)
    within, without = (_kernel(f, f) for f in (x, y)), _kernel(x, y)
    ours, theirs = ((k.sum(1) - k.diagonal()).sum() for k in within)
    return float((ours + theirs) / (n * (n - 1)) - 2 * without.sum(0).sum() / (n * n))


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    values: np.ndarray = (x @ y.T * (1 / x.shape[1]) + 1) ** 3
    return values
