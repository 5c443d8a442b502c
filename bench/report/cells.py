"""The cells of a board: means over seeds, intervals, and which are best or close to the best."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from bench.report.columns import (
    Column,
    Metric,
    columns_of,
    entries_of,
    sources_of,
    stored_interval,
)
from bench.statistics.intervals import Interval, intervals
from bench.store.state import is_unreliable
from bench.store.summary import ImageEntry, SetEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.store.scored_run import ScoredRun

SMALL_IMAGE = 64


@dataclass(frozen=True)
class Cell:
    """A number with its interval (None for metrics of whole sets) and its marks in the table.

    of_set: one number per run; n is then the number of images in the set and is always printed.
    best, second: of its column.  close: not significantly worse than the best (paired bootstrap
    over sources, same images and holes, 95%).
    """

    value: float
    interval: tuple[float, float] | None
    n: int
    n_infinite: int = 0
    of_set: bool = False
    best: bool = False
    second: bool = False
    close: bool = False


def primary(metrics: Sequence[Metric], size: int | None) -> Metric | None:
    """Return the metric that orders a board: LPIPS where there is one, else the first.

    Below 64 pixels LPIPS's feature maps are a few pixels wide: there the one at 64 counts.
    """
    by_name = {metric.name: metric for metric in metrics}
    small = size is not None and size < SMALL_IMAGE
    preferred = ("lpips_up64", "lpips") if small else ("lpips", "lpips_up64")
    lpips = next((by_name[name] for name in preferred if name in by_name), None)
    return lpips or (metrics[0] if metrics else None)


def make_cells(
    groups: Sequence[Sequence[ScoredRun]], metrics: Sequence[Metric]
) -> list[dict[str, Cell]]:
    """Return the cells of each group of runs (a row of the board) by metric.

    A group with an unreliable run has its numbers; it is compared with no other.
    """
    alone = [any(is_unreliable(run.path) for run in group) for group in groups]
    compared = [group for group, flagged in zip(groups, alone, strict=True) if not flagged]
    reliable = iter(_compared_cells(compared, metrics))
    return [
        _compared_cells([group], metrics)[0] if flagged else next(reliable)
        for group, flagged in zip(groups, alone, strict=True)
    ]


def _compared_cells(
    groups: Sequence[Sequence[ScoredRun]], metrics: Sequence[Metric]
) -> list[dict[str, Cell]]:
    """Return the cells of groups of runs that are compared with each other."""
    rows: list[dict[str, Cell]] = [{} for _ in groups]
    for cells in (
        _set_cells(groups, metrics), _sample_cells(groups, metrics), _image_cells(groups, metrics)
    ):  # fmt: skip
        for (row, name), cell in cells.items():
            rows[row][name] = cell
    for metric in metrics:
        _mark_second(rows, metric)
    return [{m.name: row[m.name] for m in metrics if m.name in row} for row in rows]


def _mark_second(rows: list[dict[str, Cell]], metric: Metric) -> None:
    """Mark the best cell of a column after the one that is marked best."""
    column = {i: row[metric.name] for i, row in enumerate(rows) if metric.name in row}
    others = {i: cell.value for i, cell in column.items() if not cell.best}
    if len(others) == len(column):
        return  # no cell is marked as best
    finite = {i: value for i, value in others.items() if math.isfinite(value)}
    if finite:
        second = min(finite, key=lambda i: finite[i] * (-1 if metric.higher_is_better else 1))
        rows[second][metric.name] = replace(column[second], second=True)


def _set_cells(
    groups: Sequence[Sequence[ScoredRun]], metrics: Sequence[Metric]
) -> dict[tuple[int, str], Cell]:
    """Return the cells of metrics with one number per run: means over seeds, the best marked."""
    cells = {}
    for metric in metrics:
        column: dict[int, tuple[float, int]] = {}
        for i, group in enumerate(groups):
            entries = entries_of(group, metric.name, SetEntry)
            values = [(e.value, e.n) for e in entries if e.value is not None]
            if values:
                column[i] = _over_seeds(values)
        same_images = len({n for _, n in column.values()}) == 1
        best = (
            _best({i: value for i, (value, _) in column.items()}, metric) if same_images else None
        )
        for i, (value, n) in column.items():
            cells[i, metric.name] = Cell(value, None, n, of_set=True, best=i == best)
    return cells


def _sample_cells(
    groups: Sequence[Sequence[ScoredRun]], metrics: Sequence[Metric]
) -> dict[tuple[int, str], Cell]:
    """Return the cells of metrics over an image's samples (diversity), which scores.csv lacks.

    Each is the mean over seeds; a single run has the interval that scoring stored.  The best one is
    marked, but none as close: differences cannot be tested without scores of single images.
    """
    cells: dict[tuple[int, str], Cell] = {}
    for metric in metrics:
        column: dict[int, Cell] = {}
        for i, group in enumerate(groups):
            entries = entries_of(group, metric.name, ImageEntry)
            means = [(e.mean, e.n) for e in entries if e.mean is not None]
            if means and not any(metric.name in run.scores for run in group):
                value, n = _over_seeds(means)
                column[i] = Cell(value, stored_interval(group, metric.name), n)
        best = _best({i: cell.value for i, cell in column.items()}, metric)
        cells |= {(i, metric.name): replace(cell, best=i == best) for i, cell in column.items()}
    return cells


def _over_seeds(values: Sequence[tuple[float, int]]) -> tuple[float, int]:
    """Return the mean of (value, n) over seeds, and the smallest n."""
    return fmean(value for value, _ in values), min(n for _, n in values)


def _best(values: Mapping[int, float], metric: Metric) -> int | None:
    """Return the row with the best finite value, None when there is nothing to compare."""
    finite = {row: value for row, value in values.items() if math.isfinite(value)}
    if len(finite) < 2:
        return None
    sign = -1 if metric.higher_is_better else 1
    return min(finite, key=lambda row: sign * finite[row])


def _image_cells(
    groups: Sequence[Sequence[ScoredRun]], metrics: Sequence[Metric]
) -> dict[tuple[int, str], Cell]:
    """Return the cells of per-image metrics: means, intervals, the best and those close to it.

    One bootstrap gives the intervals of all columns and of their differences from the best one.
    """
    sources = sources_of(groups)
    columns = [
        column
        for i, group in enumerate(groups)
        for column in columns_of(i, group, metrics, sources)
    ]
    if not columns:
        return {}
    best = _best_columns(columns, metrics)
    own = np.stack([column.values for column in columns], axis=1)
    of_best = [best.get(column.metric.name) or column for column in columns]
    from_best = own - np.stack([column.values for column in of_best], axis=1)
    stacked = intervals(np.concatenate([own, from_best], axis=1), list(sources.values()))
    return {
        (column.row, column.metric.name): _image_cell(
            column,
            best.get(column.metric.name),
            stacked.column(k),
            stacked.column(k + len(columns)),
        )
        for k, column in enumerate(columns)
        if stacked.n[k]
    }


def _image_cell(column: Column, best: Column | None, own: Interval, from_best: Interval) -> Cell:
    """Return the cell of a column: its interval, and that of its difference from the best."""
    finite = math.isfinite(own.low) and math.isfinite(own.high)
    return Cell(
        own.mean,
        column.stored or ((own.low, own.high) if finite else None),
        own.n,
        column.n_infinite,
        best=column is best,
        close=best is not None and column is not best and from_best.low <= 0 <= from_best.high,
    )


def _best_columns(columns: Sequence[Column], metrics: Sequence[Metric]) -> dict[str, Column]:
    """Return the column with the best mean of each metric that has several."""
    best = {}
    for metric in metrics:
        by_row = {column.row: column for column in columns if column.metric == metric}
        row = _best({row: column.mean for row, column in by_row.items()}, metric)
        if row is not None:
            best[metric.name] = by_row[row]
    return best
