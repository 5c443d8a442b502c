"""Choose how many digits a table prints in each column."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.boards import Board
    from bench.report.columns import Metric


def column(board: Board, metric: Metric) -> list[float]:
    """Return a metric's values on a board, from the best row down."""
    return [row.cells[metric.name].value for row in board.rows if metric.name in row.cells]


def decimals(values: Sequence[float]) -> int:
    """Return the decimals that give a column's largest value about four figures."""
    largest = max((abs(value) for value in values), default=0.0)
    return 1 if largest >= 1000 else 2 if largest >= 10 else 3 if largest >= 1 else 4


def seconds_text(seconds: float | None) -> str:
    """Return a time per image with two or three figures: "0.0104", "12.3", "–" when unknown."""
    if seconds is None:
        return "–"
    return f"{seconds:.3g}" if seconds < 100 else f"{seconds:.0f}"
