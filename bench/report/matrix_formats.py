"""A matrix as CSV and as a page; the other formats have files of their own."""

from __future__ import annotations

import csv
import io
from html import escape as as_text
from importlib.resources import files
from typing import TYPE_CHECKING

from bench.report.tabular import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.matrix import Matrix, TableEntry


def comma_separated(matrix: Matrix) -> str:
    """Return a line per method; numbers in full precision, the ends of intervals beside them."""
    with_ends = [
        any(e[k].values and e[k].values[1] is not None for _, e in matrix.rows)  # type: ignore[index]
        for k in range(len(matrix.heads))
    ]
    heads: list[str] = [matrix.stub]
    for head, ends in zip(matrix.full_heads, with_ends, strict=True):
        heads += [head, f"{head} low", f"{head} high"] if ends else [head]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([plain(head) for head in heads])
    for title, entries in matrix.rows:
        line: list[object] = [title]
        for entry, ends in zip(entries, with_ends, strict=True):
            line += _values(entry, ends=ends)
        writer.writerow([plain(value) for value in line])
    return buffer.getvalue()


def _values(entry: TableEntry, *, ends: bool) -> Sequence[object]:
    values = entry.values or (None if entry.text == "–" else entry.text, None, None)
    return values if ends else values[:1]


def html(matrix: Matrix) -> str:
    """Return a page with the table alone: no script, and no other file."""
    style = files("bench.report.page").joinpath("paper.css").read_text("utf-8")
    groups = "".join(
        f'<th colspan="{len(group.heads)}">{as_text(group.title)}</th>' for group in matrix.groups
    )
    heads = "".join(f"<th>{as_text(head)}</th>" for head in (matrix.stub, *matrix.heads))
    above = f"<tr><th></th>{groups}</tr>" if any(g.title for g in matrix.groups) else ""
    body = "".join(
        f"<tr><th>{as_text(title)}</th>{''.join(map(_cell, entries))}</tr>"
        for title, entries in matrix.rows
    )
    table = f"<table><thead>{above}<tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    if matrix.bare:
        return f"{table}\n"
    notes = "".join(f"<p>{as_text(note)}</p>" for note in matrix.notes)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{as_text(matrix.caption[:80])}</title><style>{style}</style></head><body>"
        f'<p>{as_text(matrix.caption)}</p><div class="scroll">{table}</div>{notes}</body></html>\n'
    )


def _cell(entry: TableEntry) -> str:
    text = as_text(entry.text)
    text = f"<b>{text}</b>" if entry.best else f"<u>{text}</u>" if entry.second else text
    text += " ≈" if entry.close else ""
    return f"<td>{text}{f'<small>{as_text(entry.detail)}</small>' if entry.detail else ''}</td>"
