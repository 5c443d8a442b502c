"""Bootstrap intervals of mean scores: runs over the same photographs share one set of draws.

Drawing costs far more than the means do.  An interval does not depend on what it is computed with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.api import RequestError
from bench.api.seeds import derive_seed
from bench.execute import Executor, Lost
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
    """Scores of one metric and the same sources.  places: where their intervals belong."""

    places: tuple[int, ...]
    scores: tuple[FiniteScores, ...]


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
    work = [_Shared(tuple(at), tuple(scores[i] for i in at)) for at in together.values()]
    intervals: list[Interval | None] = [None] * len(scores)
    for shared, found in executor.map(_resample, work, timeout=lambda _: None):
        if isinstance(found, Lost):
            raise RequestError(f"Scoring stopped: {found.reason}. Run it again to go on.")
        for place, interval in zip(shared.places, found, strict=True):
            intervals[place] = interval
    return intervals


def _resample(shared: _Shared) -> list[Interval]:
    first = shared.scores[0]
    values = np.stack([one.values for one in shared.scores], axis=1)
    seed = derive_seed("bootstrap", first.metric)
    return bootstrap_intervals(values, first.sources, seed=seed)
