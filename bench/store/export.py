"""A run as a plain folder that needs none of our code: PNGs, and one CSV with all scores."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from pathlib import Path

from bench.api import RequestError
from bench.api.files import write_atomic
from bench.store.directory import RunDirectory
from bench.store.record import Record
from bench.store.scores import read_scores

FACTS = (
    "id",
    "source",
    "status",
    "hole_fraction",
    "mask_seed",
    "seed",
    "seconds",
    "evaluations",
    "gradients",
)


def write(run: Path, out: Path) -> Path:
    """Copy a run's images and write scores.csv beside them; return the CSV's path.

    The CSV has one row per output: facts of the record, then a column per metric.  Raises
    RequestError when `run` is not a run directory or `out` is not empty.
    """
    directory = RunDirectory(run)
    if directory.manifest() is None:
        raise RequestError(f"{run} is not a run directory: it has no manifest.json.")
    if not (run / "images").is_dir():
        raise RequestError(f"{run} has no PNGs to export; `bench.load_runs` reads its scores.")
    if out.exists() and any(out.iterdir()):
        raise RequestError(f"{out} is not empty; give a new folder.")
    out.mkdir(parents=True, exist_ok=True)
    for kind in sorted((run / "images").iterdir()):
        shutil.copytree(kind, out / kind.name)
    shutil.copy(run / "manifest.json", out / "manifest.json")
    write_atomic(out / "scores.csv", _table(directory.records(), read_scores(run)))
    return out / "scores.csv"


def _table(records: Mapping[str, Record], scores: Mapping[str, Mapping[str, float]]) -> bytes:
    """Return the CSV of all records and their scores (metric -> id -> value)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FACTS, *scores])
    for image_id, record in sorted(records.items()):
        facts = [getattr(record, key) for key in FACTS]
        values = [scores[name].get(image_id) for name in scores]
        writer.writerow([*facts, *("" if v is None else repr(v) for v in values)])
    return text.getvalue().encode()
