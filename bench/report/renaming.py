"""Rename methods, masks and datasets in one table; the runs keep their names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.api import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.store.scored_run import ScoredRun


def renamed(runs: Sequence[ScoredRun], changes: Sequence[str]) -> list[ScoredRun]:
    """Return the runs under other names, each change "OLD=NEW".

    OLD: the name of a method, mask or dataset in tables; it may contain "=".  Raises RequestError
    for a text without "=", and for a name that no run has.
    """
    names = list(dict.fromkeys(name for run in runs for name in _labels(run).values()))
    pairs = dict(_pair(change, names) for change in changes)
    return [_renamed(run, pairs) for run in runs] if pairs else list(runs)


def _pair(change: str, names: Sequence[str]) -> tuple[str, str]:
    """Return old and new name, split at the "=" after a name that a run has."""
    cuts = [k for k, letter in enumerate(change) if letter == "="]
    for cut in cuts:
        old, new = change[:cut], " ".join(change[cut + 1 :].split())
        if old in names and new:
            return old, new
    if not cuts or change.endswith("="):
        raise RequestError(f"--rename {change!r} is not OLD=NEW.")
    raise RequestError(
        f"--rename {change!r}: no run is called so. These runs have: {', '.join(names)}."
    )


def _renamed(run: ScoredRun, pairs: dict[str, str]) -> ScoredRun:
    labels = {part: pairs.get(name, name) for part, name in _labels(run).items()}
    others = {k: v for k, v in (run.summary.labels or {}).items() if k not in labels}
    return replace(run, summary=replace(run.summary, labels={**labels, **others}))


def _labels(run: ScoredRun) -> dict[str, str]:
    return {"method": run.method, "mask": run.mask, "dataset": run.dataset}
