"""Tables as text for a terminal: aligned, no wider than asked for, nothing escaped."""

from __future__ import annotations

import io
import textwrap
from itertools import chain
from typing import TYPE_CHECKING

from bench.report.matrix import one_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.report.matrix import Matrix, TableEntry

WIDTH = 80
# The first column is folded above this.
STUB = 26


def text(matrix: Matrix, width: int = WIDTH) -> str:
    """Return a table as lines of at most `width` characters where its columns allow that.

    Groups are printed one below the other; columns that do not fit go into another block.  The
    interval of a number is below it.
    """
    titled = [k for k, group in enumerate(matrix.groups) if group.title]
    parts = [one_group(matrix, k) for k in titled] or [matrix]
    blocks = _blocks(parts[0], width) if len(parts) == 1 else _titled_blocks(parts, width)
    if not matrix.bare:
        notes = (wrapped(note, width) for note in matrix.notes)
        blocks = [_caption(matrix, width), *blocks, *notes]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _titled_blocks(parts: Sequence[Matrix], width: int) -> list[str]:
    """Return the blocks of several groups, each group's below its title."""
    blocks = []
    for part in parts:
        title = next(group.title for group in part.groups if group.title)
        blocks += [title, *_blocks(part, width)]
    return blocks


def wrapped(paragraph: str, width: int = WIDTH) -> str:
    """Return a paragraph in lines of at most `width` characters."""
    return textwrap.fill(" ".join(paragraph.split()), width, break_on_hyphens=False)


def _caption(matrix: Matrix, width: int) -> str:
    return wrapped(matrix.caption, width)


def _blocks(matrix: Matrix, width: int) -> list[str]:
    """Return the table in as many blocks as its columns need, close to each other if that helps."""
    columns = [
        [head, *chain.from_iterable(_lines(entries[k]) for _, entries in matrix.rows)]
        for k, head in enumerate(matrix.heads)
    ]
    widths = [max(map(len, column)) for column in columns]
    stub = min(STUB, max(map(len, (matrix.stub, *(title for title, _ in matrix.rows)))))
    wide, close = (list(_fitting([w + gap for w in widths], width - stub)) for gap in (2, 1))
    blocks, gap = (close, 1) if len(close) < len(wide) else (wide, 2)
    return [_block(matrix, places, stub, gap) for places in blocks]


def _fitting(widths: Sequence[int], room: int) -> Iterator[list[int]]:
    """Yield the columns that fit beside each other, at least one at a time."""
    places: list[int] = []
    for k, width in enumerate(widths):
        if places and sum(widths[i] for i in places) + width > room:
            yield places
            places = []
        places.append(k)
    yield places


def _block(matrix: Matrix, places: Sequence[int], stub: int, gap: int) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="")
    table.add_column(Text(matrix.stub), overflow="fold", max_width=stub)
    for k in places:
        table.add_column(Text(matrix.heads[k]), justify="right", no_wrap=True)
    for title, entries in matrix.rows:
        table.add_row(Text(title), *(Text("\n".join(_lines(entries[k]))) for k in places))
    file = io.StringIO()
    Console(file=file, width=10 * WIDTH, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def _lines(entry: TableEntry) -> list[str]:
    """Return the number with its mark, and the line below it: an interval as low–high."""
    mark = "*" if entry.best else "≈" if entry.close else " "
    detail = entry.detail
    if detail.startswith("["):
        detail = detail.strip("[]").replace(", ", "–")
    return [f"{entry.text}{mark}", *([detail] if detail else [])]
