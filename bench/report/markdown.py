"""Write boards as Markdown tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench.report.cell_text import Marks, cell_text
from bench.report.ranks import mean_ranks
from bench.report.rounding import column, decimals, seconds_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.boards import Board
    from bench.report.ranks import MeanRanks

LEGEND = (
    "Bold: the best of its column. ≈: not significantly worse than the best (paired bootstrap over "
    "source photographs, same images and holes, 95%). In brackets: 95% bootstrap interval of the "
    "mean. Seeds are averaged image by image."
)
_MARKS = Marks(
    missing="–",
    best=lambda text: f"**{text}**",
    second=lambda text: text,
    close=lambda text: f"{text} ≈",
    detail=lambda text, detail: f"{text} {detail}",
    set_size=lambda n: f"(N = {n:,})",
)


def document(boards: Sequence[Board]) -> str:
    """Return a Markdown section with a table per board, and mean ranks over several."""
    sections = [_markdown_board(board) for board in boards]
    ranks = mean_ranks(boards)
    sections += [_rank_section(ranks)] if ranks is not None else []
    return "\n\n".join([*sections, LEGEND]) + "\n"


def _markdown_board(board: Board) -> str:
    with_assets = any(row.assets for row in board.rows)
    with_seeds = any(len(row.seeds) > 1 for row in board.rows)
    head = ["method", *(metric.title for metric in board.metrics), "n", "s/image"]
    head += ["seeds"] * with_seeds + ["weights, gallery"] * with_assets
    places = {m.name: decimals(column(board, m)) for m in board.metrics}
    lines = [
        head,
        [
            "---",
            *["---:"] * (len(board.metrics) + 2),
            *["---"] * (len(head) - len(board.metrics) - 3),
        ],
    ]
    for row in board.rows:
        cells = [cell_text(row.cells.get(name), n, _MARKS) for name, n in places.items()]
        tail = [", ".join(map(str, row.seeds))] * with_seeds + [escape(row.assets)] * with_assets
        count = f"{row.n}" + (f" ({row.n_failed} failed)" if row.n_failed else "")
        lines.append([escape(row.method), *cells, count, seconds_text(row.seconds), *tail])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "".join(f"\n\n{escape(note)}" for note in board.remarks)
    return f"### {escape(board.title)}\n\n{table}{notes}"


def _rank_section(mean: MeanRanks) -> str:
    """Return the table of mean ranks over all boards."""
    lines = ["| method | mean rank |", "| --- | ---: |"]
    for i, name in enumerate(mean.methods):
        rank = f"{mean.ranks.mean_ranks[i]:.2f}"
        marked = f"**{rank}**" if mean.best(i) else f"{rank} ≈" if mean.close(i) else rank
        lines.append(f"| {escape(name)} | {marked} |")
    table = "\n".join(lines)
    return f"### {escape(mean.title)}\n\n{table}\n\n{escape(mean.note)}"


def escape(text: str) -> str:
    """Escape a user's text, so that a Markdown table shows it as it is."""
    one_line = " ".join(text.split())
    without_html = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", without_html)
