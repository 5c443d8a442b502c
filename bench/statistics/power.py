"""How small a difference between two methods a number of photographs tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from bench.api.seeds import derive_seed, numpy_stream
from bench.statistics.bootstrap import Array

POWER = 0.8
LEVEL = 0.95


def detectable(
    differences: Sequence[float] | Array,
    n: int,
    *,
    samples: int = 1000,
    resamples: int = 500,
    seed: int = 0,
) -> float:
    """Return the smallest mean difference that n photographs tell from 0 with 80% power.

    differences: of two methods' scores, one per photograph (`by_source`), two or more.  By
    resampling: `samples` sets of n photographs are drawn from the centred differences, and of each
    the lower end of the 95% percentile bootstrap interval is taken.  A true difference d shifts a
    set's interval by d and is significant where that end then lies above 0, so d is the 80th
    percentile of minus the ends.  Raises ValueError for fewer than two differences or an n below 2.
    """
    values = _finite(differences)
    if n < 2:
        raise ValueError(f"n={n} photographs have no interval")
    stream = numpy_stream(derive_seed("power", seed, n))
    centred = values - values.mean()
    lower = np.empty(samples)
    for k in range(samples):
        drawn = centred[stream.integers(len(centred), size=n)]
        means = drawn[stream.integers(n, size=(resamples, n))].mean(axis=1)
        lower[k] = np.quantile(means, (1 - LEVEL) / 2)
    return float(np.quantile(-lower, POWER))


def detectable_normal(differences: Sequence[float] | Array) -> float:
    """Return what `detectable` does for the photographs at hand, by the normal approximation.

    (z(.975) + z(.8)) sd / sqrt(n), 2.80 standard errors; sd over n - 1.
    """
    values = _finite(differences)
    normal = NormalDist()
    errors = normal.inv_cdf((1 + LEVEL) / 2) + normal.inv_cdf(POWER)
    return float(errors * values.std(ddof=1) / np.sqrt(len(values)))


def by_source(values: Array, sources: Sequence[str]) -> Array:
    """Return the mean of the finite values of each source, in order of first appearance.

    values: (N,), one per image; a source without a finite value is left out.
    """
    order = {name: k for k, name in enumerate(dict.fromkeys(sources))}
    index = np.array([order[name] for name in sources], dtype=np.intp)
    finite = np.isfinite(values)
    count = np.bincount(index[finite], minlength=len(order))
    total = np.bincount(index[finite], weights=values[finite], minlength=len(order))
    return np.asarray(total[count > 0] / count[count > 0])


def _finite(differences: Sequence[float] | Array) -> Array:
    values = np.asarray(differences, dtype=np.float64)
    values = values[np.isfinite(values)]
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"{values.size} differences: power needs two or more")
    return values
