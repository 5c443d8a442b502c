"""Mean ranks for the page, by every metric that all boards have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.ranks import mean_ranks, shared_metrics
from bench.report.rounding import decimals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.boards import Board
    from bench.report.ranks import MeanRanks


def ranks_of(boards: Sequence[Board], tabs: Sequence[str]) -> dict[str, object]:
    """Return metric -> its ranks as JSON values; {} where there is nothing to rank."""
    means = {metric.name: mean_ranks(boards, metric) for metric in shared_metrics(boards)}
    return {name: _ranks(mean, tabs) for name, mean in means.items() if mean is not None}


def _ranks(mean: MeanRanks, tabs: Sequence[str]) -> dict[str, object]:
    places = decimals(mean.values.ravel().tolist())
    return {
        "title": mean.title,
        "note": mean.note,
        "difference": mean.ranks.critical_difference,
        "blocks": list(tabs),
        "rows": [
            {
                "name": name,
                "rank": mean.ranks.mean_ranks[i],
                "best": mean.best(i),
                "close": mean.close(i),
                "values": [f"{value:.{places}f}" for value in mean.values[i]],
            }
            for i, name in enumerate(mean.methods)
        ],
    }
