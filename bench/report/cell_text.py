"""Write a cell as text: the same rules for every format, which differ in their marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.report.cells import Cell


@dataclass(frozen=True)
class Marks:
    """How a format writes a cell.

    missing: a cell without a number.  best, second, close: mark a number.  detail: puts a number
    and its interval or set size together.  set_size: writes N.
    """

    missing: str
    best: Callable[[str], str]
    second: Callable[[str], str]
    close: Callable[[str], str]
    detail: Callable[[str, str], str]
    set_size: Callable[[int], str]


def cell_text(cell: Cell | None, places: int, marks: Marks, *, second: bool = False) -> str:
    """Return a cell as a format writes it, with `places` decimals."""
    if cell is None:
        return marks.missing
    text = f"{cell.value:.{places}f}"
    text = marks.best(text) if cell.best else marks.second(text) if second else text
    text = marks.close(text) if cell.close else text
    if cell.of_set:
        return marks.detail(text, marks.set_size(cell.n))
    interval = interval_text(cell, places)
    return marks.detail(text, interval) if interval else text


def interval_text(cell: Cell, places: int) -> str:
    """Return "[low, high]"; "" for a cell without an interval."""
    if cell.interval is None:
        return ""
    low, high = cell.interval
    return f"[{low:.{places}f}, {high:.{places}f}]"
