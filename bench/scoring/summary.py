"""From scores and records to summary.json (results/README.md documents it); touches no file."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean, median
from typing import Any

import numpy as np

from bench import plugins
from bench.api.seeds import derive_seed
from bench.statistics import bootstrap


def summarise_run(
    manifest: Mapping[str, Any],
    records: Mapping[str, dict[str, Any]],
    done: Sequence[dict[str, Any]],
    table: Mapping[str, Mapping[str, float]],
    sets: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    """Return the summary of a run.

    done: the records that are ok, in the order of scores.csv.  table: metric -> id -> value.
    sets: entries of metrics that give one number a run.
    """
    expected = manifest["plan"]["n"] * manifest["spec"]["samples"]
    failed = sorted(r["id"] for r in records.values() if r["status"] != "ok")
    return {
        "schema_version": 1,
        "spec": manifest["spec"],
        "labels": manifest.get("labels"),
        "complete": len(done) == expected,
        "n": len(done),
        "n_failed": len(failed),
        "failed": failed,
        "outputs_sha256": outputs_hash((r["id"], r["sha256"]) for r in done),
        "metrics": {
            **{name: _image_entry(name, values, done) for name, values in sorted(table.items())},
            **sets,
        },
        **_costs(done),
    }


def outputs_hash(outputs: Iterable[tuple[str, str]]) -> str:
    """Return a sha256 over (id, sha256 of the output file) pairs: what was scored."""
    digest = hashlib.sha256()
    for name, sha256 in outputs:
        digest.update(f"{name}\0{sha256}\n".encode())
    return digest.hexdigest()


def set_entry(metric: Any, value: float, n: int) -> dict[str, Any]:
    """Return the entry of a metric that gives one number a run."""
    return {**_facts(metric), "value": value if math.isfinite(value) else None, "n": n}


def samples_entry(
    name: str, values: Mapping[str, float], done: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the entry of a metric that gives one number for all samples of an image.

    values: image id -> value.
    """
    first = {r["image_id"]: {**r, "id": r["image_id"]} for r in reversed(done)}
    return _image_entry(name, values, list(first.values()))


def _costs(done: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return median seconds (without workers' first batches, if there are others) and co."""
    warm = [r for r in done if r.get("warm", True)] or done
    seconds = [r["seconds"] for r in warm if r.get("seconds") is not None]
    evaluations = [r["evaluations"] for r in done if r.get("evaluations") is not None]
    peaks = [r["peak_memory"] for r in done if r.get("peak_memory") is not None]
    return {
        "seconds_per_image": median(seconds) if seconds else None,
        "evaluations": fmean(evaluations) if evaluations else None,
        "peak_memory": max(peaks, default=None),
    }


def _image_entry(
    name: str, values: Mapping[str, float], done: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return mean, deviation, interval and rows by hole area of one per-image metric."""
    scored = [r for r in done if r["id"] in values]
    column = np.array([values[r["id"]] for r in scored], dtype=np.float64)
    finite = np.isfinite(column)
    groups = [r.get("source", r["id"]) for r, keep in zip(scored, finite, strict=True) if keep]
    seed = derive_seed("bootstrap", name)
    # One photograph gives nothing to resample: an interval of width 0 would look like certainty.
    several = len(set(groups)) > 1
    interval = bootstrap.bootstrap_interval(column[finite], groups, seed=seed) if several else None
    areas = bootstrap.by_hole_area(column, [r["hole_fraction"] for r in scored])
    return {
        **_facts(plugins.metric(name)),
        **_strict(asdict(bootstrap.summarise(column))),
        "interval": list(interval) if interval is not None else None,
        "by_hole_area": [_strict(asdict(area)) for area in areas],
    }


def _strict(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping with None for what strict JSON cannot hold."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in values.items()
    }


def _facts(metric: Any) -> dict[str, Any]:
    return {
        "version": metric.version,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
    }
