"""Turn a board into a table: its metrics, then number of images, seconds, seeds and weights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.report.entries import Marks, entry_of, marks_in_words
from bench.report.matrix import ColumnGroup, Matrix, TableEntry
from bench.report.network_cost import column_title
from bench.report.rounding import column, decimals, seconds_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.report.boards import Board, Row


def matrix(board: Board, *, compact: bool = False) -> Matrix:
    """Return the table of a board, with the board's title.

    compact: seeds and weights follow the method's name; else they have columns, if there are any,
    as licences do.
    """
    places = {m.name: decimals(column(board, m)) for m in board.metrics}
    tail = _tail(board, compact=compact)
    rows = tuple(
        (
            _title(row) if compact else row.method,
            (
                *(entry_of(row.cells.get(name), n) for name, n in places.items()),
                *(TableEntry(text(row)) for text in tail.values()),
            ),
        )
        for row in board.rows
    )
    return Matrix(
        (ColumnGroup("", (*(metric.title for metric in board.metrics), *tail)),),
        rows,
        board.title,
        board.remarks,
        comments=tuple(
            f"{row.method}: {'; '.join(filter(None, (row.assets, row.licence)))}"
            for row in board.rows
            if row.assets or row.licence
        ),
    )


def with_legend(board: Board) -> Matrix:
    """Return the compact table of a board, with a caption that explains its marks."""
    made = matrix(board, compact=True)
    legend = marks_in_words((entry for _, row in made.rows for entry in row), Marks())
    return replace(made, caption=" ".join([f"{made.caption}.", *legend]))


def _title(row: Row) -> str:
    """Return a method's name, with its weights where others share it, and its seeds."""
    return row.title + (f" ({len(row.seeds)} seeds)" if len(row.seeds) > 1 else "")


def _tail(board: Board, *, compact: bool) -> dict[str, Callable[[Row], str]]:
    """Return the titles of the last columns, each with the function that gives a row's text."""
    columns: dict[str, Callable[[Row], str]] = {
        "n": lambda row: f"{row.n}" + (f" ({row.n_failed} failed)" if row.n_failed else ""),
        "s/image": lambda row: seconds_text(row.seconds),
    }
    if compact:
        return columns
    if title := column_title(board.rows):
        columns[title] = lambda row: row.cost.text if row.cost else "–"
    if any(len(row.seeds) > 1 for row in board.rows):
        columns["seeds"] = lambda row: ", ".join(map(str, row.seeds))
    if any(row.assets for row in board.rows):
        columns["weights, gallery"] = lambda row: row.assets or "–"
    if any(row.licence for row in board.rows):
        columns["licence"] = lambda row: row.licence or "–"
    return columns
