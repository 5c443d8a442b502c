"""A table as every format prints it: columns in groups, a row of entries per method."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class TableEntry:
    """A cell: its text, and facts about its number.

    detail: the interval, or the size of a set.  best, second: of its column.  close: not
    distinguished from the best.  values: the number in full precision and the ends of its interval,
    for CSV.
    """

    text: str
    detail: str = ""
    best: bool = False
    second: bool = False
    close: bool = False
    values: tuple[float, float | None, float | None] | None = None


@dataclass(frozen=True)
class ColumnGroup:
    """Columns under one heading, such as a mask; its title is empty where there is nothing to say.

    heads: the columns' titles.
    """

    title: str
    heads: tuple[str, ...]


@dataclass(frozen=True)
class Matrix:
    """A table.  stub: the title of the first column.  rows: title, and an entry per column.

    label: for references in LaTeX.  comments: lines for the LaTeX source.  bare: print the
    table alone, without caption and notes.
    """

    groups: tuple[ColumnGroup, ...]
    rows: tuple[tuple[str, tuple[TableEntry, ...]], ...]
    caption: str = ""
    notes: tuple[str, ...] = ()
    stub: str = "method"
    label: str = ""
    comments: tuple[str, ...] = ()
    bare: bool = False

    @property
    def heads(self) -> tuple[str, ...]:
        """The titles of all columns but the first."""
        return tuple(head for group in self.groups for head in group.heads)

    @property
    def full_heads(self) -> tuple[str, ...]:
        """The same, each with its group's title before it where that is needed."""
        several = sum(bool(group.title) for group in self.groups) > 1
        return tuple(
            f"{group.title}: {head}" if several and group.title else head
            for group in self.groups
            for head in group.heads
        )


def one_group(matrix: Matrix, k: int) -> Matrix:
    """Return the table of one group alone, with the untitled ones beside it."""
    kept: list[ColumnGroup] = []
    start, places = 0, list[int]()
    for index, group in enumerate(matrix.groups):
        if index == k or not group.title:
            kept.append(group)
            places += range(start, start + len(group.heads))
        start += len(group.heads)
    rows = tuple((title, tuple(entries[i] for i in places)) for title, entries in matrix.rows)
    return replace(matrix, groups=tuple(kept), rows=rows)
