"""Mean ranks of the methods over all boards, with Nemenyi's critical difference (Demsar 2006)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.report.cells import SMALL_IMAGE, primary
from bench.statistics.ranks import Ranks, friedman_ranks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.boards import Board
    from bench.report.columns import Metric

# Over two masks even methods that always differ have p > 0.05.
FEWEST_BOARDS = 3
# The last number of methods in Nemenyi's table in bench.statistics.ranks.
MOST_METHODS = 20


@dataclass(frozen=True)
class MeanRanks:
    """Methods that were run on every board, best mean rank first; values[i, k] on board k."""

    metric: Metric
    boards: tuple[Board, ...]
    methods: tuple[str, ...]
    ranks: Ranks
    values: np.ndarray

    @property
    def title(self) -> str:
        """What was ranked, over how many boards."""
        return f"Mean ranks over {self._number}: {self.metric.title}"

    @property
    def note(self) -> str:
        """Friedman's test and the critical difference in a sentence."""
        return (
            f"Friedman test over {self._number}: chi square {self.ranks.chi_square:.2f}, "
            f"p = {self.ranks.p_value:.3g}. Mean ranks less than "
            f"{self.ranks.critical_difference:.2f} apart (Nemenyi, 5%) are not told apart: ≈."
        )

    @property
    def _number(self) -> str:
        one = len({(board.dataset, board.size) for board in self.boards}) == 1
        return f"{len(self.boards)} {'masks' if one else 'tables'}"

    def best(self, i: int) -> bool:
        """Whether method i has the best mean rank."""
        return self.ranks.mean_ranks[i] == self.ranks.mean_ranks[0]

    def close(self, i: int) -> bool:
        """Whether method i is not distinguished from the best."""
        distance = self.ranks.mean_ranks[i] - self.ranks.mean_ranks[0]
        return not self.best(i) and distance < self.ranks.critical_difference


def mean_ranks(boards: Sequence[Board], by: Metric | None = None) -> MeanRanks | None:
    """Rank by a metric, by default the primary one of those that all boards have.

    None for fewer than FEWEST_BOARDS boards, and for fewer than two or more than MOST_METHODS
    methods on all of them.
    """
    metric = by or _shared_metric(boards)
    if len(boards) < FEWEST_BOARDS or metric is None:
        return None
    shared, values = _shared_values(boards, metric)
    if not 2 <= len(shared) <= MOST_METHODS or not np.isfinite(values).all():
        return None
    first = friedman_ranks(values, higher_is_better=metric.higher_is_better)
    order = np.argsort(first.mean_ranks, kind="stable")
    ranks = friedman_ranks(values[:, order], higher_is_better=metric.higher_is_better)
    names = tuple(shared[k] for k in order)
    return MeanRanks(metric, tuple(boards), names, ranks, values[:, order].T)


def _shared_values(boards: Sequence[Board], metric: Metric) -> tuple[list[str], np.ndarray]:
    """Return the rows that all boards have, and their values: float64 (boards, rows)."""
    by_board = [_values(board, metric) for board in boards]
    shared = [name for name in by_board[0] if all(name in column for column in by_board)]
    return shared, np.array([[column[name] for name in shared] for column in by_board])


def _values(board: Board, metric: Metric) -> dict[str, float]:
    """Return the value of each row that has one; unreliable rows have no rank."""
    having = (row for row in board.rows if metric.name in row.cells and not row.unreliable)
    return {row.title: row.cells[metric.name].value for row in having}


def shared_metrics(boards: Sequence[Board]) -> list[Metric]:
    """Return the metrics that all boards have."""
    return [m for m in boards[0].metrics if all(m in board.metrics for board in boards)]


def _shared_metric(boards: Sequence[Board]) -> Metric | None:
    shared = shared_metrics(boards)
    return primary(shared, min((board.size or SMALL_IMAGE for board in boards), default=None))
