"""Write boards as one flat table, with a line per board and method: CSV and Parquet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from bench.api import RequestError
from bench.report.states import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.report.boards import Board, Row
    from bench.report.cells import Cell

# Facts that only some tables have.
OPTIONAL: dict[str, Callable[[Row], object]] = {
    "evaluations": lambda row: row.cost and row.cost.evaluations,
    "gradients": lambda row: row.cost and row.cost.gradients,
    "licence": lambda row: row.licence,
    "unreliable": lambda row: reason_of(row.runs),
}
_SUFFIXES = ("", "_low", "_high", "_n", "_n_infinite", "_best", "_not_worse")


def lines_of(boards: Sequence[Board]) -> list[dict[str, object]]:
    """Return a mapping per board and method: facts, then seven columns per metric.

    <metric>, _low, _high (95% interval), _n, _n_infinite, _best, _not_worse (than the best, by the
    paired bootstrap); None where not computed; numbers in full precision.  The facts hold what a
    network computed for an image, a licence, and why a row is unreliable only where some row has
    one.
    """
    rows = [row for board in boards for row in board.rows]
    optional = {key: of for key, of in OPTIONAL.items() if any(map(of, rows))}
    names = list(dict.fromkeys(metric.name for board in boards for metric in board.metrics))
    return [
        {
            **_facts(board, row),
            **{key: of(row) for key, of in optional.items()},
            **_numbers(row, names),
        }
        for board in boards
        for row in board.rows
    ]


def comma_separated(boards: Sequence[Board]) -> str:
    """Return the flat table as CSV.

    A name that starts like a spreadsheet formula gets a leading apostrophe.
    """
    lines = lines_of(boards)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: plain(value) for key, value in line.items()} for line in lines)
    return buffer.getvalue()


def parquet(boards: Sequence[Board]) -> bytes:
    """Return the flat table as a Parquet file; raises RequestError where pyarrow is missing."""
    import pandas as pd

    try:
        return bytes(pd.DataFrame(lines_of(boards)).to_parquet(index=False))
    except ImportError as error:
        raise RequestError(
            "Format 'parquet' needs pyarrow, which is not installed: pip install pyarrow, or use "
            "csv."
        ) from error


def _facts(board: Board, row: Row) -> dict[str, object]:
    return {
        "dataset": board.dataset,
        "size": board.size,
        "mask": board.mask,
        "mask_seed": board.mask_seed,
        "method": row.method,
        "version": str(row.runs[0].spec["method"].get("version")),
        "assets": row.assets,
        "seeds": " ".join(map(str, row.seeds)),
        "n": row.n,
        "n_failed": row.n_failed,
        "seconds_per_image": row.seconds,
    }


def _numbers(row: Row, names: Sequence[str]) -> dict[str, object]:
    return {
        f"{name}{suffix}": value
        for name in names
        for suffix, value in zip(_SUFFIXES, _cell(row.cells.get(name)), strict=True)
    }


def _cell(cell: Cell | None) -> tuple[object, ...]:
    if cell is None:
        return (None,) * len(_SUFFIXES)
    low, high = cell.interval or (None, None)
    return (cell.value, low, high, cell.n, cell.n_infinite, cell.best, cell.close)


def plain(value: object) -> object:
    """Return a value for CSV; text that a spreadsheet takes for a formula gets an apostrophe."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return "" if value is None else value
