"""From the PNGs of a run to scores.csv and summary.json: metrics, intervals, nothing else.

Everything here is derived: deleting it and scoring again gives the same bytes, with any workers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch

from bench import plugins
from bench.api import ImageMetric, PosteriorMetric, RequestError, SampleMetric, SetMetric
from bench.api.files import write_atomic
from bench.execute import Executor, Lost
from bench.scoring.kept import kept_scores, kept_sets
from bench.scoring.sets import read_hole, read_image, sample_scores, score_sets
from bench.scoring.summary import samples_entry, summarise_run
from bench.store.directory import RunDirectory
from bench.store.record import Record
from bench.store.scores import Score, append_journal, journal, read_scores, write_scores
from bench.store.summary import MetricEntry, Summary

DEFAULT_METRICS = ("l1", "psnr", "ssim", "lpips")
# FID joins the defaults from here on; below, its covariance of 2,048 features is singular.
FID_FROM = 2048
CHUNK = 8


@dataclass(frozen=True)
class _Triple:
    """The three PNGs of one completion."""

    name: str
    output: Path
    target: Path
    hole: Path
    sha256: str
    target_sha256: str


@dataclass(frozen=True)
class _Chunk:
    """A few completions to score with some metrics."""

    triples: tuple[_Triple, ...]
    metrics: tuple[str, ...]


def metric_names(asked: Sequence[str] | None, n: int) -> list[str]:
    """Return the metrics to compute: those asked for, else the defaults for n images."""
    if asked is None:
        return [*DEFAULT_METRICS, *(["fid"] if n >= FID_FROM else [])]
    return [] if list(asked) == ["none"] else list(asked)


def score(
    path: Path,
    metrics: Sequence[str],
    executor: Executor,
    *,
    on_progress: Callable[[int, int], None],
) -> Summary:
    """Score a run directory and return its summary; scores already there are kept.

    Raises RequestError for an unknown metric, or one whose weights cannot be had.
    """
    directory = RunDirectory(path)
    manifest = directory.manifest()
    if manifest is None:
        raise RequestError(f"{path} is no run directory: it has no manifest.json.")
    if not (path / "images").is_dir() and read_scores(path):
        raise RequestError(f"{path} is a copy without PNGs: its scores stand as they are.")
    instances = {name: plugins.metric(name) for name in metrics}
    with directory.owned():
        records = directory.records()
        done = [record for record in records.values() if record.done]
        done.sort(key=lambda record: record.id)  # not the order in which workers happened to finish
        per_image = [name for name, metric in instances.items() if callable(metric)]
        table = _image_scores(directory, done, per_image, executor, on_progress)
        write_scores(path, [record.id for record in done], table)
        sets = _set_entries(directory, done, instances, on_progress)
        summary = summarise_run(manifest, records, done, table, sets)
        write_atomic(path / "summary.json", summary.to_json())
        journal(path).unlink(missing_ok=True)
    return summary


def score_chunk(chunk: _Chunk) -> list[Score]:
    """Score a few completions one at a time, on one thread: the bytes never depend on the batch."""
    torch.set_num_threads(1)
    metrics = {n: cast(ImageMetric, plugins.metric(n)) for n in chunk.metrics}
    scores = []
    for triple in chunk.triples:
        output, target = (read_image(p) for p in (triple.output, triple.target))
        values = score_one(output, target, read_hole(triple.hole), metrics)
        scores += [
            Score(triple.name, triple.sha256, name, metrics[name].version, value)
            for name, value in values.items()
        ]
    return scores


def score_one(
    output: torch.Tensor,
    target: torch.Tensor,
    hole: torch.Tensor,
    metrics: Mapping[str, ImageMetric],
) -> dict[str, float]:
    """Return name -> the metric of one completion.

    output, target: (3, H, W), exact multiples of 1/255.  hole: bool (1, H, W).
    """
    three = output[None], target[None], hole[None]
    return {name: float(metric(*three)[0]) for name, metric in metrics.items()}


def _set_entries(
    directory: RunDirectory,
    done: Sequence[Record],
    metrics: Mapping[str, object],
    on_progress: Callable[[int, int], None],
) -> dict[str, MetricEntry]:
    """Return the entries of metrics that are not of single outputs: of sets, and of samples."""
    triples = [_triple(directory, record) for record in done]
    over_sets = [name for name, metric in metrics.items() if isinstance(metric, SetMetric)]
    kept = kept_sets(directory, done)
    entries: dict[str, MetricEntry] = {**score_sets(triples, over_sets, kept, on_progress)}
    for name, metric in metrics.items():
        if isinstance(metric, SampleMetric | PosteriorMetric):
            entries[name] = samples_entry(name, sample_scores(directory, metric, done), done)
    return entries


def _triple(directory: RunDirectory, record: Record) -> _Triple:
    return _Triple(
        record.id,
        directory.image_path("output", record.id),
        directory.image_path("target", record.image_id),
        directory.image_path("hole", record.image_id),
        record.sha256 or "",
        record.target_sha256 or "",
    )


def _image_scores(
    directory: RunDirectory,
    done: Sequence[Record],
    metrics: Sequence[str],
    executor: Executor,
    on_progress: Callable[[int, int], None],
) -> dict[str, dict[str, float]]:
    """Return metric -> id -> value, computing what neither scores.csv nor the journal holds."""
    known = kept_scores(directory, done)
    chunks = _missing([_triple(directory, record) for record in done], metrics, known)
    left = sum(len(chunk.triples) for chunk in chunks)
    on_progress(len(done) - left, len(done))
    with journal(directory.path).open("a", encoding="utf-8") as file:
        for chunk, scores in executor.map(score_chunk, chunks, timeout=lambda _: None):
            if isinstance(scores, Lost):
                raise RequestError(f"Scoring stopped: {scores.reason}. Run it again to go on.")
            for score in scores:
                known.setdefault(score.metric, {})[score.id] = score.value
            append_journal(file, scores)
            left -= len(chunk.triples)
            on_progress(len(done) - left, len(done))
    return known


def _missing(
    triples: Sequence[_Triple], metrics: Sequence[str], known: Mapping[str, Mapping[str, float]]
) -> list[_Chunk]:
    """Cut the completions into chunks; return those that lack a metric, with what they lack."""
    chunks = []
    for start in range(0, len(triples), CHUNK):
        part = tuple(triples[start : start + CHUNK])
        lacking = [m for m in metrics if any(t.name not in known.get(m, {}) for t in part)]
        if lacking:
            chunks.append(_Chunk(part, tuple(lacking)))
    return chunks
