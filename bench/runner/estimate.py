"""Estimate how long a grid of runs takes, by each method's seconds per image so far."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bench.plan import naming
from bench.plan.spec import Run


class Estimate:
    """The seconds left for a grid; methods that were never timed are named instead."""

    def __init__(self, runs: Sequence[Run], workers: Sequence[int], out: Path) -> None:
        """Take the seconds of an image from earlier runs of the same method and size in `out`.

        workers: of each run; they share its images.
        """
        self._runs = list(runs)
        self._counts = [len(run.ids()) * run.samples for run in runs]
        earlier = _timed(out)
        self._seconds: dict[tuple[str, int | None], float] = {}
        for run, count in zip(runs, workers, strict=True):
            key = _key(run)
            if (seconds := earlier.get((run.method.name, run.dataset.size, key[0]))) is not None:
                self._seconds.setdefault(key, seconds / count)

    @property
    def completions(self) -> int:
        """All completions of the grid, done or not."""
        return sum(self._counts)

    def finished(self, number: int, seconds: float, n_new: int) -> None:
        """Note how long run `number` (from 0) took, without scoring, for n_new new completions."""
        if n_new:
            self._seconds[_key(self._runs[number])] = seconds / n_new

    def text(self, first: int = 0) -> str:
        """Return the time left from run `first` on ("about 3 min"), and the methods never timed."""
        seconds, unknown = 0.0, []
        for run, count in list(zip(self._runs, self._counts, strict=True))[first:]:
            label, size = _key(run)
            if (label, size) in self._seconds:
                seconds += self._seconds[label, size] * count
            elif label not in unknown:
                unknown.append(label)
        parts = [f"about {in_words(seconds)}"] if seconds or not unknown else []
        parts += [f"{', '.join(unknown)} not timed yet"] if unknown else []
        return " and ".join(parts)


def in_words(seconds: float) -> str:
    """Return a time in one unit: "40 s", "12 min", "3.5 h", "2.1 days"."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if seconds < 100 * 60:
        return f"{round(seconds / 60)} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _key(run: Run) -> tuple[str, int | None]:
    return naming.labels(run)["method"], run.dataset.size


def _timed(out: Path) -> dict[tuple[str, int | None, str], float]:
    """Return (method, size, label) -> seconds per image of the earlier runs in a folder."""
    timed = {}
    for file in sorted(out.glob("*/summary.json")):
        try:
            summary = json.loads(file.read_bytes())
            spec, seconds = summary["spec"], summary["seconds_per_image"]
            label = (summary.get("labels") or {}).get("method", "")
            key = (spec["method"]["name"], spec["size"], label)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # not a summary of ours
        if isinstance(seconds, int | float):
            timed[key] = float(seconds)
    return timed
