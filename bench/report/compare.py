"""The cells of a board: means over seeds, intervals, the best and what is not worse than it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from bench.report.paired import Intervals, intervals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.report.runs import Run


@dataclass(frozen=True)
class Metric:
    """A column of a board."""

    name: str
    unit: str
    higher_is_better: bool

    @property
    def title(self) -> str:
        """Name, unit and direction, "psnr (dB) ↑"."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"{self.name}{unit} {'↑' if self.higher_is_better else '↓'}"


@dataclass(frozen=True)
class Cell:
    """A number with its interval (None for metrics of whole sets) and what the table says of it.

    of_set: one number a run; n is then the number of images in the set and is always printed.
    best: the best of its column.  close: not significantly worse than the best (paired bootstrap
    over sources, same images and holes, 95%).
    """

    value: float
    interval: tuple[float, float] | None
    n: int
    n_infinite: int = 0
    of_set: bool = False
    best: bool = False
    close: bool = False


def set_cells(
    groups: Sequence[Sequence[Run]], metrics: Sequence[Metric]
) -> dict[tuple[int, str], Cell]:
    """Cells of metrics with one number a run: the mean over seeds; the best is marked."""
    cells = {}
    for metric in metrics:
        column = {}
        for i, group in enumerate(groups):
            entries = [run.summary["metrics"].get(metric.name) or {} for run in group]
            known = [e for e in entries if e.get("value") is not None]
            if known:
                column[i] = (fmean(e["value"] for e in known), min(int(e["n"]) for e in known))
        if column:
            sign = -1 if metric.higher_is_better else 1
            best = min(column, key=lambda i: sign * column[i][0])
            for i, (value, n) in column.items():
                marked = i == best and len(column) > 1
                cells[i, metric.name] = Cell(value, None, n, of_set=True, best=marked)
    return cells


def image_cells(
    groups: Sequence[Sequence[Run]], metrics: Sequence[Metric]
) -> dict[tuple[int, str], Cell]:
    """Cells of per-image metrics: means and intervals, the best and what is not worse than it."""
    sources = _sources(groups)
    columns = {
        (i, metric.name): _column(group, metric.name, sources)
        for metric in metrics
        for i, group in enumerate(groups)
        if any(metric.name in run.scores for run in group)
    }
    if not columns:
        return {}
    own = np.stack([values for values, _ in columns.values()], axis=1)
    means = {key: _mean(own[:, k]) for k, key in enumerate(columns)}
    best = {metric.name: _best(means, metric) for metric in metrics}
    stored = intervals(
        np.concatenate([own, own - _best_columns(own, list(columns), best)], axis=1),
        list(sources.values()),
    )
    return {
        key: _image_cell(stored, k, len(columns), best[key[1]], key, columns[key][1])
        for k, key in enumerate(columns)
        if stored.n[k]
    }


def _image_cell(
    found: Intervals, k: int, offset: int, best: int | None, key: tuple[int, str], n_infinite: int
) -> Cell:
    """Column k holds the scores, column k + offset the differences from the best."""
    low, high = float(found.low[k]), float(found.high[k])
    known = math.isfinite(low) and math.isfinite(high)
    low_difference, high_difference = found.low[k + offset], found.high[k + offset]
    is_best = best == key[0]
    close = bool(low_difference <= 0 <= high_difference) and not is_best
    return Cell(
        float(found.mean[k]),
        (low, high) if known else None,
        int(found.n[k]),
        n_infinite,
        best=is_best,
        close=close and best is not None,
    )


def _best(means: Mapping[tuple[int, str], float], metric: Metric) -> int | None:
    """Return the row with the best mean, None when there is nothing to compare."""
    column = {i: m for (i, name), m in means.items() if name == metric.name and math.isfinite(m)}
    if len(column) < 2:
        return None
    return min(column, key=lambda i: -column[i] if metric.higher_is_better else column[i])


def _best_columns(
    own: np.ndarray, keys: list[tuple[int, str]], best: Mapping[str, int | None]
) -> np.ndarray:
    """Return, beside each column, the column of its metric's best row."""
    place: dict[tuple[int | None, str], int] = {key: k for k, key in enumerate(keys)}
    chosen = [place.get((best[name], name), place[i, name]) for i, name in keys]
    return own[:, np.asarray(chosen, dtype=np.intp)]


def _sources(groups: Sequence[Sequence[Run]]) -> dict[str, str]:
    """Return image id -> source over all runs of a board."""
    return {
        run.image_of(output_id): str(record.get("source") or run.image_of(output_id))
        for group in groups
        for run in group
        for output_id, record in run.records.items()
    }


def _column(
    group: Sequence[Run], metric: str, sources: Mapping[str, str]
) -> tuple[np.ndarray, int]:
    """Average a metric image by image over seeds and samples: (images,), NaN where unknown.

    The second value counts the infinite scores (identical images), which no mean holds.
    """
    place = {image: k for k, image in enumerate(sources)}
    totals, counts, n_infinite = np.zeros(len(place)), np.zeros(len(place)), 0
    for run in group:
        if metric not in run.scores:
            continue
        values = run.scores[metric].to_numpy(dtype=np.float64)
        rows = np.array([place[run.image_of(i)] for i in run.scores.index], dtype=np.intp)
        finite = np.isfinite(values)
        n_infinite += int(np.isinf(values).sum())
        np.add.at(totals, rows[finite], values[finite])
        np.add.at(counts, rows[finite], 1.0)
    column = np.divide(totals, counts, out=np.full(len(place), np.nan), where=counts > 0)
    return column, n_infinite


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else math.nan
