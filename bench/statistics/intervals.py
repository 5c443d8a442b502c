"""Bootstrap of many columns of scores at once: one matrix of resample counts times the scores.

Sources (photographs) are resampled, not images: crops of one photograph stay together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.api.seeds import derive_seed
from bench.statistics.bootstrap import bootstrap_means, percentiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Interval:
    """The mean of n finite scores and its 95% percentile interval; NaN where nothing is known."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Intervals:
    """The mean of every column and its 95% percentile interval; NaN where nothing is known.

    mean, low, high: (columns,).  n: finite scores of each column.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: NDArray[np.int64]

    def column(self, k: int) -> Interval:
        """Return the mean and interval of column k."""
        mean, low, high = (float(ends[k]) for ends in (self.mean, self.low, self.high))
        return Interval(mean, low, high, int(self.n[k]))


def intervals(scores: NDArray[np.float64], sources: Sequence[str]) -> Intervals:
    """Bootstrap the mean of each column.

    scores: (images, columns), NaN where a score is missing or infinite.  sources: the photograph
    of each image.  With fewer than two sources an interval is NaN: nothing can be resampled.
    """
    finite = np.isfinite(scores)
    n = finite.sum(axis=0)
    total = np.where(finite, scores, 0.0).sum(axis=0)
    mean = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
    if len(set(sources)) < 2:
        return Intervals(mean, mean * np.nan, mean * np.nan, n)
    scored = n > 0
    low, high = np.full((2, len(n)), np.nan)
    means = bootstrap_means(scores[:, scored], sources, seed=derive_seed("leaderboard"))
    low[scored], high[scored] = percentiles(means)
    return Intervals(mean, low, high, n)
