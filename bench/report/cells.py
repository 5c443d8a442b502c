"""The cells of a board: means over seeds, intervals, the best and what is not worse than it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from bench.statistics.intervals import Intervals, intervals
from bench.store.summary import ImageEntry, SetEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.store.scored_run import ScoredRun


SMALL_IMAGE = 64


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


def primary(metrics: Sequence[Metric], size: int | None) -> Metric | None:
    """Return the metric that orders a board: LPIPS where there is one, else the first.

    Below 64 pixels LPIPS's feature maps are a few pixels wide: there the one at 64 counts.
    """
    by_name = {metric.name: metric for metric in metrics}
    small = size is not None and size < SMALL_IMAGE
    wanted = ("lpips_up64", "lpips") if small else ("lpips", "lpips_up64")
    found = next((by_name[name] for name in wanted if name in by_name), None)
    return found or (metrics[0] if metrics else None)


def set_cells(
    groups: Sequence[Sequence[ScoredRun]], metrics: Sequence[Metric]
) -> dict[tuple[int, str], Cell]:
    """Cells of metrics with one number a run: the mean over seeds; the best is marked."""
    cells = {}
    for metric in metrics:
        column = {}
        for i, group in enumerate(groups):
            entries = [run.summary.metrics.get(metric.name) for run in group]
            known = [
                (entry.value, entry.n)
                for entry in entries
                if isinstance(entry, SetEntry) and entry.value is not None
            ]
            if known:
                column[i] = (fmean(value for value, _ in known), min(n for _, n in known))
        if column:
            sign = -1 if metric.higher_is_better else 1
            best = min(column, key=lambda i: sign * column[i][0])
            for i, (value, n) in column.items():
                marked = i == best and len(column) > 1
                cells[i, metric.name] = Cell(value, None, n, of_set=True, best=marked)
    return cells


def sample_cells(
    groups: Sequence[Sequence[ScoredRun]], metrics: Sequence[Metric]
) -> dict[tuple[int, str], Cell]:
    """Cells of metrics over an image's samples (diversity): in the summary, not in scores.csv.

    The mean over seeds; the interval that scoring stored, for one run.  None is marked best: their
    scores by image are not kept, so that differences cannot be tested.
    """
    cells = {}
    for i, group in enumerate(groups):
        for name in (metric.name for metric in metrics):
            entries = [run.summary.metrics.get(name) for run in group]
            known = [
                (entry.mean, entry.n)
                for entry in entries
                if isinstance(entry, ImageEntry) and entry.mean is not None
            ]
            if known and not any(name in run.scores for run in group):
                value, n = fmean(mean for mean, _ in known), min(n for _, n in known)
                cells[i, name] = Cell(value, _stored(groups, (i, name)), n)
    return cells


def image_cells(
    groups: Sequence[Sequence[ScoredRun]], metrics: Sequence[Metric]
) -> dict[tuple[int, str], Cell]:
    """Cells of per-image metrics: means and intervals, the best and what is not worse than it."""
    sources = sources_of(groups)
    columns = {
        (i, name): column
        for i, group in enumerate(groups)
        for name, column in columns_of(group, metrics, sources).items()
    }
    if not columns:
        return {}
    own = np.stack([values for values, _ in columns.values()], axis=1)
    means = {key: _mean(own[:, k]) for k, key in enumerate(columns)}
    best = {metric.name: _best(means, metric) for metric in metrics}
    from_best = own - _best_columns(own, list(columns), best)
    found = intervals(np.concatenate([own, from_best], axis=1), list(sources.values()))
    return {
        key: _image_cell(found, k, best[key[1]], key[0], columns[key][1], _stored(groups, key))
        for k, key in enumerate(columns)
        if found.n[k]
    }


def _image_cell(
    found: Intervals,
    k: int,
    best: int | None,
    row: int,
    n_infinite: int,
    stored: tuple[float, float] | None,
) -> Cell:
    """Make the cell of column k; the second half of `found` holds the differences from the best."""
    difference = k + len(found.mean) // 2
    low, high = float(found.low[k]), float(found.high[k])
    same = bool(found.low[difference] <= 0 <= found.high[difference])
    return Cell(
        float(found.mean[k]),
        stored or ((low, high) if math.isfinite(low) and math.isfinite(high) else None),
        int(found.n[k]),
        n_infinite,
        best=best == row,
        close=same and best not in {None, row},
    )


def _stored(
    groups: Sequence[Sequence[ScoredRun]], key: tuple[int, str]
) -> tuple[float, float] | None:
    """Return the interval that scoring stored, where the row is one run: as in its summary."""
    runs, name = groups[key[0]], key[1]
    entry = runs[0].summary.metrics.get(name) if len(runs) == 1 else None
    return entry.interval if isinstance(entry, ImageEntry) else None


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


def sources_of(groups: Sequence[Sequence[ScoredRun]]) -> dict[str, str]:
    """Return image id -> source over all runs of a board; records are read only for new images."""
    sources: dict[str, str] = {}
    for run in (run for group in groups for run in group):
        images = [run.image_of(output_id) for output_id in run.scores.index]
        if all(image in sources for image in images):
            continue
        for output_id, image in zip(run.scores.index, images, strict=True):
            sources[image] = run.source_of(output_id)
    return sources


def columns_of(
    group: Sequence[ScoredRun], metrics: Sequence[Metric], sources: Mapping[str, str]
) -> dict[str, tuple[np.ndarray, int]]:
    """Average each metric image by image over seeds and samples: (images,), NaN where unknown.

    The second value counts the infinite scores (identical images), which no mean holds.
    """
    place = {image: k for k, image in enumerate(sources)}
    rows = [np.array([place[run.image_of(i)] for i in run.scores.index], int) for run in group]
    columns = {}
    for metric in metrics:
        having = [k for k, run in enumerate(group) if metric.name in run.scores]
        totals, counts, n_infinite = np.zeros(len(place)), np.zeros(len(place)), 0
        for run, at in ((group[k], rows[k]) for k in having):
            values = run.scores[metric.name].to_numpy(dtype=np.float64)
            finite = np.isfinite(values)
            n_infinite += int(np.isinf(values).sum())
            np.add.at(totals, at[finite], values[finite])
            np.add.at(counts, at[finite], 1.0)
        if having:
            mean = np.divide(totals, counts, out=np.full(len(place), np.nan), where=counts > 0)
            columns[metric.name] = (mean, n_infinite)
    return columns


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else math.nan
