"""Statistics of scores: summaries, bootstrap intervals and comparisons, bins by hole area.

numpy only.  A bootstrap resamples groups (source photographs), so that crops of one photograph stay
together; it is one matrix of resample counts times the groups' sums, in chunks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.api.seeds import derive_seed, numpy_stream

Array = np.ndarray

# Bytes of resample counts held at a time.
CHUNK_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Summary:
    """A metric over a set.  n counts all scores; mean and std are of the finite ones."""

    mean: float
    std: float
    n: int
    n_infinite: int


@dataclass(frozen=True)
class Difference:
    """A paired difference: its mean, bootstrap interval and two-sided bootstrap p-value."""

    mean: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class AreaBin:
    """Scores of images with a hole fraction in (edges[0], edges[1]]; mean of the finite ones."""

    edges: tuple[float, float]
    n: int
    mean: float


def summarise(values: Sequence[float] | Array) -> Summary:
    """Return mean, standard deviation (over n - 1), n and the number of +inf scores.

    An identical image has PSNR +inf: the mean and deviation are of the finite scores, and +inf and
    nan when there is none (the deviation is nan for one score).  Raises ValueError for nan, -inf or
    no score at all.
    """
    scores = _scores(values)
    finite = scores[np.isfinite(scores)]
    mean = float(finite.mean()) if len(finite) else math.inf
    std = float(finite.std(ddof=1)) if len(finite) > 1 else math.nan
    return Summary(mean, std, len(scores), len(scores) - len(finite))


def by_hole_area(
    values: Sequence[float] | Array, fractions: Sequence[float] | Array
) -> list[AreaBin]:
    """Return the scores by decile of the hole's share of the image, edges (a, b]; no empty bins.

    fractions: in (0, 1], one a score.  Raises ValueError outside.
    """
    scores, areas = _scores(values), np.asarray(fractions, dtype=np.float64)
    if areas.shape != scores.shape or not bool(((areas > 0) & (areas <= 1)).all()):
        raise ValueError("by_hole_area needs one hole fraction in (0, 1] a score.")
    # Rounded before the ceiling: a fraction that is an edge but for its last bit belongs below it.
    decile = np.ceil(np.round(areas * 10, 9)).clip(1, 10).astype(int)
    bins = []
    for upper in np.unique(decile):
        inside = scores[decile == upper]
        bins.append(AreaBin(((upper - 1) / 10, upper / 10), len(inside), summarise(inside).mean))
    return bins


def aggregate_seeds(ids: Sequence[str], values: Sequence[float] | Array) -> tuple[list[str], Array]:
    """Average each image's scores over its seeds: images, not seeds, are the sample.

    ids: the image of each score, repeated once a seed.  Returns the images in order of first
    appearance and float64 means; an image with a +inf score has a +inf mean.
    """
    scores = _scores(values)
    if len(ids) != len(scores):
        raise ValueError(f"{len(ids)} ids for {len(scores)} scores.")
    images, index = _grouped(ids)
    return images, np.bincount(index, weights=scores) / np.bincount(index)


def bootstrap_means(
    values: Array, groups: Sequence[str], *, resamples: int = 10_000, seed: int
) -> Array:
    """Return the means of bootstrap resamples, float64 (resamples, M); one set of draws for all M.

    values: (N, M); nan is missing and +inf left out (their number is the summary's to report).
    groups: the source of each row; as many groups are drawn as there are, with replacement, and a
    group brings all its rows.  A resample without any finite score is nan.
    """
    if values.ndim != 2 or len(values) != len(groups) or not len(groups):
        raise ValueError(f"{len(groups)} groups for scores of shape {values.shape}.")
    names, index = _grouped(groups)
    finite = np.isfinite(values)
    sums = np.zeros((len(names), values.shape[1]))
    sizes = np.zeros_like(sums)
    np.add.at(sums, index, np.where(finite, values, 0.0))
    np.add.at(sizes, index, finite)
    with np.errstate(invalid="ignore"):
        chunks = [c @ sums / (c @ sizes) for c in _resample_counts(len(names), resamples, seed)]
    return np.concatenate(chunks)


def bootstrap_intervals(
    values: Array,
    groups: Sequence[str],
    *,
    resamples: int = 10_000,
    seed: int,
    level: float = 0.95,
) -> list[tuple[float, float]]:
    """Return the percentile bootstrap interval of each column's mean of finite scores.

    values: (N, M), a column a metric.  groups: the source of each row, resampled together.  (inf,
    inf) for a column without a finite score.
    """
    means = bootstrap_means(values, groups, resamples=resamples, seed=seed)
    empty = ~np.isfinite(values).any(axis=0)
    ends = _percentiles(np.where(empty, 0.0, means), level)
    low, high = (np.where(empty, math.inf, end).tolist() for end in ends)
    return list(zip(low, high, strict=True))


def bootstrap_interval(
    values: Sequence[float] | Array,
    groups: Sequence[str],
    *,
    resamples: int = 10_000,
    seed: int,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean of the finite scores, one metric's."""
    column = _scores(values)[:, None]
    return bootstrap_intervals(column, groups, resamples=resamples, seed=seed, level=level)[0]


def paired_bootstrap(
    differences: Sequence[float] | Array,
    groups: Sequence[str],
    *,
    resamples: int = 10_000,
    seed: int,
    level: float = 0.95,
) -> Difference:
    """Compare two methods on the same holes by their scores' differences, one an image.

    p_value: 2 min(P(mean* <= 0), P(mean* >= 0)), each count with one added.  A difference that is
    not finite (one of the two scores is +inf or missing) is left out.
    """
    column = np.asarray(differences, dtype=np.float64)[:, None]
    return _differences(column, groups, resamples, seed, level)[0]


def compare_to(
    values: Array,
    reference: int,
    groups: Sequence[str],
    *,
    resamples: int = 10_000,
    seed: int,
    level: float = 0.95,
) -> list[Difference]:
    """Compare every method with one of them: values[:, m] - values[:, reference], paired.

    values: (images, methods); nan is missing; two +inf scores differ by 0.  One matrix of resample
    counts serves all methods.
    """
    ours, theirs = values, values[:, [reference]]
    with np.errstate(invalid="ignore"):
        differences = np.where(np.isinf(ours) & (ours == theirs), 0.0, ours - theirs)
    return _differences(differences, groups, resamples, seed, level)


def _scores(values: Sequence[float] | Array) -> Array:
    """Return float64 (N,), N >= 1; raises ValueError for nan or -inf."""
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim != 1 or not len(scores):
        raise ValueError(f"Statistics need a list of at least one score, not {scores.shape}.")
    if np.isnan(scores).any() or np.isneginf(scores).any():
        raise ValueError("A score is nan or -inf: leave failed images out and count them.")
    return scores


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


def _percentiles(means: Array, level: float) -> tuple[Array, Array]:
    """Return the lower and upper ends of each column's central `level` share, nan left out."""
    tail = (1 - level) / 2
    quantile = np.nanquantile if np.isnan(means).any() else np.quantile
    low, high = quantile(means, [tail, 1 - tail], axis=0)
    return low, high


def _differences(
    differences: Array, groups: Sequence[str], resamples: int, seed: int, level: float
) -> list[Difference]:
    """Return the comparison of each column of (N, M) paired differences."""
    usable = np.isfinite(differences)
    if not usable.any(axis=0).all():
        raise ValueError("A comparison has no pair of finite scores.")
    means = bootstrap_means(differences, groups, resamples=resamples, seed=seed)
    low, high = _percentiles(means, level)
    sides = np.minimum((means <= 0).sum(axis=0), (means >= 0).sum(axis=0))
    p_values = np.minimum(1.0, 2 * (sides + 1) / (resamples + 1))
    centre = np.where(usable, differences, 0.0).sum(axis=0) / usable.sum(axis=0)
    return [Difference(*map(float, row)) for row in zip(centre, low, high, p_values, strict=True)]
