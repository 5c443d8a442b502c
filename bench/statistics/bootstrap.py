"""The bootstrap: intervals of means, and of the differences of two methods' means.

numpy only.  A bootstrap resamples groups (source photographs), so that crops of one photograph stay
together; it is one matrix of resample counts times the groups' sums, in chunks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.api.seeds import derive_seed, numpy_stream
from bench.statistics.aggregates import finite_or_inf

Array = np.ndarray

# Bytes of resample counts held at a time.
CHUNK_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Difference:
    """A paired difference: its mean, bootstrap interval and two-sided bootstrap p-value."""

    mean: float
    low: float
    high: float
    p_value: float


def bootstrap_means(
    values: Array, groups: Sequence[str], *, resamples: int = 10_000, seed: int
) -> Array:
    """Return the means of bootstrap resamples, float64 (resamples, M); one set of draws for all M.

    values: (N, M); nan is missing and +inf left out (their number is the summary's to report).
    groups: the source of each row; as many groups are drawn as there are, with replacement, and a
    group brings all its rows.  A resample without any finite score is nan.
    """
    sums, sizes = _by_group(values, groups)
    with np.errstate(invalid="ignore"):
        chunks = [c @ sums / (c @ sizes) for c in _resample_counts(len(sums), resamples, seed)]
    return np.concatenate(chunks)


def bootstrap_interval(
    values: Sequence[float] | Array,
    groups: Sequence[str],
    *,
    resamples: int = 10_000,
    seed: int,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean of the finite scores.

    values: (N,).  groups: the source of each, resampled together.  (inf, inf) without any finite
    score.
    """
    column = finite_or_inf(values)[:, None]
    if not np.isfinite(column).any():
        return math.inf, math.inf
    (interval,) = bootstrap_intervals(column, groups, resamples=resamples, seed=seed, level=level)
    return interval


def bootstrap_intervals(
    values: Array,
    groups: Sequence[str],
    *,
    resamples: int = 10_000,
    seed: int,
    level: float = 0.95,
) -> list[tuple[float, float]]:
    """Return the `bootstrap_interval` of each column, each with a finite score; one set of draws.

    values: (N, M).  Column by column and by numpy alone: a product of matrices rounds by their
    sizes, and by its threads.
    """
    sums, sizes = _by_group(values, groups)
    columns = list(zip(sums.T.copy(), sizes.T.copy(), strict=True))
    means = np.empty((resamples, len(columns)))
    done = 0
    with np.errstate(invalid="ignore"):
        for counts in _resample_counts(len(sums), resamples, seed):
            rows = slice(done, done := done + len(counts))
            for place, (total, size) in enumerate(columns):
                drawn = np.einsum("ij,j->i", counts, total)
                means[rows, place] = drawn / np.einsum("ij,j->i", counts, size)
    low, high = percentiles(means, level)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def paired_bootstrap(
    differences: Sequence[float] | Array,
    groups: Sequence[str],
    *,
    resamples: int = 10_000,
    seed: int,
    level: float = 0.95,
) -> Difference:
    """Compare two methods on the same holes by the differences of their scores, one per image.

    p_value: 2 min(P(mean* <= 0), P(mean* >= 0)), each count with one added.  A difference that is
    not finite (one of the two scores is +inf or missing, or both are +inf) is left out.
    """
    column = np.asarray(differences, dtype=np.float64)[:, None]
    finite = np.isfinite(column)
    if not finite.any():
        raise ValueError("A comparison has no pair of finite scores.")
    means = bootstrap_means(column, groups, resamples=resamples, seed=seed)
    low, high = percentiles(means, level)
    side = min((means <= 0).sum(), (means >= 0).sum())
    p_value = min(1.0, 2 * (side + 1) / (resamples + 1))
    mean = np.where(finite, column, 0.0).sum() / finite.sum()
    return Difference(float(mean), float(low[0]), float(high[0]), float(p_value))


def percentiles(means: Array, level: float = 0.95) -> tuple[Array, Array]:
    """Return the lower and upper ends of each column's central `level` share.

    means: (resamples, columns).  Linear between order statistics, as np.quantile, which takes twice
    as long.  NaN (a resample without any finite score) sorts last.
    """
    tail = round((1 - level) / 2, 12)  # 0.025, not 0.025000000000000022
    by_column = np.ascontiguousarray(means.T)
    ends = np.array([tail, 1 - tail]) * (len(means) - 1)
    below, share = np.floor(ends).astype(int), ends % 1
    above = np.minimum(below + 1, len(means) - 1)
    by_column.partition([*below, *above], axis=1)
    low, high = (
        by_column[:, k] * (1 - s) + by_column[:, after] * s
        for k, after, s in zip(below, above, share, strict=True)
    )
    return low, high


def _by_group(values: Array, groups: Sequence[str]) -> tuple[Array, Array]:
    """Return the sums of the finite values of each group and column, and their numbers."""
    if values.ndim != 2 or len(values) != len(groups) or not len(groups):
        raise ValueError(f"{len(groups)} groups for scores of shape {values.shape}.")
    names, index = _grouped(groups)
    finite = np.isfinite(values)
    sums = np.zeros((len(names), values.shape[1]))
    sizes = np.zeros_like(sums)
    np.add.at(sums, index, np.where(finite, values, 0.0))
    np.add.at(sizes, index, finite)
    return sums, sizes


def _grouped(names: Sequence[str]) -> tuple[list[str], Array]:
    """Return the distinct names in order of first appearance, and each item's index into them."""
    order = {name: index for index, name in enumerate(dict.fromkeys(names))}
    return list(order), np.array([order[name] for name in names])


def _resample_counts(groups: int, resamples: int, seed: int) -> Iterator[Array]:
    """Yield float64 (rows, groups): how often each group is drawn; a resample's row sums to groups.

    The draws depend on seed, groups and the resample alone, not on the chunks.
    """
    stream = numpy_stream(derive_seed("bootstrap", seed, groups))
    rows = max(1, CHUNK_BYTES // (8 * groups))
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        drawn = stream.integers(groups, size=(size, groups)) + groups * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * groups)
        yield counts.reshape(size, groups).astype(np.float64)
