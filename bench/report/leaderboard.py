"""The leaderboard: runs -> boards -> one of the formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.api import RequestError
from bench.report import html, latex, markdown, tabular
from bench.report.boards import Board, make_boards, without_intervals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.store.scored_run import ScoredRun


def render(
    runs: Sequence[ScoredRun],
    format: str = "md",
    *,
    metrics: Sequence[str] | None = None,
    intervals: bool = True,
    pictures: int | None = None,
    strict: bool = False,
) -> str | bytes:
    """Return the leaderboard of `runs` as text or bytes in one of FORMATS.

    metrics: names to show, in this order; None for all that the runs have.  intervals: print the
    95% intervals (Markdown, LaTeX).  pictures: the most that a page (HTML) carries; None for its
    own limit.  strict: raise RequestError for an image that a compared run lacks.  Raises
    RequestError for an unknown format or metric.
    """
    if format not in FORMATS:
        raise RequestError(f"Unknown format {format!r}. Known: {', '.join(FORMATS)}.")
    boards = make_boards(runs, metrics, strict=strict)
    if not intervals and format in {"md", "latex"}:
        boards = [without_intervals(board) for board in boards]
    if format == "html" and pictures is not None:
        return html.page(boards, pictures=pictures)
    return FORMATS[format](boards)


FORMATS: dict[str, Callable[[Sequence[Board]], str | bytes]] = {
    "md": markdown.document,
    "csv": tabular.comma_separated,
    "parquet": tabular.parquet,
    "latex": latex.document,
    "html": html.page,
}
