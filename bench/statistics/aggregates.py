"""A metric over a set of images: mean, deviation, and means by hole area."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Aggregate:
    """A metric over a set.  n counts all scores; mean and std are of the finite ones."""

    mean: float
    std: float
    n: int
    n_infinite: int


@dataclass(frozen=True)
class AreaBin:
    """Scores of images with a hole fraction in (edges[0], edges[1]]; mean of the finite ones."""

    edges: tuple[float, float]
    n: int
    mean: float


def summarise(values: Sequence[float] | Array) -> Aggregate:
    """Return mean, standard deviation (over n - 1), n and the number of +inf scores.

    An identical image has PSNR +inf: the mean and deviation are of the finite scores, and +inf and
    nan when there is none (the deviation is nan for one score).  Raises ValueError for nan, -inf or
    no score at all.
    """
    scores = finite_or_inf(values)
    finite = scores[np.isfinite(scores)]
    mean = float(finite.mean()) if len(finite) else math.inf
    std = float(finite.std(ddof=1)) if len(finite) > 1 else math.nan
    return Aggregate(mean, std, len(scores), len(scores) - len(finite))


def by_hole_area(
    values: Sequence[float] | Array, fractions: Sequence[float] | Array
) -> list[AreaBin]:
    """Return the scores by decile of the hole's share of the image, edges (a, b]; no empty bins.

    fractions: in (0, 1], one per score.  Raises ValueError for others.
    """
    scores, areas = finite_or_inf(values), np.asarray(fractions, dtype=np.float64)
    if areas.shape != scores.shape or not bool(((areas > 0) & (areas <= 1)).all()):
        raise ValueError("by_hole_area needs one hole fraction in (0, 1] per score.")
    # Rounded before the ceiling: a fraction that is an edge but for its last bit belongs below it.
    decile = np.ceil(np.round(areas * 10, 9)).clip(1, 10).astype(int)
    bins = []
    for upper in np.unique(decile):
        inside = scores[decile == upper]
        bins.append(AreaBin(((upper - 1) / 10, upper / 10), len(inside), summarise(inside).mean))
    return bins


def finite_or_inf(values: Sequence[float] | Array) -> Array:
    """Return float64 (N,), N >= 1; raises ValueError for nan or -inf."""
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim != 1 or not len(scores):
        raise ValueError(f"Statistics need a list of at least one score, not {scores.shape}.")
    if np.isnan(scores).any() or np.isneginf(scores).any():
        raise ValueError("A score is nan or -inf: leave failed images out and count them.")
    return scores
