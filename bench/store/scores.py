"""scores.csv of a run directory, read back."""

from __future__ import annotations

import csv
import io
from pathlib import Path


def read_scores(path: Path) -> dict[str, dict[str, float]]:
    """Return metric -> id -> value from a scores.csv; empty when there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    rows = list(csv.DictReader(io.StringIO(text)))
    names = [n for n in (rows[0] if rows else {}) if n != "id"]
    return {n: {row["id"]: float(row[n]) for row in rows if row[n] != ""} for n in names}
