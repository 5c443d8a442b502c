"""Which scores of an earlier scoring still hold: same metric, same files, same outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench import plugins
from bench.api import RequestError
from bench.execute.devices import in_words
from bench.scoring.summary import assets_of, outputs_hash
from bench.store.directory import RunDirectory
from bench.store.record import Record
from bench.store.scores import read_journal, read_scores
from bench.store.summary import MetricEntry, SetEntry, read_summary


def kept_scores(directory: RunDirectory, done: Sequence[Record]) -> dict[str, dict[str, float]]:
    """Return metric -> id -> value from scores.csv, and from the journal of a killed scoring.

    done: the records of the outputs, in the order of scores.csv.
    """
    by_metric: dict[str, dict[str, float]] = {}
    outputs = {record.id: record.sha256 for record in done}
    kept = _kept_entries(directory, done)
    for name, values in read_scores(directory.path).items():
        if name in kept:
            by_metric[name] = {i: value for i, value in values.items() if i in outputs}
    for score in read_journal(directory.path):
        if outputs.get(score.id) == score.sha256 and score.version == _version(score.metric):
            by_metric.setdefault(score.metric, {})[score.id] = score.value
    return by_metric


def kept_sets(directory: RunDirectory, done: Sequence[Record]) -> dict[str, SetEntry]:
    """Return the entries of metrics with one number per run that still hold."""
    kept = _kept_entries(directory, done)
    return {name: entry for name, entry in kept.items() if isinstance(entry, SetEntry)}


def scored_on(directory: RunDirectory, done: Sequence[Record], device: str) -> tuple[str, ...]:
    """Return the devices other than the CPU that a run's scores are from: those kept, and today's.

    done: the records of the outputs, in the order of scores.csv.
    """
    kept = read_summary(directory.path).scored_on if _kept_entries(directory, done) else ()
    today = () if device == "cpu" else (in_words(device),)
    return tuple(dict.fromkeys([*kept, *today]))


def _kept_entries(directory: RunDirectory, done: Sequence[Record]) -> Mapping[str, MetricEntry]:
    try:
        old = read_summary(directory.path)
    except (OSError, ValueError):
        return {}
    if old.outputs_sha256 != outputs_hash((record.id, record.sha256) for record in done):
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


def _version(name: str) -> str | None:
    try:
        return plugins.metric(name).version
    except RequestError:
        return None
