"""The rows of a board for the page: cells, curves, and the spread of seeds and samples."""

from __future__ import annotations

from statistics import stdev
from typing import TYPE_CHECKING

import numpy as np

from bench.report.best_of_k import best_of_curve
from bench.report.entries import interval_text
from bench.report.rounding import column, decimals, seconds_text
from bench.statistics.aggregates import by_hole_area
from bench.store.summary import ImageEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.report.boards import Board, Row
    from bench.report.cells import Cell
    from bench.store.scored_run import ScoredRun

# A bin of hole area: its edges, how many images it has, their mean score.
Bin = tuple[float, float, int, float]


def row_of(board: Board, key: int, row: Row) -> dict[str, object]:
    """Return a row as JSON values; key: its place on the board."""
    places = {m.name: decimals(column(board, m)) for m in board.metrics}
    seeds = f"{len(row.seeds)} seeds" if len(row.seeds) > 1 else ""
    return {
        "key": str(key),
        "name": row.title,
        "method": row.method,
        "assets": row.assets,
        "licence": row.licence,
        "seeds": seeds,
        "n": row.n,
        "failed": row.n_failed,
        "seconds": row.seconds,
        "secondsText": seconds_text(row.seconds),
        "evaluations": row.cost.total if row.cost else None,
        "evaluationsText": row.cost.text if row.cost else "–",
        "cells": {
            name: {**_cell(cell, places[name]), "spread": _spread(row, name, places[name])}
            for name, cell in row.cells.items()
        },
        "bins": {name: _bins(row, name) for name in row.cells},
        "bestOf": {m.name: best_of_curve(row, m) for m in board.metrics if m.name in row.cells},
    }


def _cell(cell: Cell, places: int) -> dict[str, object]:
    detail = about = ""
    if cell.of_set:
        detail = about = f"N = {cell.n:,}"
    elif cell.interval is not None:
        detail = interval_text(cell, places)
        about = f"95% interval {detail} over {cell.n} images"
    return {
        "value": cell.value,
        "interval": cell.interval,
        "text": f"{cell.value:.{places}f}",
        "detail": detail,
        "about": about,
        "best": cell.best,
        "close": cell.close,
    }


def _spread(row: Row, metric: str, places: int) -> str:
    """Say how far the means of a row's seeds, and of its samples, are apart; "" for one of each."""
    said = []
    seeds = [float(np.nanmean(_finite(run, metric))) for run in row.runs if metric in run.scores]
    if len(seeds) > 1:
        said.append(f"±{stdev(seeds):.{places}f} over {len(seeds)} seeds")
    several = [run for run in row.runs if run.samples > 1 and metric in run.scores]
    samples = [mean for run in several for mean in _by_sample(run, metric)]
    if len(samples) > 1:
        said.append(f"±{stdev(samples):.{places}f} over {len(samples)} samples")
    return ", ".join(said)


def _finite(run: ScoredRun, metric: str) -> np.ndarray:
    values = run.scores[metric].to_numpy(dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _by_sample(run: ScoredRun, metric: str) -> list[float]:
    """Return the mean over images of each sample of a run of several, whose ids end in @k."""
    values = _finite(run, metric)
    sample = np.array([str(i).rpartition("@")[2] for i in run.scores.index])
    return [float(np.nanmean(values[sample == k])) for k in np.unique(sample)]


def _bins(row: Row, metric: str) -> list[Bin]:
    """Return each bin of hole area, pooled over seeds."""
    by_bin: dict[tuple[float, float], list[tuple[int, float]]] = {}
    for edges, n, mean in (area for run in row.runs for area in _areas(run, metric)):
        by_bin.setdefault(edges, []).append((n, mean))
    return [
        (*edges, sum(n for n, _ in seeds), sum(n * m for n, m in seeds) / sum(n for n, _ in seeds))
        for edges, seeds in sorted(by_bin.items())
    ]


def _areas(run: ScoredRun, metric: str) -> Iterator[tuple[tuple[float, float], int, float]]:
    """Yield the bins of a run: those of its summary, or of the images that are taken alone."""
    entry = run.summary.metrics.get(metric)
    if run.images is not None:
        yield from _areas_of_images(run, metric)
    elif isinstance(entry, ImageEntry):
        for area in entry.by_hole_area:
            if area.n and area.mean is not None:
                yield area.edges, area.n, area.mean


def _areas_of_images(
    run: ScoredRun, metric: str
) -> Iterator[tuple[tuple[float, float], int, float]]:
    """Yield the bins of the images that are taken alone, of those with a finite score."""
    if metric not in run.scores:
        return
    scores = {str(i): value for i, value in run.scores[metric].items() if np.isfinite(value)}
    fractions = [run.records[i].hole_fraction or 0.0 for i in scores]
    if scores and all(fractions):
        for area in by_hole_area(list(scores.values()), fractions):
            yield area.edges, area.n, area.mean
