"""From the PNGs of a run to scores.csv and summary.json: metrics, intervals, nothing else.

Everything here is derived: deleting it and scoring again gives the same bytes, with any workers.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from bench import plugins
from bench.api import ImageMetric, PosteriorMetric, RequestError, SampleMetric, SetMetric
from bench.api.files import write_atomic
from bench.execute import Executor, Lost
from bench.scoring.sets import read_hole, read_image, sample_scores, score_sets
from bench.scoring.summary import assets_of, outputs_hash, samples_entry, summarise_run
from bench.store.directory import RunDirectory
from bench.store.record import Record
from bench.store.scores import read_scores
from bench.store.summary import MetricEntry, SetEntry, Summary, read_summary

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
    if not (path / "images").is_dir() and read_scores(path / "scores.csv"):
        raise RequestError(f"{path} is a copy without PNGs: its scores stand as they are.")
    instances = {name: plugins.metric(name) for name in metrics}
    with directory.owned():
        records = directory.records()
        done = [record for record in records.values() if record.done]
        done.sort(key=lambda record: record.id)  # not the order in which workers happened to finish
        triples = [_triple(directory, record) for record in done]
        per_image = [n for n, m in instances.items() if callable(m)]
        table = _image_scores(directory, triples, per_image, executor, on_progress)
        _write_scores(directory, triples, table)
        per_set = [n for n, m in instances.items() if isinstance(m, SetMetric)]
        sets: dict[str, MetricEntry] = {
            **score_sets(triples, per_set, _kept_sets(directory, triples), on_progress)
        }
        for name, metric in instances.items():
            if isinstance(metric, SampleMetric | PosteriorMetric):
                sets[name] = samples_entry(name, sample_scores(directory, metric, done), done)
        summary = summarise_run(manifest, records, done, table, sets)
        write_atomic(path / "summary.json", summary.to_json())
        (path / "scores.partial.jsonl").unlink(missing_ok=True)
    return summary


def score_chunk(chunk: _Chunk) -> list[dict[str, Any]]:
    """Score a few completions one at a time, on one thread: the bytes never depend on the batch."""
    torch.set_num_threads(1)
    metrics = {n: cast(ImageMetric, plugins.metric(n)) for n in chunk.metrics}
    rows = []
    for triple in chunk.triples:
        output, target = (read_image(p)[None] for p in (triple.output, triple.target))
        hole = read_hole(triple.hole)[None]
        for name, metric in metrics.items():
            value = float(metric(output, target, hole)[0])
            rows.append(
                {
                    "id": triple.name,
                    "sha256": triple.sha256,
                    "metric": name,
                    "version": metric.version,
                    "value": value,
                }
            )
    return rows


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
    triples: list[_Triple],
    metrics: list[str],
    executor: Executor,
    on_progress: Callable[[int, int], None],
) -> dict[str, dict[str, float]]:
    """Return metric -> id -> value, computing what neither scores.csv nor the journal holds."""
    known = _kept_scores(directory, triples)
    tasks = [
        _Chunk(tuple(part), missing)
        for start in range(0, len(triples), CHUNK)
        for part in [triples[start : start + CHUNK]]
        for missing in [tuple(m for m in metrics if not _has_all(known.get(m, {}), part))]
        if missing
    ]
    left = sum(len(task.triples) for task in tasks)
    on_progress(len(triples) - left, len(triples))
    with (directory.path / "scores.partial.jsonl").open("a", encoding="utf-8") as journal:
        for task, rows in executor.map(score_chunk, tasks, timeout=lambda _: None):
            if isinstance(rows, Lost):
                raise RequestError(f"Scoring stopped: {rows.reason}. Run it again to go on.")
            for row in rows:
                known.setdefault(row["metric"], {})[row["id"]] = row["value"]
                journal.write(json.dumps(row) + "\n")
            journal.flush()
            left -= len(task.triples)
            on_progress(len(triples) - left, len(triples))
    return known


def _has_all(values: dict[str, float], triples: Sequence[_Triple]) -> bool:
    return all(triple.name in values for triple in triples)


def _kept_scores(directory: RunDirectory, triples: list[_Triple]) -> dict[str, dict[str, float]]:
    """Return the scores that still hold: same metric version, same output file."""
    known: dict[str, dict[str, float]] = {}
    outputs = {triple.name: triple.sha256 for triple in triples}
    kept = _kept_entries(directory, triples)
    for name, values in read_scores(directory.path / "scores.csv").items():
        if name in kept:
            known[name] = {i: v for i, v in values.items() if i in outputs}
    journal = directory.path / "scores.partial.jsonl"
    for line in journal.read_bytes().split(b"\n") if journal.exists() else []:
        try:
            row = json.loads(line)
            name, image_id, value = str(row["metric"]), str(row["id"]), float(row["value"])
            holds = outputs.get(image_id) == row["sha256"] and row["version"] == _version(name)
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # the torn last line of a killed process
        if holds:
            known.setdefault(name, {})[image_id] = value
    return known


def _version(metric: str) -> str | None:
    try:
        return plugins.metric(metric).version
    except RequestError:
        return None


def _write_scores(
    directory: RunDirectory, triples: list[_Triple], table: dict[str, dict[str, float]]
) -> None:
    """Write scores.csv: a row a completion, repr'd float64, so that reading it back is exact."""
    names = sorted(table)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", *names])
    for triple in triples:
        row = (table[n].get(triple.name) for n in names)
        writer.writerow([triple.name, *("" if v is None else repr(v) for v in row)])
    write_atomic(directory.path / "scores.csv", text.getvalue().encode())


def _kept_sets(directory: RunDirectory, triples: list[_Triple]) -> dict[str, SetEntry]:
    """Return the entries of one number a run that still hold."""
    kept = _kept_entries(directory, triples)
    return {name: entry for name, entry in kept.items() if isinstance(entry, SetEntry)}


def _kept_entries(directory: RunDirectory, triples: list[_Triple]) -> dict[str, MetricEntry]:
    """Return the summary's entries that still hold: same metric, same assets, same outputs."""
    try:
        old = read_summary(directory.path)
    except (OSError, ValueError):
        return {}
    if old.outputs_sha256 != outputs_hash((t.name, t.sha256) for t in triples):
        return {}
    return {name: entry for name, entry in old.metrics.items() if _holds(name, entry)}


def _holds(name: str, entry: MetricEntry) -> bool:
    """Return whether today's metric would give the scores of an entry."""
    try:
        metric = plugins.metric(name)
    except RequestError:
        return False
    same_files = entry.assets is None or entry.assets == assets_of(metric)
    return entry.version == metric.version and same_files
