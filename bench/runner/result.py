"""The result of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench.store.summary import Summary


@dataclass
class RunResult:
    """The result of one run.

    path: its directory.  n: its images times samples.  n_new: how many were completed now.
    failed: id -> error.  remarks: lines for the user.  summary: None if it was not scored.
    """

    path: Path
    n: int
    n_new: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    summary: Summary | None = None
