"""Draw the figure of samplers_table: quality against cost, a line per sampler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = (20, 37, 71, 120, 250, 1000, 2410)


@dataclass(frozen=True)
class Point:
    """A run: its sampler, evaluations and gradients per image, mean score of n images."""

    sampler: str
    cost: float
    score: float
    n: int


def plot(points: Sequence[Point], metric: str, out: Path) -> None:
    """Draw score against cost, lower is better, and join the Pareto-optimal points."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.subplots()
    best = pareto(points)
    last, place = max(p.cost for p in points), 0.0
    told = {p.sampler for p in best} | {"repaint", *by_last_score(points)[:2]}
    for rank, sampler in enumerate(by_last_score(points)):
        line = sorted((p.cost, p.score) for p in points if p.sampler == sampler)
        colour = f"C{rank % 10}" if sampler in told else "#b0b0b0"
        axes.plot(*zip(*line, strict=True), "o-", ms=3.5, lw=1.2, color=colour)
        place = max(line[-1][1], place * 1.035)
        axes.annotate(
            sampler, line[-1], (last * 1.12, place), va="center", fontsize=7.5,
            color=colour if sampler in told else "#777777",
            arrowprops={"arrowstyle": "-", "lw": 0.4, "color": colour},
        )  # fmt: skip
    axes.plot(*zip(*((p.cost, p.score) for p in best), strict=True), "k--", lw=1, zorder=0)
    ticks = [t for t in TICKS if min(p.cost for p in points) * 0.9 <= t <= last * 1.1]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    heights = [h for h in (0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5) if in_range(h, points)]
    axes.set_yticks(heights, [f"{height:g}" for height in heights])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlim(min(p.cost for p in points) * 0.9, last * 1.5)
    axes.set_xlabel("network evaluations and gradients an image")
    axes.set_ylabel(f"{metric} of {points[0].n} images, lower is better")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


def in_range(height: float, points: Sequence[Point]) -> bool:
    """Return whether a height lies between the least and the greatest score."""
    scores = [p.score for p in points]
    return min(scores) <= height <= max(scores)


def pareto(points: Sequence[Point]) -> list[Point]:
    """Return the points, by cost, for which no other is better at the same or less cost."""
    best: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, p.score)):
        if not best or point.score < best[-1].score:
            best.append(point)
    return best


def by_last_score(points: Sequence[Point]) -> list[str]:
    """Return the samplers by the score of their most expensive run."""
    last = {p.sampler: p.score for p in sorted(points, key=lambda p: p.cost)}
    return sorted(last, key=lambda sampler: last[sampler])
