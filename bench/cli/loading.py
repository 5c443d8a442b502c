"""Runs in, a report out: what the commands that write reports share."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import RUNS

if TYPE_CHECKING:
    from bench.store.scored_run import ScoredRun


def load(runs: Sequence[Path], *, failed: bool = False) -> list[ScoredRun]:
    """Load complete runs (and failed ones); say in one line each which were passed over."""
    from bench.store.scored_run import load_runs

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loaded = load_runs(runs or (RUNS,), failed=failed)
    for warning in caught:
        click.echo(f"Warning: {warning.message}", err=True)
    return loaded


def emit(content: str | bytes, out: Path | None) -> None:
    """Print a report, or write it to a file."""
    from bench.api.files import write_atomic

    data = content.encode() if isinstance(content, str) else content
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    write_atomic(out, data)
    click.echo(str(out))
