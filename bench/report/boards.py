"""Runs -> boards, which every format prints: one per dataset, size and mask; a row per method."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from bench import plugins
from bench.api import RequestError
from bench.report.cells import Cell, Metric, image_cells, primary, sample_cells, set_cells
from bench.report.power import power_note
from bench.store.summary import SetEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.plan.spec import Spec
    from bench.store.scored_run import ScoredRun
    from bench.store.summary import MetricEntry

# Sets smaller than this say little: FID's covariance is of 2,048 features.
SMALL_SET = 2048
_SET_KIN = ("fid", "kid", "p_ids", "u_ids")


@dataclass(frozen=True)
class Row:
    """A method, its seeds taken together.

    title: the method, with its weights where another row of the board has the same label.  runs:
    the complete ones, whose scores the cells are of; a method without any has no cells.  n: images.
    n_failed: outputs that failed, in runs that are therefore in no cell.
    """

    method: str
    title: str
    assets: str
    runs: tuple[ScoredRun, ...]
    n: int
    n_failed: int
    seconds: float | None
    cells: Mapping[str, Cell]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds whose scores are averaged image by image."""
        return tuple(int(run.spec.get("seed") or 0) for run in self.runs)


@dataclass(frozen=True)
class Board:
    """All methods on one kind of hole on one dataset.

    notes: warnings to print below it.  power: the sentence that says that its photographs are too
    few for its differences.
    """

    dataset: str
    size: int | None
    mask: str
    mask_seed: int
    n: int
    metrics: tuple[Metric, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    power: str | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Everything to print below the table."""
        return self.notes if self.power is None else (*self.notes, self.power)

    @property
    def primary(self) -> Metric | None:
        """The metric that orders the rows."""
        return primary(self.metrics, self.size)

    @property
    def title(self) -> str:
        """Dataset, size, number of images and mask."""
        size = f"{self.size} px" if self.size else "own sizes"
        seed = f", mask seed {self.mask_seed}" if self.mask_seed else ""
        images = "1 image" if self.n == 1 else f"{self.n} images"
        return f"{self.mask} on {self.dataset} ({size}, {images}{seed})"


def make_boards(runs: Sequence[ScoredRun], metrics: Sequence[str] | None = None) -> list[Board]:
    """Group runs by dataset, size and mask, and compare the methods of each group.

    metrics: names to keep, in this order; None for all.  Raises RequestError for a metric that no
    run has.
    """
    wanted = _metrics(runs, metrics)
    return [_make_board(group, wanted) for group in group_runs(runs)]


def without_intervals(board: Board) -> Board:
    """Return the board with the means alone."""
    rows = [
        replace(row, cells={k: replace(cell, interval=None) for k, cell in row.cells.items()})
        for row in board.rows
    ]
    return replace(board, rows=tuple(rows))


def group_runs(runs: Sequence[ScoredRun]) -> list[list[ScoredRun]]:
    """Put together the runs on the same images and the same holes, ordered by dataset and mask."""
    groups: dict[str, list[ScoredRun]] = {}
    for run in runs:
        groups.setdefault(_group_key(run.spec), []).append(run)
    return sorted(
        groups.values(), key=lambda g: (g[0].dataset, g[0].spec.get("size") or 0, g[0].mask)
    )


def _make_board(runs: Sequence[ScoredRun], wanted: Sequence[Metric]) -> Board:
    rows, notes = _rows(runs)
    present = {name for run in runs for name in run.summary.metrics}
    metrics = tuple(metric for metric in wanted if metric.name in present)
    groups = [[run for run in group if run.complete] for group in rows.values()]
    labels = [method for method, _ in rows]
    cells = set_cells(groups, metrics) | sample_cells(groups, metrics)
    cells |= image_cells(groups, metrics)
    finished = [
        Row(
            method,
            f"{method} ({assets})" if labels.count(method) > 1 else method,
            assets,
            tuple(groups[i]) or group,
            n=max(run.n_images for run in groups[i] or group),
            n_failed=sum(run.n_failed for run in group),
            seconds=_seconds(groups[i] or group),
            cells={m.name: cells[i, m.name] for m in metrics if (i, m.name) in cells},
        )
        for i, ((method, assets), group) in enumerate(rows.items())
    ]
    spec = runs[0].spec
    by = primary(metrics, spec.get("size"))
    return Board(
        dataset=runs[0].dataset,
        size=spec.get("size"),
        mask=runs[0].mask,
        mask_seed=int(spec.get("mask_seed") or 0),
        n=max(row.n for row in finished),
        metrics=metrics,
        rows=tuple(sorted(finished, key=lambda row: _rank(row, by))),
        notes=(*notes, *_warnings(finished, metrics)),
        power=power_note(groups, [row.title for row in finished], by),
    )


def _metrics(runs: Sequence[ScoredRun], names: Sequence[str] | None) -> list[Metric]:
    """Return the metrics to show, those of single images first."""
    known: dict[str, MetricEntry] = {}
    for run in runs:
        known = {**run.summary.metrics, **known}
    chosen = list(names) if names else sorted(known, key=lambda name: _place(name, known[name]))
    for name in chosen:
        if name not in known:
            raise RequestError(
                f"No run has the metric {name!r}; these runs have: {', '.join(known)}."
            )
    return [Metric(name, known[name].unit, known[name].higher_is_better) for name in chosen]


def _place(name: str, entry: MetricEntry) -> tuple[bool, int, str]:
    """Metrics of single images first, then the order of the registry, then foreign ones by name."""
    order = list(plugins.registry("metric"))
    return isinstance(entry, SetEntry), order.index(name) if name in order else len(order), name


def _group_key(spec: Spec) -> str:
    """What two runs must share to be compared: the same images and the same holes."""
    return _canonical(spec["dataset"], spec.get("size"), spec["mask"], spec.get("mask_seed"))


def _rows(
    runs: Sequence[ScoredRun],
) -> tuple[dict[tuple[str, str], tuple[ScoredRun, ...]], list[str]]:
    """Group the runs of a board by (label, assets); a seed that occurs twice counts once."""
    by_identity: dict[str, dict[object, ScoredRun]] = {}
    notes = []
    for run in runs:
        spec = run.spec
        key = _canonical(spec["method"], spec.get("precision"), spec.get("samples"))
        seeds = by_identity.setdefault(key, {})
        if spec.get("seed") in seeds:
            notes.append(f"{run.path.name} repeats {seeds[spec.get('seed')].path.name}: left out.")
        else:
            seeds[spec.get("seed")] = run
    rows: dict[tuple[str, str], tuple[ScoredRun, ...]] = {}
    for group in by_identity.values():
        first = next(iter(group.values()))
        name = first.method
        while (name, first.assets) in rows:
            name = _more_exact(name, first.spec)
        in_order = sorted(group.values(), key=lambda run: int(run.spec.get("seed") or 0))
        rows[name, first.assets] = tuple(in_order)
    return rows, notes


def _more_exact(name: str, spec: Spec) -> str:
    """Tell two rows of one label apart by all that their specs say, then by a dash.

    Runs of two versions of a method may have one label, and other defaults behind it.
    """
    method = spec["method"]
    exact = [f"version {method.get('version')}", str(spec.get("precision"))]
    exact += [f"{spec['samples']} samples"] if (spec.get("samples") or 1) > 1 else []
    suffix = f" ({', '.join(exact)})"
    if name.endswith(suffix):
        return f"{name}'"
    return plugins.name_with(method["name"], method.get("parameters") or {}) + suffix


def _seconds(group: Sequence[ScoredRun]) -> float | None:
    known = [run.summary.seconds_per_image for run in group]
    found = [value for value in known if value is not None]
    return median(found) if found else None


def _rank(row: Row, by: Metric | None) -> tuple[float, str]:
    """Order rows by the primary metric, best first; then by name."""
    cell = row.cells.get(by.name) if by else None
    if by is None or cell is None:
        return (math.inf, row.method)
    return (-cell.value if by.higher_is_better else cell.value, row.method)


def _warnings(rows: Sequence[Row], metrics: Sequence[Metric]) -> list[str]:
    """Say what a reader would otherwise be misled by."""
    notes = []
    for metric in metrics:
        cells = [row.cells[metric.name] for row in rows if metric.name in row.cells]
        sizes = [cell.n for cell in cells if cell.of_set]
        if sizes and metric.name.startswith(_SET_KIN) and min(sizes) < SMALL_SET:
            notes.append(
                f"Warning: {metric.name} from N = {min(sizes):,} images, fewer than {SMALL_SET:,}: "
                "biased, and not comparable with published values."
            )
        infinite = sum(cell.n_infinite for cell in cells)
        if infinite:
            notes.append(f"{metric.name}: {infinite} infinite scores are in no mean.")
    notes += [
        f"Warning: {row.method}: {row.n_failed} images failed; a run with failed images is in no "
        "mean."
        for row in rows
        if row.n_failed
    ]
    return notes


def _canonical(*parts: object) -> str:
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))
