"""Write boards as Markdown tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench.report import board_matrix
from bench.report.ranks import mean_ranks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.boards import Board
    from bench.report.matrix import Matrix, TableEntry
    from bench.report.ranks import MeanRanks

LEGEND = (
    "Bold: the best of its column. ≈: not significantly worse than the best (paired bootstrap over "
    "source photographs, same images and holes, 95%). In brackets: 95% bootstrap interval of the "
    "mean. Seeds are averaged image by image."
)


def document(boards: Sequence[Board]) -> str:
    """Return a Markdown section with a table per board, and mean ranks over several."""
    sections = [_markdown_board(board) for board in boards]
    ranks = mean_ranks(boards)
    sections += [_rank_section(ranks)] if ranks is not None else []
    return "\n\n".join([*sections, LEGEND]) + "\n"


def _markdown_board(board: Board) -> str:
    notes = "".join(f"\n\n{escape(note)}" for note in board.remarks)
    return f"### {escape(board.title)}\n\n{table(board_matrix.matrix(board))}{notes}"


def table(matrix: Matrix, *, underline: bool = False) -> str:
    """Return a matrix as a Markdown table; underline: the second of each column."""
    heads = [escape(head) for head in (matrix.stub, *matrix.full_heads)]
    rule = ["---", *["---:"] * len(matrix.heads)]
    body = [
        [escape(title), *(_marked(entry, underline=underline) for entry in entries)]
        for title, entries in matrix.rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, rule, *body])


def section(matrix: Matrix) -> str:
    """Return a matrix with its caption above and its notes below; the table alone where bare."""
    alone = table(matrix, underline=True)
    parts = [alone] if matrix.bare else [escape(matrix.caption), alone, *map(escape, matrix.notes)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _marked(entry: TableEntry, *, underline: bool) -> str:
    text = escape(entry.text)
    second = f"<ins>{text}</ins>" if entry.second and underline else text
    text = f"**{text}**" if entry.best else second
    text = f"{text} ≈" if entry.close else text
    return f"{text} {entry.detail}" if entry.detail else text


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
