"""The leaderboard: runs -> boards -> one of the formats, in one of the layouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bench.api import RequestError
from bench.report import (
    board_matrix,
    html,
    latex,
    markdown,
    matrix_formats,
    paper,
    tabular,
    terminal,
)
from bench.report.boards import Board, make_boards, without_intervals
from bench.report.entries import Marks, marks_in_words
from bench.report.matrix import Matrix

if TYPE_CHECKING:
    from pathlib import Path

    from bench.store.scored_run import ScoredRun

LAYOUTS = ("boards", "paper")
TEXT_MARKS = Marks("marked *", "", "Below each")


def render(
    runs: Sequence[ScoredRun],
    format: str = "md",
    *,
    metrics: Sequence[str] | None = None,
    intervals: bool = True,
    pictures: int | None = None,
    strict: bool = False,
    style: paper.Style | None = None,
) -> str | bytes:
    """Return the leaderboard of `runs` as text or bytes in one of FORMATS.

    metrics: names to show, in this order; None for all that the runs have.  intervals: print the
    95% intervals (text, Markdown, LaTeX).  pictures: the most that a page (HTML) carries; None for
    its own limit.  strict: raise RequestError for an image that a compared run lacks.  style: of
    one table of methods by masks and metrics; None for a table per mask.
    Raises RequestError for an unknown format or metric.
    """
    formats = FORMATS if style is None else PAPER_FORMATS
    if format not in formats:
        raise RequestError(f"Unknown format {format!r}. Known: {', '.join(formats)}.")
    boards = make_boards(runs, metrics, strict=strict)
    if style is not None:
        marks = TEXT_MARKS if format == "text" else Marks()
        return PAPER_FORMATS[format](paper.matrix(boards, style, marks))
    if not intervals and format in {"text", "md", "latex"}:
        boards = [without_intervals(board) for board in boards]
    if format == "html" and pictures is not None:
        return html.page(boards, pictures=pictures)
    return FORMATS[format](boards)


def format_of(out: Path | None, asked: str | None) -> str:
    """Return the format asked for, else that of the file's suffix, else text.

    Raises RequestError for a suffix that says nothing.
    """
    if asked is not None:
        return asked
    if out is None:
        return "text"
    by_suffix = SUFFIXES.get(out.suffix.lower())
    if by_suffix is None:
        raise RequestError(
            f"--out {out}: the suffix is none of {', '.join(SUFFIXES)}; give --format too."
        )
    return by_suffix


def _text(boards: Sequence[Board]) -> str:
    """Return the tables for a terminal, with what their marks mean at the end."""
    matrices = [board_matrix.matrix(board, compact=True) for board in boards]
    entries = (entry for matrix in matrices for _, row in matrix.rows for entry in row)
    legend = terminal.wrapped(" ".join(marks_in_words(entries, TEXT_MARKS)))
    return "\n\n".join([*map(terminal.text, matrices), legend]).rstrip() + "\n"


def _latex(boards: Sequence[Board]) -> str:
    """Return a document whose captions explain the marks."""
    return latex.document([board_matrix.with_legend(board) for board in boards])


FORMATS: dict[str, Callable[[Sequence[Board]], str | bytes]] = {
    "text": _text,
    "md": markdown.document,
    "csv": tabular.comma_separated,
    "parquet": tabular.parquet,
    "latex": _latex,
    "html": html.page,
}
PAPER_FORMATS: dict[str, Callable[[Matrix], str]] = {
    "text": terminal.text,
    "md": markdown.section,
    "csv": matrix_formats.comma_separated,
    "latex": lambda matrix: latex.document([matrix]),
    "html": matrix_formats.html,
}
SUFFIXES = {
    ".txt": "text", ".md": "md", ".csv": "csv", ".parquet": "parquet", ".tex": "latex",
    ".html": "html", ".htm": "html",
}  # fmt: skip
