"""From the PNGs of runs to scores.csv and summary.json: metrics, intervals, nothing else.

Everything here is derived: deleting it and scoring again gives the same bytes, with any workers,
and whether a run is scored alone or together with others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import torch

from bench import plugins
from bench.api import ImageMetric, PosteriorMetric, RequestError, SampleMetric, SetMetric, imaging
from bench.api.files import write_atomic
from bench.api.pairs import ImagePair, Picture
from bench.execute import Executor
from bench.scoring.arrived import arrived
from bench.scoring.intervals import Interval, finite_scores, mean_intervals
from bench.scoring.kept import kept_scores, kept_sets, scored_on
from bench.scoring.pairs import Lacking, Triple, chunks, score_chunk, score_pairs
from bench.scoring.sets import sample_scores, score_sets
from bench.scoring.summary import samples_entry, summarise_run
from bench.store.directory import RunDirectory
from bench.store.manifest import Manifest
from bench.store.record import Record
from bench.store.scores import Score, append_journal, journal, read_scores, write_scores
from bench.store.summary import MetricEntry, Summary

DEFAULT_METRICS = ("l1", "psnr", "ssim", "lpips")
# FID joins the defaults from here on; below, its covariance of 2,048 features is singular.
FID_FROM = 2048
# Runs that are scored together: each has two files open, and systems allow 1,024 or even 256.
TOGETHER = 100

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class ToScore:
    """A run directory and the metrics that it is to have."""

    path: Path
    metrics: Sequence[str]


@dataclass(frozen=True)
class _Run:
    """A run that is being scored.

    done: the records that are ok, by id.  table: metric -> id -> value, filled as scores come.
    """

    directory: RunDirectory
    manifest: Manifest
    metrics: Mapping[str, object]
    records: Mapping[str, Record]
    done: Sequence[Record] = field(default_factory=list)
    table: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.directory.path


def metric_names(asked: Sequence[str] | None, n: int) -> list[str]:
    """Return the metrics to compute: those asked for, else the defaults for n images."""
    if asked is None:
        return [*DEFAULT_METRICS, *(["fid"] if n >= FID_FROM else [])]
    return [] if list(asked) == ["none"] else list(asked)


def score(
    asked: Sequence[ToScore], executor: Executor, *, on_progress: Report, device: str = "cpu"
) -> list[Summary]:
    """Score run directories together and return their summaries; scores already there are kept.

    A target that several runs have is decoded, and goes through a network, once.  device: where
    networks run.
    Raises RequestError for an unknown metric, or one whose weights cannot be had.
    """
    for item in asked:
        _check(item)
    summaries: list[Summary] = []
    for start in range(0, len(asked), TOGETHER):
        some = asked[start : start + TOGETHER]
        summaries += _score_together(some, executor, on_progress, device)
    return summaries


def _score_together(
    asked: Sequence[ToScore], executor: Executor, on_progress: Report, device: str
) -> list[Summary]:
    """Score so many runs that a process may have their locks and journals open."""
    with ExitStack() as owned:
        runs = []
        for item in asked:
            directory = RunDirectory(item.path)
            owned.enter_context(directory.owned())
            runs.append(_open(directory, item.metrics))
        _score_images(runs, executor, on_progress, device)
        intervals = _intervals(runs, executor)
        return [
            _finish(run, of_run, executor, on_progress, device)
            for run, of_run in zip(runs, intervals, strict=True)
        ]


def score_one(
    output: torch.Tensor,
    target: torch.Tensor,
    hole: torch.Tensor,
    metrics: Mapping[str, ImageMetric],
) -> dict[str, float]:
    """Return name -> the metric of one completion.

    output, target: (3, H, W), exact multiples of 1/255.  hole: bool (1, H, W).
    """
    ours, theirs = (Picture(imaging.to_uint8(image)) for image in (output, target))
    pair = ImagePair(ours, theirs, hole)
    return {name: score_pairs(metric, [pair])[0] for name, metric in metrics.items()}


def _check(asked: ToScore) -> None:
    """Raise RequestError for a folder that cannot be scored."""
    if RunDirectory(asked.path).manifest() is None:
        raise RequestError(f"{asked.path} is not a run directory: it has no manifest.json.")
    if not (asked.path / "images").is_dir() and read_scores(asked.path):
        raise RequestError(f"{asked.path} is a copy without PNGs: its scores stand as they are.")


def _open(directory: RunDirectory, metrics: Sequence[str]) -> _Run:
    """Read what a run holds; the caller owns its directory."""
    manifest = directory.manifest()
    assert manifest is not None  # _check has read it
    instances = {name: plugins.metric(name) for name in metrics}
    records = directory.records()
    done = [record for record in records.values() if record.done]
    done.sort(key=lambda record: record.id)  # not the order in which workers happened to finish
    return _Run(directory, manifest, instances, records, done, kept_scores(directory, done))


def _score_images(
    runs: Sequence[_Run], executor: Executor, on_progress: Report, device: str
) -> None:
    """Fill the runs' tables with what neither scores.csv nor the journals hold."""
    lacking = [item for number, run in enumerate(runs) for item in _lacking(number, run)]
    total, left = sum(len(run.done) for run in runs), len(lacking)
    on_progress(total - left, total)
    with ExitStack() as files:
        journals = [
            files.enter_context(journal(run.path).open("a", encoding="utf-8")) for run in runs
        ]
        work = list(chunks(lacking, device))
        for chunk, scores in executor.map(score_chunk, work, timeout=lambda _: None):
            found = arrived(scores)
            for number, run in enumerate(runs):
                _keep(run, journals[number], [s for of, s in found if of == number])
            left -= len(chunk.lacking)
            on_progress(total - left, total)


