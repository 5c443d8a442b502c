"""From scores and records to summary.json (results/README.md documents it); touches no file."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, median
from typing import TypeVar

import numpy as np

from bench import plugins
from bench.api import HasAssets, SetMetric
from bench.execute.local import InProcess
from bench.scoring.intervals import Interval, finite_scores, mean_intervals
from bench.statistics.aggregates import by_hole_area, summarise
from bench.store.manifest import Manifest
from bench.store.record import Record
from bench.store.summary import (
    SCHEMA_VERSION,
    AreaMean,
    ImageEntry,
    MetricEntry,
    SetEntry,
    Summary,
)

T = TypeVar("T")


def summarise_run(
    manifest: Manifest,
    records: Mapping[str, Record],
    done: Sequence[Record],
    table: Mapping[str, Mapping[str, float]],
    intervals: Mapping[str, Interval | None],
    sets: Mapping[str, MetricEntry],
) -> Summary:
    """Return the summary of a run.

    done: the records that are ok, in the order of scores.csv.  table: metric -> id -> value.
    intervals: metric -> that of its mean.
    sets: entries of metrics with one number per run or per image's samples.
    """
    failed = sorted(record.id for record in records.values() if not record.done)
    # Workers' first batches count only where there are no others.
    seconds = _measured([r for r in done if r.warm] or done, lambda r: r.seconds)
    return Summary(
        schema_version=SCHEMA_VERSION,
        spec=manifest.spec,
        labels=manifest.labels,
        complete=len(done) == manifest.plan.n * manifest.spec["samples"],
        n=len(done),
        n_failed=len(failed),
        failed=tuple(failed),
        outputs_sha256=outputs_hash((record.id, record.sha256) for record in done),
        metrics={
            **{
                name: _image_entry(name, values, done, intervals[name])
                for name, values in sorted(table.items())
            },
            **sets,
        },
        seconds_per_image=median(seconds) if seconds else None,
        evaluations=_mean(_measured(done, lambda r: r.evaluations)),
        gradients=_mean(_measured(done, lambda r: r.gradients)),
        peak_memory=max(_measured(done, lambda r: r.peak_memory), default=None),
        weights=_weights(done),
    )


def _weights(records: Sequence[Record]) -> tuple[str, ...]:
    """Return the names of the weights that completed the images, of a method that notes them."""
    return tuple(sorted({str(r.notes["weights"]) for r in records if "weights" in r.notes}))


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _measured(records: Sequence[Record], value_of: Callable[[Record], T | None]) -> list[T]:
    """Return a value of each record that has it."""
    return [value for value in map(value_of, records) if value is not None]


def outputs_hash(outputs: Iterable[tuple[str, str | None]]) -> str:
    """Return a sha256 over (id, sha256 of the output file) pairs: what was scored."""
    digest = hashlib.sha256()
    for name, sha256 in outputs:
        digest.update(f"{name}\0{sha256}\n".encode())
    return digest.hexdigest()


def set_entry(metric: SetMetric, value: float, n: int) -> SetEntry:
    """Return the entry of a metric that gives one number per run."""
    return SetEntry(
        metric.version,
        assets_of(metric),
        metric.unit,
        metric.higher_is_better,
        value=_finite(value),
        n=n,
    )


def samples_entry(name: str, values: Mapping[str, float], done: Sequence[Record]) -> ImageEntry:
    """Return the entry of a metric that gives one number for all samples of an image.

    values: image id -> value.
    """
    first = {r.image_id: replace(r, id=r.image_id) for r in reversed(done)}
    records = list(first.values())
    (interval,) = mean_intervals([finite_scores(name, values, records)], InProcess())
    return _image_entry(name, values, records, interval)


def _image_entry(
    name: str,
    values: Mapping[str, float],
    done: Sequence[Record],
    interval: Interval | None,
) -> ImageEntry:
    """Return mean, deviation, interval and rows by hole area of one per-image metric."""
    metric = plugins.metric(name)
    scored = [record for record in done if record.id in values]
    scores = np.array([values[record.id] for record in scored], dtype=np.float64)
    whole = summarise(scores)
    areas = by_hole_area(scores, [record.hole_fraction or 0.0 for record in scored])
    return ImageEntry(
        metric.version,
        assets_of(metric),
        metric.unit,
        metric.higher_is_better,
        mean=_finite(whole.mean),
        std=_finite(whole.std),
        n=whole.n,
        n_infinite=whole.n_infinite,
        interval=interval,
        by_hole_area=tuple(AreaMean(area.edges, area.n, _finite(area.mean)) for area in areas),
    )


def assets_of(metric: object) -> dict[str, str]:
    """Return name -> sha256 of the files that a metric computes with."""
    return dict(metric.assets()) if isinstance(metric, HasAssets) else {}


def _finite(value: float) -> float | None:
    """Return the value, None for what strict JSON cannot hold."""
    return value if math.isfinite(value) else None
