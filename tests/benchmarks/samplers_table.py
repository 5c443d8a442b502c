"""Samplers at equal cost, from finished runs: tables with paired intervals, a CSV and a plot.

    bench run --suite samplers --mask center-box --dataset folder:PHOTOGRAPHS --out RUNS
    python -m tests.benchmarks.samplers_table RUNS [NAME=RUNS] [--csv TABLE.csv] [--plot FIGURE.png]

A run's cost is its evaluations and gradients per image.  Each run is compared, image by image, with
the run of RePaint on the same images whose cost is nearest to its own, within half; with --against
COST, all are compared with the run whose cost is nearest to COST.  The first command resumes where
it was stopped; an incomplete RUNS gives a table of the methods in it.  NAME: the name of the images
of these runs.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from bench.statistics.bootstrap import bootstrap_interval, paired_bootstrap
from bench.store.scored_run import ScoredRun, load_runs
from tests.benchmarks.samplers_plot import Point, plot

BUDGETS = (20, 37, 71, 250, 2410)


@dataclasses.dataclass(frozen=True)
class Row:
    """One run, its mean score with a 95% interval, and its difference from RePaint at its cost.

    psnr, seconds: means.  gap, gap_low, gap_high, relative: None for RePaint itself and where no
    run of RePaint has its images; relative: of RePaint's score.  against: that RePaint's cost.
    """

    dataset: str
    mask: str
    method: str
    n: int
    evaluations: float
    gradients: float
    seconds: float
    mean: float
    low: float
    high: float
    psnr: float | None
    against: float | None = None
    gap: float | None = None
    gap_low: float | None = None
    gap_high: float | None = None
    relative: float | None = None

    @property
    def cost(self) -> float:
        return self.evaluations + self.gradients

    @property
    def budget(self) -> int:
        """Return the nearest of BUDGETS."""
        return min(BUDGETS, key=lambda budget: apart(budget, self.cost))

    @property
    def sampler(self) -> str:
        """Return the method without the parameters that only set its cost."""
        pieces = self.method.removeprefix("ddpm").removeprefix(":").split(",")
        counted = ("steps=", "jump_", "particles=", "iterations=1", "precision=")
        kept = [piece.removeprefix("sampler=") for piece in pieces if piece]
        return ",".join(p for p in kept if not p.startswith(counted)) or "repaint"


def main() -> None:
    options = parse()
    groups = grouped(options.runs)
    rows: list[Row] = []
    for (dataset, mask, _), group in groups.items():
        lines = rows_of(group, options.metric, options.against)
        named = (dataclasses.replace(row, dataset=dataset) for row in lines)
        lines = sorted(named, key=lambda row: (row.budget, row.mean))
        rows += lines
        print(f"{mask}, {dataset}\n")
        print("\n".join(table(lines, options.metric)))
    for dataset in dict.fromkeys(row.dataset for row in rows):
        print(f"all on {dataset}\n")
        print("\n".join(matrix([row for row in rows if row.dataset == dataset])))
    if options.csv:
        write(rows, options.csv)
    if options.plot:
        first = next(iter(groups.values()))
        many = [run for run in first if len(run.scores) >= options.plot_images]
        plot(points(many, options.metric), options.metric, options.plot)


def grouped(texts: Sequence[str]) -> dict[tuple[str, str, str], list[ScoredRun]]:
    """Return the runs of networks by dataset, mask and weights; texts: RUNS or NAME=RUNS."""
    groups: dict[tuple[str, str, str], list[ScoredRun]] = {}
    for text in texts:
        name, _, folder = text.rpartition("=")
        for run in sorted(load_runs([folder]), key=lambda run: run.mask):
            if cost(run):
                groups.setdefault((name or run.dataset, run.mask, run.assets), []).append(run)
    return groups


def cost(run: ScoredRun) -> float:
    """Return evaluations and gradients per image; 0 for a method without a network."""
    return (run.summary.evaluations or 0) + (run.summary.gradients or 0)


def apart(a: float, b: float) -> float:
    """Return the logarithm of the ratio of two costs, the greater over the less."""
    return abs(math.log(a / b))


def is_repaint(run: ScoredRun) -> bool:
    return "sampler" not in run.spec["method"]["parameters"]


def rows_of(group: Sequence[ScoredRun], metric: str, against: float | None = None) -> list[Row]:
    """Return a row for each run; exits when two runs have different images of one name."""
    same_images(group)
    bases = [run for run in group if is_repaint(run)]
    return [compared(run, bases, metric, against) for run in group]


def same_images(group: Iterable[ScoredRun]) -> None:
    """Exit when a target or a hole differs between the compared runs."""
    seen: dict[str, tuple[object, object]] = {}
    for run in group:
        for name, record in run.records.items():
            drawn = record.target_sha256, record.hole_sha256
            if seen.setdefault(name, drawn) != drawn:
                sys.exit(f"{run.path}: {name} is another image or hole than in the runs before it.")


def compared(
    run: ScoredRun, bases: Sequence[ScoredRun], metric: str, against: float | None = None
) -> Row:
    """Return the row of a run beside the nearest of `bases` that has all its images."""
    scores = run.scores[metric]
    ids = list(scores.index)
    low, high = bootstrap_interval(scores.to_numpy(), ids, seed=0)
    psnr = run.scores.get("psnr")
    row = Row(
        run.dataset, run.mask, run.method, len(ids),
        run.summary.evaluations or 0, run.summary.gradients or 0,
        run.summary.seconds_per_image or math.nan,
        float(scores.mean()), low, high,
        float(psnr.replace(math.inf, math.nan).mean()) if psnr is not None else None,
    )  # fmt: skip
    usable = [base for base in bases if set(ids) <= set(base.scores.index)]
    aim = against or cost(run)
    near = min(usable, key=lambda base: apart(cost(base), aim), default=run)
    if is_repaint(run) or near is run or apart(cost(near), aim) > math.log(1.5):
        return row
    theirs = near.scores[metric].loc[ids].to_numpy()
    gap = paired_bootstrap(scores.to_numpy() - theirs, ids, seed=0)
    return dataclasses.replace(
        row, against=cost(near), gap=gap.mean, gap_low=gap.low, gap_high=gap.high,
        relative=gap.mean / float(theirs.mean()),
    )  # fmt: skip


def table(rows: Sequence[Row], metric: str) -> list[str]:
    """Return the rows as Markdown."""
    lines = [
        f"| method | n | evaluations + gradients | {metric} [95%] | PSNR "
        "| minus RePaint at its cost |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        psnr = "" if row.psnr is None else f"{row.psnr:.2f}"
        against = ""
        if row.gap is not None:
            against = (
                f"{row.gap:+.4f} [{row.gap_low:+.4f}, {row.gap_high:+.4f}], "
                f"{row.relative:+.0%} of {row.against:.0f}"
            )
        lines.append(
            f"| {row.method} | {row.n} | {row.evaluations:.0f} + {row.gradients:.0f} "
            f"| {row.mean:.4f} [{row.low:.4f}, {row.high:.4f}] | {psnr} | {against} |"
        )
    return [*lines, ""]


def matrix(rows: Sequence[Row]) -> list[str]:
    """Return samplers x (mask, budget) on one dataset: percent of RePaint's score; bold is below.

    Of two runs of a cell it has the one of more images, then the one that is nearer to the budget.
    """
    compared_rows = [row for row in rows if row.gap is not None]
    compared_rows.sort(key=lambda row: (row.n, -apart(row.budget, row.cost)))
    columns = sorted({(r.mask, r.budget) for r in compared_rows})
    cells = {(r.sampler, r.mask, r.budget): r for r in compared_rows}
    heads = [f"{mask} {budget}" for mask, budget in columns]
    lines = ["| sampler | " + " | ".join(heads) + " |", "|---" * (len(columns) + 1) + "|"]
    for sampler in sorted({r.sampler for r in compared_rows}):
        told = (percent(cells.get((sampler, *column))) for column in columns)
        lines.append(f"| {sampler} | " + " | ".join(told) + " |")
    return [*lines, ""]


def percent(row: Row | None) -> str:
    """Return a gap in percent: bold where its interval is below 0, italic where it is above."""
    if row is None or row.gap_low is None or row.gap_high is None:
        return ""
    mark = "**" if row.gap_high < 0 else "*" if row.gap_low > 0 else ""
    return f"{mark}{row.relative:+.0%}{mark}"


def write(rows: Sequence[Row], out: Path) -> None:
    """Write the rows as CSV, numbers to four figures."""
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in dataclasses.fields(Row))
        for row in rows:
            writer.writerow(
                f"{value:.4g}" if isinstance(value, float) else value
                for value in dataclasses.astuple(row)
            )


def points(group: Sequence[ScoredRun], metric: str) -> list[Point]:
    """Return cost and score of each run on the images that all of them have."""
    shared = sorted(set.intersection(*(set(run.scores.index) for run in group)))
    return [
        Point(row.sampler, row.cost, float(np.mean(run.scores[metric].loc[shared])), len(shared))
        for run in group
        for row in [compared(run, [], metric)]
    ]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--metric", default="lpips")
    parser.add_argument("--against", type=float, help="a cost of RePaint, for all")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--plot", type=Path, help="of the first dataset and mask")
    parser.add_argument(
        "--plot-images", type=int, default=1, help="the plot leaves out runs of fewer images"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
