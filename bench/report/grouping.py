"""Group runs for comparison: those on the same images and holes; a row for each method."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import plugins
from bench.report.states import with_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.plan.spec import Spec
    from bench.store.scored_run import ScoredRun


@dataclass(frozen=True)
class MethodRuns:
    """The runs of one method with one set of weights on one board, a run per seed.

    label: the method's name in tables, made longer where two methods would share it.
    """

    label: str
    assets: str
    runs: tuple[ScoredRun, ...]

    @property
    def scored(self) -> tuple[ScoredRun, ...]:
        """The runs with scores, of the images that are compared."""
        return tuple(run for run in self.runs if run.n_images)


def group_runs(runs: Sequence[ScoredRun]) -> list[list[ScoredRun]]:
    """Group the runs on the same images and holes, ordered by dataset and mask."""
    groups: dict[str, list[ScoredRun]] = {}
    for run in runs:
        spec = run.spec
        key = _canonical(spec["dataset"], spec.get("size"), spec["mask"], spec.get("mask_seed"))
        groups.setdefault(key, []).append(run)
    return sorted(
        groups.values(), key=lambda g: (g[0].dataset, g[0].spec.get("size") or 0, g[0].mask)
    )


def group_methods(runs: Sequence[ScoredRun]) -> tuple[list[MethodRuns], list[str]]:
    """Group the seeds of each method of a board; the second value names runs left out.

    A seed that occurs twice counts once.
    """
    by_identity: dict[str, dict[int, ScoredRun]] = {}
    notes = []
    for run in runs:
        spec = run.spec
        key = _canonical(spec["method"], spec.get("precision"), spec.get("samples"))
        first = by_identity.setdefault(key, {}).setdefault(seed_of(run), run)
        if first is not run:
            notes.append(f"{run.path.name} repeats {first.path.name}: left out.")
    methods: dict[tuple[str, str], MethodRuns] = {}
    for seeds in by_identity.values():
        first = next(iter(seeds.values()))
        in_order = tuple(seeds[seed] for seed in sorted(seeds))
        name = first.method
        while (with_state(name, in_order), first.assets) in methods:
            name = _more_exact(name, first.spec)
        label = with_state(name, in_order)
        methods[label, first.assets] = MethodRuns(label, first.assets, in_order)
    return list(methods.values()), notes


def seed_of(run: ScoredRun) -> int:
    """Return the seed of a run, 0 where its spec has none."""
    return int(run.spec.get("seed") or 0)


def _more_exact(name: str, spec: Spec) -> str:
    """Return a longer label: with all that the spec says, then with a prime.

    Two versions of a method may have the same label and different defaults.
    """
    method = spec["method"]
    exact = [f"version {method.get('version')}", str(spec.get("precision"))]
    exact += [f"{spec['samples']} samples"] if (spec.get("samples") or 1) > 1 else []
    suffix = f" ({', '.join(exact)})"
    if name.endswith(suffix):
        return f"{name}'"
    return plugins.name_with(method["name"], method.get("parameters") or {}) + suffix


def _canonical(*parts: object) -> str:
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))