def _keep(run: _Run, file: IO[str], scores: Sequence[Score]) -> None:
    """Put scores into a run's table and journal."""
    for score in scores:
        run.table.setdefault(score.metric, {})[score.id] = score.value
    append_journal(file, scores)


def _lacking(number: int, run: _Run) -> Iterator[Lacking]:
    """Yield the completions of a run that lack a metric of single images."""
    names = [name for name, metric in run.metrics.items() if callable(metric)]
    for record in run.done:
        lacks = tuple(m for m in names if record.id not in run.table.get(m, {}))
        if lacks:
            yield Lacking(number, _triple(run.directory, record), lacks)


def _intervals(runs: Sequence[_Run], executor: Executor) -> list[dict[str, Interval | None]]:
    """Return metric -> interval of its mean, for each run."""
    keys = [(number, name) for number, run in enumerate(runs) for name in run.table]
    scores = [
        finite_scores(name, runs[number].table[name], runs[number].done) for number, name in keys
    ]
    found: list[dict[str, Interval | None]] = [{} for _ in runs]
    for (number, name), interval in zip(keys, mean_intervals(scores, executor), strict=True):
        found[number][name] = interval
    return found


def _finish(
    run: _Run,
    intervals: Mapping[str, Interval | None],
    executor: Executor,
    on_progress: Report,
    device: str,
) -> Summary:
    """Write a run's scores, compute what is of sets and samples, and write its summary."""
    write_scores(run.path, [record.id for record in run.done], run.table)
    sets = _set_entries(run, executor, on_progress, device)
    summary = summarise_run(run.manifest, run.records, run.done, run.table, intervals, sets)
    summary = replace(summary, scored_on=scored_on(run.directory, run.done, device))
    write_atomic(run.path / "summary.json", summary.to_json())
    journal(run.path).unlink(missing_ok=True)
    return summary


def _set_entries(
    run: _Run, executor: Executor, on_progress: Report, device: str
) -> dict[str, MetricEntry]:
    """Return the entries of metrics that are not of single outputs: of sets, and of samples."""
    triples = [_triple(run.directory, record) for record in run.done]
    over_sets = [name for name, metric in run.metrics.items() if isinstance(metric, SetMetric)]
    kept = kept_sets(run.directory, run.done)
    over_images = score_sets(triples, over_sets, kept, executor, on_progress, device)
    entries: dict[str, MetricEntry] = {**over_images}
    for name, metric in run.metrics.items():
        if isinstance(metric, SampleMetric | PosteriorMetric):
            entries[name] = samples_entry(
                name, sample_scores(run.directory, metric, run.done), run.done
            )
    return entries


def _triple(directory: RunDirectory, record: Record) -> Triple:
    return Triple(
        record.id,
        directory.image_path("output", record.id),
        directory.image_path("target", record.image_id),
        directory.image_path("hole", record.image_id),
        record.sha256 or "",
        record.target_sha256 or "",
    )
