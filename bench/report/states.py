"""The state of submitted runs in tables, and why a row is unreliable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.store.state import STATES, State, read_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.report.boards import Row
    from bench.store.scored_run import ScoredRun


def with_state(name: str, runs: Sequence[ScoredRun]) -> str:
    """Return a row's name with the weakest state of its submitted runs."""
    states = _states(runs)
    if not states:
        return name
    weakest = min(states, key=lambda state: STATES.index(state.state))
    return f"{name} ({replace(weakest, unreliable=reason_of(runs)).word})"


def reason_of(runs: Iterable[ScoredRun]) -> str:
    """Return why a row is unreliable; "" when no run of it is flagged."""
    return "; ".join(dict.fromkeys(state.unreliable for state in _states(runs) if state.unreliable))


def notes_of(rows: Iterable[Row]) -> list[str]:
    """Return a line for each row that is unreliable, and for each that was run again."""
    notes = []
    for row in rows:
        if reason := reason_of(row.runs):
            notes.append(f"Warning: {row.title}: {reason}. It has no rank and no mark.")
        told = [state.told for state in _states(row.runs) if state.state == "re-run"]
        notes += [f"{row.title}: {line}." for line in dict.fromkeys(filter(None, told))]
    return notes


def _states(runs: Iterable[ScoredRun]) -> list[State]:
    states = (read_state(run.path) for run in runs)
    return [state for state in states if state is not None]
