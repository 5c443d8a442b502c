"""Boards -> text: Markdown and CSV, and the door to the other formats."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from bench.api import RequestError
from bench.report.boards import Board, Row, make_boards
from bench.report.compare import Cell, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.report.runs import Run

LEGEND = (
    "Bold: the best of its column. ≈: not significantly worse than the best (paired bootstrap over "
    "source photographs, same images and holes, 95%). In brackets: 95% bootstrap interval of the "
    "mean. Seeds are averaged image by image."
)


def render(
    runs: Sequence[Run], format: str = "md", *, metrics: Sequence[str] | None = None
) -> str | bytes:
    """Return the leaderboard of `runs` as text or bytes in one of FORMATS.

    metrics: names to show, in this order; None for all that the runs have.  Raises RequestError for
    an unknown format or metric.
    """
    if format not in FORMATS:
        raise RequestError(f"Unknown format {format!r}. Known: {', '.join(FORMATS)}.")
    return FORMATS[format](make_boards(runs, metrics))


def markdown(boards: Sequence[Board]) -> str:
    """Return a Markdown section with a table per board."""
    sections = [_markdown_board(board) for board in boards]
    return "\n\n".join([*sections, LEGEND]) + "\n"


def comma_separated(boards: Sequence[Board]) -> str:
    """Return a CSV line per board and method, numbers in full precision.

    A name that starts like a spreadsheet formula gets a leading apostrophe.
    """
    names = list(dict.fromkeys(metric.name for board in boards for metric in board.metrics))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*_FACTS, *(f"{name}{suffix}" for name in names for suffix in _SUFFIXES)])
    for board in boards:
        for row in board.rows:
            cells = [_csv_cell(row.cells.get(name)) for name in names]
            writer.writerow([*_csv_facts(board, row), *(v for cell in cells for v in cell)])
    return buffer.getvalue()


FORMATS: dict[str, Callable[[Sequence[Board]], str | bytes]] = {
    "md": markdown,
    "csv": comma_separated,
}

_FACTS = (
    "dataset",
    "size",
    "mask",
    "mask_seed",
    "method",
    "version",
    "assets",
    "seeds",
    "n",
    "n_failed",
    "seconds_per_image",
)
_SUFFIXES = ("", "_low", "_high", "_n", "_n_infinite", "_best", "_not_worse")


def decimals(values: Sequence[float]) -> int:
    """Return the decimals that give a column's largest value about four figures."""
    largest = max((abs(value) for value in values), default=0.0)
    return 1 if largest >= 1000 else 2 if largest >= 10 else 3 if largest >= 1 else 4


def seconds_text(seconds: float | None) -> str:
    """Return a time per image with two or three figures: "0.0104", "12.3", "–" when unknown."""
    if seconds is None:
        return "–"
    return f"{seconds:.3g}" if seconds < 100 else f"{seconds:.0f}"


def _markdown_board(board: Board) -> str:
    with_assets = any(row.assets for row in board.rows)
    with_seeds = any(len(row.seeds) > 1 for row in board.rows)
    head = ["method", *(metric.title for metric in board.metrics), "n", "s/image"]
    head += ["seeds"] * with_seeds + ["weights, gallery"] * with_assets
    places = {m.name: decimals(_column(board, m)) for m in board.metrics}
    lines = [
        head,
        [
            "---",
            *["---:"] * (len(board.metrics) + 2),
            *["---"] * (len(head) - len(board.metrics) - 3),
        ],
    ]
    for row in board.rows:
        cells = [_markdown_cell(row.cells.get(name), n) for name, n in places.items()]
        tail = [", ".join(map(str, row.seeds))] * with_seeds + [_escape(row.assets)] * with_assets
        count = f"{row.n}" + (f" ({row.n_failed} failed)" if row.n_failed else "")
        lines.append([_escape(row.method), *cells, count, seconds_text(row.seconds), *tail])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "".join(f"\n\n{_escape(note)}" for note in board.notes)
    return f"### {_escape(board.title)}\n\n{table}{notes}"


def _markdown_cell(cell: Cell | None, places: int) -> str:
    if cell is None:
        return "–"
    text = f"{cell.value:.{places}f}"
    text = f"**{text}**" if cell.best else f"{text} ≈" if cell.close else text
    if cell.of_set:
        return f"{text} (N = {cell.n:,})"
    if cell.interval is None:
        return text
    low, high = cell.interval
    return f"{text} [{low:.{places}f}, {high:.{places}f}]"


def _column(board: Board, metric: Metric) -> list[float]:
    return [row.cells[metric.name].value for row in board.rows if metric.name in row.cells]


def _escape(text: str) -> str:
    """Make a name from outside plain text in a Markdown table."""
    one_line = " ".join(text.split())
    without_html = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", without_html)


def _csv_facts(board: Board, row: Row) -> list[object]:
    return [
        _no_formula(board.dataset),
        board.size if board.size is not None else "",
        _no_formula(board.mask),
        board.mask_seed,
        _no_formula(row.method),
        _no_formula(str(row.runs[0].spec["method"].get("version"))),
        _no_formula(row.assets),
        " ".join(map(str, row.seeds)),
        row.n,
        row.n_failed,
        row.seconds if row.seconds is not None else "",
    ]


def _csv_cell(cell: Cell | None) -> list[object]:
    if cell is None:
        return [""] * len(_SUFFIXES)
    low, high = cell.interval or ("", "")
    return [cell.value, low, high, cell.n, cell.n_infinite, int(cell.best), int(cell.close)]


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
