"""The scores behind a board's cells: each metric, averaged image by image over seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from bench.store.summary import ImageEntry, SetEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.store.scored_run import ScoredRun

Entry = TypeVar("Entry", ImageEntry, SetEntry)


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
class Column:
    """A metric's scores of one row of the board, averaged over seeds and samples.

    values: (images,), NaN where there is no finite score.  n_infinite: scores of identical images,
    which are in no mean.  stored: the interval that scoring stored, where the row is one run.
    """

    row: int
    metric: Metric
    values: np.ndarray
    n_infinite: int
    stored: tuple[float, float] | None

    @property
    def mean(self) -> float:
        """The mean of the finite values, NaN where there is none."""
        finite = self.values[np.isfinite(self.values)]
        return float(finite.mean()) if len(finite) else math.nan


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
    row: int,
    group: Sequence[ScoredRun],
    metrics: Sequence[Metric],
    sources: Mapping[str, str],
) -> list[Column]:
    """Average each metric of a row image by image over seeds and samples."""
    place = {image: k for k, image in enumerate(sources)}
    rows = [np.array([place[run.image_of(i)] for i in run.scores.index], int) for run in group]
    columns = []
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
            stored = stored_interval(group, metric.name)
            columns.append(Column(row, metric, mean, n_infinite, stored))
    return columns


def entries_of(group: Sequence[ScoredRun], name: str, kind: type[Entry]) -> list[Entry]:
    """Return the entries of a metric in the runs' summaries, of one kind."""
    entries = (run.summary.metrics.get(name) for run in group)
    return [entry for entry in entries if isinstance(entry, kind)]


def stored_interval(group: Sequence[ScoredRun], name: str) -> tuple[float, float] | None:
    """Return the interval that scoring stored, where the row is one run, of all its images."""
    whole = len(group) == 1 and group[0].images is None
    entries = entries_of(group, name, ImageEntry) if whole else []
    return entries[0].interval if entries else None
