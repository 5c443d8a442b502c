"""Turn the cells of a board into entries of a table, and explain the marks of such entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.report.matrix import TableEntry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.report.cells import Cell

MISSING = TableEntry("–")


def entry_of(cell: Cell | None, places: int, *, intervals: bool = True) -> TableEntry:
    """Return a cell with `places` decimals; a set's number has the set's size below it."""
    if cell is None:
        return MISSING
    low, high = cell.interval if cell.interval and intervals else (None, None)
    return TableEntry(
        f"{cell.value:.{places}f}",
        f"(N = {cell.n:,})" if cell.of_set else interval_text(cell, places) if intervals else "",
        cell.best,
        cell.second,
        cell.close,
        (cell.value, low, high),
    )


def interval_text(cell: Cell, places: int) -> str:
    """Return "[low, high]"; "" for a cell without an interval."""
    if cell.interval is None:
        return ""
    low, high = cell.interval
    return f"[{low:.{places}f}, {high:.{places}f}]"


@dataclass(frozen=True)
class Marks:
    """The words for a format's marks in its caption.

    best, second: how they are marked; second may be "".  interval: the interval's position.
    """

    best: str = "in bold"
    second: str = "underlined"
    interval: str = "In brackets"


def marks_in_words(entries: Iterable[TableEntry], marks: Marks) -> list[str]:
    """Return a sentence for each mark that some entry has."""
    all_of = list(entries)
    said = []
    if any(entry.best for entry in all_of):
        second = f", second best {marks.second}" if marks.second else ""
        said.append(f"Best of each column {marks.best}{second}, by the direction of its arrow.")
    if any(entry.detail.startswith("[") for entry in all_of):
        said.append(
            f"{marks.interval}: 95% bootstrap interval of the mean over source photographs."
        )
    if any(entry.close for entry in all_of):
        said.append(
            "≈: not significantly worse than the best (paired bootstrap over source photographs, "
            "same images and holes, 95%)."
        )
    return said
