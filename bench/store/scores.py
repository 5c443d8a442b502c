"""The scores of a run directory: scores.csv, and scores.partial.jsonl while scoring."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.api.files import write_atomic


@dataclass(frozen=True)
class Score:
    """A metric's score of one output: a line of scores.partial.jsonl.

    sha256: of the output's PNG.  version: the metric's.
    """

    id: str
    sha256: str
    metric: str
    version: str
    value: float


def read_scores(run: Path) -> dict[str, dict[str, float]]:
    """Return metric -> id -> value from a run's scores.csv; empty when there is none."""
    try:
        text = (run / "scores.csv").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    rows = list(csv.DictReader(io.StringIO(text)))
    names = [n for n in (rows[0] if rows else {}) if n != "id"]
    return {n: {row["id"]: float(row[n]) for row in rows if row[n] != ""} for n in names}


def write_scores(run: Path, ids: Sequence[str], table: Mapping[str, Mapping[str, float]]) -> None:
    """Write a row for each id, repr'd float64, so that reading it back is exact.

    table: metric -> id -> value.
    """
    names = sorted(table)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", *names])
    for image_id in ids:
        row = (table[name].get(image_id) for name in names)
        writer.writerow([image_id, *("" if v is None else repr(v) for v in row)])
    write_atomic(run / "scores.csv", text.getvalue().encode())


def journal(run: Path) -> Path:
    """Return the file of the scores so far; removed when scoring is done."""
    return run / "scores.partial.jsonl"


def read_journal(run: Path) -> Iterator[Score]:
    """Yield the scores so far, without broken lines: a kill cuts the last one off."""
    path = journal(run)
    for line in path.read_bytes().split(b"\n") if path.exists() else []:
        try:
            row = json.loads(line)
            name, sha256, metric, version = (
                str(row[key]) for key in ("id", "sha256", "metric", "version")
            )
            yield Score(name, sha256, metric, version, float(row["value"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue


def append_journal(file: IO[str], scores: Iterable[Score]) -> None:
    """Write scores to the open journal, so that they outlive this process."""
    file.writelines(json.dumps(vars(score)) + "\n" for score in scores)
    file.flush()
