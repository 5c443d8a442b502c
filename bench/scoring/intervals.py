"""Bootstrap intervals of mean scores: runs over the same photographs share one set of draws.

Drawing costs far more than the means do.  An interval does not depend on what it is computed with,
nor on threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.api.seeds import derive_seed
from bench.execute import Executor
from bench.scoring.arrived import arrived
from bench.statistics.bootstrap import bootstrap_intervals
from bench.store.record import Record

Interval = tuple[float, float]


@dataclass(frozen=True)
class FiniteScores:
    """A metric's finite scores of one run, float64 (N,), and the source photograph of each."""

    metric: str
    sources: tuple[str, ...]
    values: np.ndarray


@dataclass(frozen=True)
class _Shared:
    """Scores of one metric and the same sources, float64 (N, M).

    places: where the intervals of the M columns belong.
    """

    places: tuple[int, ...]
    metric: str
    sources: tuple[str, ...]
    values: np.ndarray


def finite_scores(
    metric: str, values: Mapping[str, float], records: Sequence[Record]
) -> FiniteScores:
    """Return a metric's finite scores of these records.  values: id -> value."""
    finite = [r for r in records if r.id in values and np.isfinite(values[r.id])]
    scores = np.array([values[r.id] for r in finite], dtype=np.float64)
    return FiniteScores(metric, tuple(r.source for r in finite), scores)


def mean_intervals(scores: Sequence[FiniteScores], executor: Executor) -> list[Interval | None]:
    """Return the 95% interval of each mean; None where fewer than two sources have scores.

    One photograph gives nothing to resample: an interval of width 0 would look like certainty.
    Raises RequestError when a worker died.
    """
    together: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for place, one in enumerate(scores):
        if len(set(one.sources)) > 1:
            together.setdefault((one.metric, one.sources), []).append(place)
    work = [
        _Shared(tuple(at), *key, np.stack([scores[i].values for i in at], axis=1))
        for key, at in together.items()
    ]
    intervals: list[Interval | None] = [None] * len(scores)
    for shared, result in executor.map(_resample, work, timeout=lambda _: None):
        for place, interval in zip(shared.places, arrived(result), strict=True):
            intervals[place] = interval
    return intervals


def _resample(shared: _Shared) -> list[Interval]:
    seed = derive_seed("bootstrap", shared.metric)
    return bootstrap_intervals(shared.values, shared.sources, seed=seed)
