"""A paper's table as one matrix: published and reproduced numbers, by mask and metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.report.entries import MISSING, entry_of
from bench.report.matrix import ColumnGroup, Matrix, TableEntry
from bench.report.rounding import decimals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.report.boards import Board, Row
    from bench.report.protocol import Protocol, PublishedNumber


@dataclass(frozen=True)
class Line:
    """A method of a paper's table on one mask.

    published: the printed number of each of our metrics.  row: our result, None if there is none.
    """

    method: str
    published: dict[str, str]
    row: Row | None


LinesOn = Callable[[str, "Board | None", "Sequence[PublishedNumber]", "Protocol"], "list[Line]"]


def one_table(
    protocol: Protocol,
    boards: Sequence[Board],
    lines_on: LinesOn,
    numbers: Sequence[PublishedNumber],
) -> Matrix:
    """Return a row for each published method, one below it for its reproduction, then ours.

    boards: of several on one mask, the one with the most images is used.  lines_on: the lines of a
    mask of ours.
    """
    groups, columns = [], []
    for theirs, ours in protocol.masks.items():
        on_mask = [board for board in boards if board.mask == ours]
        board = max(on_mask, key=lambda b: b.n, default=None)
        lines = lines_on(ours, board, numbers, protocol)
        if lines:
            groups.append(
                ColumnGroup(theirs, tuple(_head(name, board) for name in protocol.metrics))
            )
            columns.append(_by_title(lines, protocol))
    titles = _in_order(list(column) for column in columns)
    nothing = (MISSING,) * len(protocol.metrics)
    rows = tuple(
        (title, tuple(entry for column in columns for entry in column.get(title, nothing)))
        for title in titles
    )
    return Matrix(tuple(groups), rows, _caption(protocol, rows))


def _head(metric: str, board: Board | None) -> str:
    """Return a metric's title, with unit and direction where it was computed."""
    titles = {m.name: m.title for m in board.metrics} if board is not None else {}
    return titles.get(metric, metric)


def _by_title(lines: Sequence[Line], protocol: Protocol) -> dict[str, tuple[TableEntry, ...]]:
    """Return the entries of a mask by the title of their row."""
    entries = {}
    for line in lines:
        if line.published:
            texts = [line.published.get(name) for name in protocol.metrics]
            entries[f"{line.method}, published"] = tuple(map(_published, texts))
        if line.row is not None:
            here = line.row.method
            same = here == line.method
            title = here if same else f"{line.method} (here {here})"
            cells = [line.row.cells.get(name) for name in protocol.metrics]
            entries[title] = tuple(
                replace(
                    entry_of(cell, decimals([cell.value]) if cell else 0),
                    best=False,
                    second=False,
                    close=False,
                )
                for cell in cells
            )
    return entries


def _published(text: str | None) -> TableEntry:
    return MISSING if text is None else TableEntry(text, values=(float(text), None, None))


def _in_order(columns: Iterable[Sequence[str]]) -> list[str]:
    """Return all titles, each after those before it in the first column that has it."""
    order: list[str] = []
    for titles in columns:
        after = 0
        for title in titles:
            if title in order:
                after = order.index(title) + 1
            else:
                order.insert(after, title)
                after += 1
    return order


def _caption(protocol: Protocol, rows: Sequence[tuple[str, tuple[TableEntry, ...]]]) -> str:
    details = any(entry.detail for _, entries in rows for entry in entries)
    brackets = " In brackets: 95% bootstrap interval of what was run here." if details else ""
    size = f"{protocol.dataset}, {protocol.size} px, {protocol.n:,} images"
    return f"{protocol.title}: {size}.{brackets}"
