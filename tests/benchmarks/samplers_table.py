"""Samplers at equal cost, from finished runs: a table with paired intervals and a Pareto plot.

    bench run --suite samplers --mask center-box --dataset folder:PHOTOGRAPHS --out RUNS
    python -m tests.benchmarks.samplers_table RUNS --name "..." [--plot FIGURE.png]

A run's cost is its evaluations and gradients an image.  Each is compared, image by image, with the
run of RePaint whose cost is nearest to it.  The first command goes on where it was stopped; RUNS
that lack methods give a table of those that are there.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np

from bench.statistics.bootstrap import bootstrap_interval, paired_bootstrap
from bench.store.scored_run import ScoredRun, load_runs


def main() -> None:
    options = parse()
    runs = [run for run in load_runs([options.runs]) if cost(run)]
    groups: dict[tuple[str, str], list[ScoredRun]] = {}
    for run in runs:
        groups.setdefault((run.mask, hashed(run)), []).append(run)
    for number, ((mask, _), group) in enumerate(sorted(groups.items()), start=1):
        print(f"{mask}, {options.name}, n = {group[0].n_images}\n")
        print("\n".join(table(group, options.metric)))
        if options.plot and number == 1:
            plot(group, options.metric, options.plot)


def cost(run: ScoredRun) -> float:
    """Return evaluations and gradients an image; 0 for a method without a network."""
    return (run.summary.evaluations or 0) + (run.summary.gradients or 0)


def hashed(run: ScoredRun) -> str:
    """Return what two comparable runs have in common: the images and the network."""
    told = f"{run.spec['dataset']['content_sha256']} {run.assets}"
    return hashlib.sha256(told.encode()).hexdigest()


def is_repaint(run: ScoredRun) -> bool:
    return "sampler" not in run.spec["method"]["parameters"]


def table(group: list[ScoredRun], metric: str) -> list[str]:
    """Return the rows by their mean score, the nearest RePaint's differences beside."""
    base = [run for run in group if is_repaint(run)]
    lines = [
        f"| method | evaluations + gradients | {metric} [95%] | PSNR | less RePaint at its cost |",
        "|---|---|---|---|---|",
    ]
    for run in sorted(group, key=lambda run: float(run.scores[metric].mean())):
        scores = run.scores[metric]
        ids = list(scores.index)
        low, high = bootstrap_interval(scores.to_numpy(), ids, seed=0)
        spent = f"{run.summary.evaluations:.0f} + {run.summary.gradients or 0:.0f}"
        psnr = f"{run.scores['psnr'].mean():.2f}" if "psnr" in run.scores else ""
        against = ""
        if base and not is_repaint(run):
            near = min(base, key=lambda other: abs(np.log(cost(other) / cost(run))))
            theirs = near.scores[metric].loc[ids].to_numpy()
            gap = paired_bootstrap(scores.to_numpy() - theirs, ids, seed=0)
            against = (
                f"{gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}], "
                f"{gap.mean / theirs.mean():+.0%} of {cost(near):.0f}"
            )
        told = f"{scores.mean():.4f} [{low:.4f}, {high:.4f}]"
        lines.append(f"| {run.method} | {spent} | {told} | {psnr} | {against} |")
    return [*lines, ""]


def plot(group: list[ScoredRun], metric: str, out: Path) -> None:
    """Draw score against cost; the runs that none beats at both are joined."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.subplots()
    points = sorted(
        ((cost(run), float(run.scores[metric].mean()), run) for run in group), key=lambda p: p[:2]
    )
    best, front = float("inf"), []
    for x, y, run in points:
        label = run.method.removeprefix("ddpm:").removeprefix("sampler=")
        mark, colour = ("s", "#c4561f") if is_repaint(run) else ("o", "#1f6fb2")
        axes.plot(x, y, mark, color=colour)
        axes.annotate(label, (x, y), (5, 3), textcoords="offset points", fontsize=7)
        if y < best:
            best = y
            front.append((x, y))
    axes.plot(*zip(*front, strict=True), color="#333333", lw=1, zorder=0)
    axes.set_xlabel("network evaluations and gradients an image")
    axes.set_ylabel(metric)
    axes.margins(x=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=130)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("--metric", default="lpips")
    parser.add_argument("--name", default="")
    parser.add_argument("--plot", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
