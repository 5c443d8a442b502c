"""The note below a board whose photographs are too few to tell its methods apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.report.columns import columns_of, sources_of
from bench.report.rounding import decimals
from bench.statistics.power import by_source, detectable_normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.columns import Metric
    from bench.store.scored_run import ScoredRun


def power_note(
    groups: Sequence[Sequence[ScoredRun]], names: Sequence[str], metric: Metric | None
) -> str | None:
    """Name the methods that these photographs are too few to tell apart from the best.

    groups, names: the complete runs and the name of each row.  metric: the one that orders the
    board.  None where all differences are large enough, or there is nothing to compare.
    """
    if metric is None:
        return None
    differences = _differences_from_best(groups, names, metric)
    if min(map(len, differences.values()), default=0) < 2:
        return None
    needed = {name: detectable_normal(d) for name, d in differences.items()}
    close = [name for name, d in differences.items() if abs(d.mean()) < needed[name]]
    if not close:
        return None
    places = decimals(list(needed.values()))
    low, high = (f"{end(needed.values()):.{places}f}" for end in (min, max))
    least = low if low == high else f"{low} to {high}"
    count = len(next(iter(differences.values())))
    return (
        f"{count} photographs tell apart from the best, at 80% power, differences in {metric.name} "
        f"of {least}; too few for {', '.join(close)}."
    )


def _differences_from_best(
    groups: Sequence[Sequence[ScoredRun]], names: Sequence[str], metric: Metric
) -> dict[str, np.ndarray]:
    """Return each other method's differences from the best one, a mean per source."""
    sources = sources_of(groups)
    columns = {
        names[column.row]: column.values
        for row, group in enumerate(groups)
        for column in columns_of(row, group, [metric], sources)
    }
    means = {name: np.nanmean(c) for name, c in columns.items() if np.isfinite(c).any()}
    if not means:
        return {}
    sign = -1 if metric.higher_is_better else 1
    best = min(means, key=lambda name: sign * means[name])
    return {
        name: by_source(columns[name] - columns[best], list(sources.values()))
        for name in means
        if name != best
    }
