"""Turn boards into a paper's table: a row per method, a column per metric of every mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from bench.api import RequestError
from bench.report.entries import Marks, entry_of, marks_in_words
from bench.report.matrix import ColumnGroup, Matrix, TableEntry
from bench.report.rounding import column, decimals, seconds_text

if TYPE_CHECKING:
    from bench.report.boards import Board, Row


@dataclass(frozen=True)
class Style:
    """The look of a paper's table.

    decimals: by metric, "" for all others; without an entry, about four digits.  intervals, n,
    seconds: whether they are printed.  label, caption: in LaTeX and above the table; "" for our
    own.  bare: the table alone, to be put into a paper's own.
    """

    decimals: Mapping[str, int] = field(default_factory=dict)
    intervals: bool = True
    n: bool = True
    seconds: bool = True
    label: str = ""
    caption: str = ""
    bare: bool = False


def parse_decimals(text: str) -> dict[str, int]:
    """Parse "3" or "psnr=2,lpips=3,1" (the last for all others); raises RequestError."""
    decimals = {}
    for piece in filter(None, text.split(",")):
        name, _, number = piece.rpartition("=")
        if not (number.isdecimal() and int(number) <= 10):
            raise RequestError(
                f"--decimals {text!r}: give 0 to 10, or METRIC=N,... such as psnr=2."
            )
        decimals[name] = int(number)
    return decimals


def matrix(boards: Sequence[Board], style: Style, marks: Marks) -> Matrix:
    """Return the boards side by side, a group of columns each, in the order of the first's rows.

    marks: the caption's words for its marks.
    """
    _check_decimals(boards, style)
    keys = list(dict.fromkeys((row.method, row.assets) for board in boards for row in board.rows))
    rows = _rows(boards, keys, style)
    tail = [*(["n"] if style.n else []), *(["s/image"] if style.seconds else [])]
    groups = [ColumnGroup(t, _heads(b)) for t, b in zip(_titles(boards), boards, strict=True)]
    return Matrix(
        (*groups, *([ColumnGroup("", tuple(tail))] if tail else [])),
        tuple(rows),
        caption=style.caption or _caption(boards, rows, marks),
        notes=_notes(boards),
        label=style.label,
        comments=tuple(f"{method}: {assets}" for method, assets in keys if assets),
        bare=style.bare,
    )


def _rows(
    boards: Sequence[Board], keys: Sequence[tuple[str, str]], style: Style
) -> list[tuple[str, tuple[TableEntry, ...]]]:
    """Return title and entries of each (method, assets) over all boards."""
    by_key = [{(row.method, row.assets): row for row in board.rows} for board in boards]
    places = [_places(board, style) for board in boards]
    rows = []
    for key in keys:
        own = [rows_of.get(key) for rows_of in by_key]
        entries = [
            entry
            for board, row, p in zip(boards, own, places, strict=True)
            for entry in _entries(board, row, p, style)
        ]
        present = [row for row in own if row is not None]
        rows.append((_title(present), (*entries, *_tail(present, style))))
    return rows


def _check_decimals(boards: Sequence[Board], style: Style) -> None:
    names = {metric.name for board in boards for metric in board.metrics}
    for name in style.decimals:
        if name and name not in names:
            listed = ", ".join(sorted(names))
            raise RequestError(f"--decimals: no column {name!r}. There are: {listed}.")


def _places(board: Board, style: Style) -> dict[str, int]:
    """Return metric -> decimals."""
    common = style.decimals.get("")
    return {
        m.name: style.decimals.get(m.name, decimals(column(board, m)) if common is None else common)
        for m in board.metrics
    }


def _heads(board: Board) -> tuple[str, ...]:
    return tuple(metric.title for metric in board.metrics)


def _titles(boards: Sequence[Board]) -> list[str]:
    """Return short titles of the boards: the mask, and dataset and size where these differ."""
    if len(boards) == 1:
        return [""]
    several = len({(board.dataset, board.size) for board in boards}) > 1
    titles = [
        f"{b.mask}, {b.dataset} {b.size or ''}".strip() if several else b.mask for b in boards
    ]
    return [
        f"{title} ({board.n} images)" if titles.count(title) > 1 else title
        for title, board in zip(titles, boards, strict=True)
    ]


def _notes(boards: Sequence[Board]) -> tuple[str, ...]:
    """Return the boards' notes, each with its board's title unless all boards have it."""
    told = [note for board in boards for note in board.remarks]
    return tuple(
        dict.fromkeys(
            note if told.count(note) == len(boards) else f"{title}: {note}"
            for title, board in zip(_titles(boards), boards, strict=True)
            for note in board.remarks
        )
    )


def _title(rows: Sequence[Row]) -> str:
    """Return the title of a method, with its seeds where it has several."""
    seeds = max(len(row.seeds) for row in rows)
    return rows[0].title + (f" ({seeds} seeds)" if seeds > 1 else "")


def _entries(
    board: Board, row: Row | None, places: Mapping[str, int], style: Style
) -> list[TableEntry]:
    cells = row.cells if row is not None else {}
    return [
        entry_of(cells.get(metric.name), places[metric.name], intervals=style.intervals)
        for metric in board.metrics
    ]


def _tail(rows: Sequence[Row], style: Style) -> list[TableEntry]:
    """Return the number of images of a method's scores, and the seconds per image."""
    counts = sorted({row.n for row in rows})
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"
    measured = [row.seconds for row in rows if row.seconds is not None]
    seconds = median(measured) if measured else None
    entries = [TableEntry(n, values=(counts[0], None, None))] if style.n else []
    timed = TableEntry(
        seconds_text(seconds), values=None if seconds is None else (seconds, None, None)
    )
    return [*entries, *([timed] if style.seconds else [])]


def _caption(
    boards: Sequence[Board], rows: Sequence[tuple[str, tuple[TableEntry, ...]]], marks: Marks
) -> str:
    """Return the caption: the subject of the numbers, and the meaning of each mark in use."""
    entries = [entry for _, row in rows for entry in row]
    return " ".join([_subject(boards), *marks_in_words(entries, marks)])


def _subject(boards: Sequence[Board]) -> str:
    """Return "Means over 50 photographs of photos at 64 px."."""
    counts = sorted({board.n for board in boards})
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    sets = dict.fromkeys(
        f"{board.dataset} at {f'{board.size} px' if board.size else 'their own sizes'}"
        for board in boards
    )
    mask = f", holes {boards[0].mask}" if len(boards) == 1 else ""
    return f"Means over {n} images of {' and '.join(sets)}{mask}."
