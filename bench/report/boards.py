"""Turn runs into boards, which every format prints: one per dataset, size and mask."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from bench import plugins
from bench.api import RequestError
from bench.report import states
from bench.report.cells import Cell, make_cells, primary
from bench.report.columns import Metric
from bench.report.grouping import MethodRuns, group_methods, group_runs, seed_of
from bench.report.missing import on_shared_images
from bench.report.network_cost import NetworkCost, network_cost
from bench.report.power import power_note
from bench.store.summary import SetEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.store.scored_run import ScoredRun
    from bench.store.summary import MetricEntry

# FID estimates a covariance of 2,048 features: smaller sets give a biased one.
SMALL_SET = 2048
_SET_KIN = ("fid", "kid", "p_ids", "u_ids")


@dataclass(frozen=True)
class Row:
    """A method on a board, averaged over its seeds.

    title: the method, with its weights where another row of the board has the same label.  runs:
    those whose scores the cells are of; a method without any has no cells.  n: images that the
    scores are of.  n_failed: outputs that failed.  cost: of its network, where it was counted.
    """

    method: str
    title: str
    assets: str
    runs: tuple[ScoredRun, ...]
    n: int
    n_failed: int
    seconds: float | None
    cells: Mapping[str, Cell]
    cost: NetworkCost | None = None

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds whose scores are averaged image by image."""
        return tuple(map(seed_of, self.runs))

    @property
    def licence(self) -> str:
        """Its licence, where one is known; "" otherwise."""
        return "; ".join(dict.fromkeys(run.licence for run in self.runs if run.licence))

    @property
    def unreliable(self) -> bool:
        """Whether a run of it is flagged: it comes last, and has no rank."""
        return bool(states.reason_of(self.runs))


@dataclass(frozen=True)
class Board:
    """All methods on one kind of hole and one dataset.

    notes: warnings to print below it.  power: the note that its photographs are too few to tell
    its methods apart.
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
        """All notes to print below the table."""
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


def make_boards(
    runs: Sequence[ScoredRun], metrics: Sequence[str] | None = None, *, strict: bool = False
) -> list[Board]:
    """Group runs by dataset, size and mask, and compare the methods of each group.

    Scores are of the images that all runs of a group have.  metrics: names to keep, in this order;
    None for all.  Raises RequestError for a metric that no run has and, if strict, for an image
    that some run lacks.
    """
    columns = _metrics(runs, metrics)
    return [_make_board(group, columns, strict=strict) for group in group_runs(runs)]


def without_intervals(board: Board) -> Board:
    """Return the board with the means alone."""
    rows = [
        replace(row, cells={k: replace(cell, interval=None) for k, cell in row.cells.items()})
        for row in board.rows
    ]
    return replace(board, rows=tuple(rows))


def _make_board(runs: Sequence[ScoredRun], columns: Sequence[Metric], *, strict: bool) -> Board:
    methods, notes = group_methods(runs)
    methods, missing = on_shared_images(methods)
    if strict:
        _refuse(missing, runs[0])
    present = {name for run in runs for name in run.summary.metrics}
    metrics = tuple(metric for metric in columns if metric.name in present)
    rows = _rows(methods, metrics)
    spec = runs[0].spec
    by = primary(metrics, spec.get("size"))
    return Board(
        dataset=runs[0].dataset,
        size=spec.get("size"),
        mask=runs[0].mask,
        mask_seed=int(spec.get("mask_seed") or 0),
        n=max(row.n for row in rows),
        metrics=metrics,
        rows=tuple(sorted(rows, key=lambda row: _rank(row, by))),
        notes=(*missing, *notes, *states.notes_of(rows), *_warnings(rows, metrics)),
        power=power_note([m.scored for m in methods], [row.title for row in rows], by),
    )


def _refuse(missing: Sequence[str], run: ScoredRun) -> None:
    """Raise RequestError where images of a run's board are missing."""
    if missing:
        raise RequestError(
            f"--strict: {run.mask} on {run.dataset}: "
            f"{missing[0].removeprefix('Warning: ')} Repair and run again, or leave --strict out."
        )


def _rows(methods: Sequence[MethodRuns], metrics: Sequence[Metric]) -> list[Row]:
    """Return a row for each method, whose cells compare it with the others."""
    cells = make_cells([method.scored for method in methods], metrics)
    labels = [method.label for method in methods]
    return [
        _row(method, own, same_label=labels.count(method.label) > 1)
        for method, own in zip(methods, cells, strict=True)
    ]


def _row(method: MethodRuns, cells: Mapping[str, Cell], *, same_label: bool) -> Row:
    shown = method.scored or method.runs
    return Row(
        method.label,
        f"{method.label} ({method.assets})" if same_label else method.label,
        method.assets,
        shown,
        n=max(run.n_images for run in shown),
        n_failed=sum(run.n_failed for run in method.runs),
        seconds=_seconds(shown),
        cells=cells,
        cost=network_cost(shown),
    )


def _metrics(runs: Sequence[ScoredRun], names: Sequence[str] | None) -> list[Metric]:
    """Return the metrics to show, those of single images first."""
    entries: dict[str, MetricEntry] = {}
    for run in runs:
        entries = {**run.summary.metrics, **entries}
    chosen = list(names) if names else sorted(entries, key=lambda n: _place(n, entries[n]))
    for name in chosen:
        if name not in entries:
            raise RequestError(
                f"No run has the metric {name!r}; these runs have: {', '.join(entries)}."
            )
    return [Metric(name, entries[name].unit, entries[name].higher_is_better) for name in chosen]


def _place(name: str, entry: MetricEntry) -> tuple[bool, int, str]:
    """Sort metrics: those of single images first, in the registry's order, others by name."""
    order = list(plugins.registry("metric"))
    return isinstance(entry, SetEntry), order.index(name) if name in order else len(order), name


def _seconds(group: Sequence[ScoredRun]) -> float | None:
    """Return the median over the runs of their seconds per image, where they were measured."""
    of_runs = [run.summary.seconds_per_image for run in group]
    measured = [seconds for seconds in of_runs if seconds is not None]
    return median(measured) if measured else None


def _rank(row: Row, by: Metric | None) -> tuple[float, str]:
    """Order rows by the primary metric, best first; then by name."""
    cell = row.cells.get(by.name) if by else None
    if by is None or cell is None or row.unreliable:
        return (math.inf, row.method)
    return (-cell.value if by.higher_is_better else cell.value, row.method)


def _warnings(rows: Sequence[Row], metrics: Sequence[Metric]) -> list[str]:
    """Return warnings about these numbers: small sets, failures, infinities."""
    notes = []
    for metric in metrics:
        cells = [row.cells[metric.name] for row in rows if metric.name in row.cells]
        notes += _warnings_of(metric, cells)
    return notes


def _warnings_of(metric: Metric, cells: Sequence[Cell]) -> list[str]:
    """Return warnings that a set is small, and how many scores are infinite."""
    notes = []
    sizes = [cell.n for cell in cells if cell.of_set]
    if len(set(sizes)) > 1:
        notes.append(
            f"Warning: {metric.name} is of each method's own images, and their numbers differ: not "
            "comparable, none is marked."
        )
    if sizes and metric.name.startswith(_SET_KIN) and min(sizes) < SMALL_SET:
        notes.append(
            f"Warning: {metric.name} from N = {min(sizes):,} images, fewer than {SMALL_SET:,}: "
            "biased, and not comparable with published values."
        )
    if infinite := sum(cell.n_infinite for cell in cells):
        notes.append(f"{metric.name}: {infinite} infinite scores are in no mean.")
    return notes
