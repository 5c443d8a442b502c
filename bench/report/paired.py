"""Bootstrap of many columns of scores at once: one matrix of resample counts times the scores.

Sources (photographs) are resampled, not images: crops of one photograph stay together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from bench.seeds import derive_seed, numpy_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RESAMPLES = 10_000


@dataclass(frozen=True)
class Intervals:
    """The mean of every column and its 95% percentile interval; NaN where nothing is known.

    mean, low, high: (columns,).  n: finite scores of each column.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: NDArray[np.int64]


def intervals(scores: NDArray[np.float64], sources: Sequence[str]) -> Intervals:
    """Bootstrap the mean of each column.

    scores: (images, columns), NaN where a score is missing or infinite.  sources: the photograph
    of each image.  With fewer than two sources an interval is NaN: nothing can be resampled.
    """
    names, position = np.unique(np.asarray(sources), return_inverse=True)
    finite = np.isfinite(scores)
    totals = _by_source(np.where(finite, scores, 0.0), position, len(names))
    counts = _by_source(finite.astype(np.float64), position, len(names))
    n = counts.sum(axis=0)
    mean = np.divide(totals.sum(axis=0), n, out=np.full(len(n), np.nan), where=n > 0)
    low, high = _percentiles(totals, counts) if len(names) > 1 else (mean * np.nan, mean * np.nan)
    return Intervals(mean, low, high, n.astype(np.int64))


def _percentiles(
    totals: NDArray[np.float64], counts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 2.5th and 97.5th percentile of the resampled means of each column."""
    drawn = resample_counts(len(totals))
    complete = (counts == counts[:, :1]).all(axis=0)
    means = totals.T @ drawn  # (columns, RESAMPLES): each column's resamples lie together
    with np.errstate(invalid="ignore", divide="ignore"):
        means[complete] /= counts[:, 0] @ drawn
        if not complete.all():
            means[~complete] /= counts[:, ~complete].T @ drawn
    ends = np.array([0.025, 0.975]) * (RESAMPLES - 1)
    below, share = np.floor(ends).astype(int), ends % 1
    means.partition([*below, *(below + 1)], axis=1)  # NaN (nothing finite drawn) sorts last
    low, high = (
        means[:, k] * (1 - s) + means[:, k + 1] * s for k, s in zip(below, share, strict=True)
    )
    return low, high


def _by_source(
    values: NDArray[np.float64], position: NDArray[np.intp], n_sources: int
) -> NDArray[np.float64]:
    """Sum the rows of each source: (images, columns) -> (sources, columns)."""
    order = np.argsort(position, kind="stable")
    starts = np.searchsorted(position[order], np.arange(n_sources))
    return np.add.reduceat(values[order], starts, axis=0)


@lru_cache(maxsize=4)
def resample_counts(n_sources: int) -> NDArray[np.float64]:
    """Return how often each source is drawn in each resample: (n_sources, RESAMPLES)."""
    stream = numpy_stream(derive_seed("bootstrap", n_sources))
    drawn = stream.integers(0, n_sources, size=(RESAMPLES, n_sources), dtype=np.int32)
    drawn += np.arange(RESAMPLES, dtype=np.int32)[:, None] * n_sources
    flat = np.bincount(drawn.ravel(), minlength=RESAMPLES * n_sources)
    return np.ascontiguousarray(flat.reshape(RESAMPLES, n_sources).T, dtype=np.float64)
