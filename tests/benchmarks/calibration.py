"""Measure each sampler's distance to the exact posterior against its cost: a table and a plot.

    python -m tests.benchmarks.calibration [--budget 20 --budget 71] [--keep FILE.json]

The priors' own networks are used, so that all error is the sampler's.  A Gaussian field of 64
pixels, hole 24..39: W is the 2-Wasserstein distance over the posterior's deviation, g the mean's
slope, v the ratio of variances; exact for linear samplers, else from draws.  A mixture of two
modes: the share of the draws in the mode whose probability is .8.  A gradient counts as an
evaluation.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import torch

from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.exact import condition
from methods.ddpm.samplers.options import (
    DDNM,
    DDRM,
    DPS,
    MCG,
    TDS,
    CoPaint,
    DiffPIR,
    DInG,
    LanPaint,
    PiGDM,
    Repaint,
    SMCDiff,
)
from methods.ddpm.samplers.steps import RowNoise
from methods.ddpm.sampling import find, spaced
from methods.ddpm.schedule import linear
from tests.methods.ddpm.law import WIDTH, Distance, Law, distance, field, middle, propagate
from tests.methods.ddpm.mixture import mixture, share_of_plus

BUDGETS = (20, 37, 71, 250)
NOT_LINEAR = (DPS, MCG, CoPaint, SMCDiff, TDS)
# RePaint's best walks at these costs, of a grid.
WALKS = {20: (10, 1, 2), 37: (13, 1, 3), 71: (15, 1, 5), 250: (27, 3, 10)}
IMAGES, ROWS = 24, 40
MIXTURE_ROWS = 600
FILES = Path("results/calibration")


def settings(budget: int) -> dict[str, Any]:
    """Return label -> options of about this many evaluations and gradients."""
    half, quarter = max(budget // 2, 1), max(budget // 4, 1)
    # The field has 48 known values: DPS's and MCG's scales of the papers, at 1,000 steps each.
    return {
        "replacement": Repaint(budget, 1, 1),
        "repaint": Repaint(*WALKS[budget]) if budget in WALKS else Repaint(budget // 5, 1, 5),
        "ddrm": DDRM(budget),
        "ddnm .85": DDNM(budget, eta=0.85),
        "ddnm .7": DDNM(budget),
        "ddnm 0": DDNM(budget, eta=0.0),
        "diffpir": DiffPIR(budget),
        "ding": DInG((budget + 1) // 2, delayed=False),
        "ding delayed": DInG(budget),
        "pigdm paper": PiGDM(half, power=1.0),
        "pigdm scaled": PiGDM(half, power=1.0, rule="scaled"),
        "pigdm ddim": PiGDM(half, power=1.0, rule="ddim"),
        "dps": DPS(half, scale=1.0, n_ref=48 * (1000 // half) ** 2),
        "mcg": MCG(half, scale=1.0, n_ref=48 * (1000 // half) ** 2),
        "copaint": CoPaint(max(budget // 3, 1), iterations=1),
        "smc-diff": SMCDiff(quarter, particles=4),
        "tds": TDS(max(budget // 8, 1), particles=4),
        "lanpaint": LanPaint(max((budget + 5) // 6, 1), guidance=8.0),
    }


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    kept = json.loads(options.keep.read_text()) if options.keep.is_file() else {}
    for budget in options.budget or BUDGETS:
        for label, chosen in settings(budget).items():
            key = f"{label} {chosen}"
            if key not in kept:
                measured = measure(chosen)
                share = share_of_plus(chosen, MIXTURE_ROWS, mixture())
                kept[key] = [label, budget, measured.w, measured.g, measured.v, share]
                options.keep.write_text(json.dumps(kept))
            print(*kept[key], flush=True)
    rows = sorted(kept.values(), key=lambda row: (row[1], row[2]))
    FILES.mkdir(parents=True, exist_ok=True)
    with (FILES / "calibration.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sampler", "cost", "w", "g", "v", "share"])
        writer.writerows([*row[:2], *(f"{value:.4f}" for value in row[2:])] for row in rows)
    (FILES / "README.md").write_text(table(rows))
    plot(rows, Path("results/figures/calibration.png"))


def measure(options: Any) -> Distance:
    """Return a sampler's distance to the posterior of the field."""
    if not isinstance(options, NOT_LINEAR):
        schedule = spaced(linear(), options)
        return distance(propagate(find(options), field(), schedule, options), field())
    return drawn(options)


def drawn(options: Any) -> Distance:
    """Estimate the distance from draws, less the spread of means of so few draws."""
    prior, hole, schedule = field(), middle(), spaced(linear(), options)
    truth = torch.randn(WIDTH, IMAGES, generator=torch.Generator().manual_seed(0)).double()
    y0 = (torch.linalg.cholesky(prior.covariance) @ truth).T
    y = y0.repeat_interleave(ROWS, 0).reshape(-1, 1, 1, WIDTH)
    denoiser = Denoiser(prior.network(schedule), schedule, len(y), clamp=False)
    noise, holes = RowNoise(list(range(len(y))), y), hole.expand(len(y), 1, 1, WIDTH)
    with torch.no_grad():
        x = find(options)(denoiser, schedule, y, holes, noise, options)
    inside = x.reshape(IMAGES, ROWS, WIDTH)[:, :, hole]
    mean = inside.mean(1)
    off = (inside - mean[:, None]).flatten(0, 1)
    spread = off.T @ off / (IMAGES * (ROWS - 1))
    gain, covariance = condition(prior.covariance, hole)
    target = y0[:, ~hole] @ gain.T
    error = (mean - target).square().sum(1).mean() - torch.trace(spread) / ROWS
    shape = distance(Law(gain, spread), prior)  # its W is without the error of the mean
    trace = torch.trace(covariance)
    slope = (mean * target).sum() / target.square().sum()
    w = (shape.w**2 + float(error / trace)) if error > 0 else shape.w**2
    return Distance(w**0.5, float(slope), shape.v)


def table(rows: list[Any]) -> str:
    """Return the table as Markdown."""
    lines = [
        "# Distance of every sampler to the exact posterior",
        "",
        *(" ".join(part.split()) for part in str(__doc__).split("\n\n")[2:]),
        "",
        "Cost is the budget; a sampler's own cost is the nearest it can take. Options are the",
        "defaults but for steps, DPS's and MCG's scale 1 a step, LanPaint's guidance 8, and 4",
        "particles. Made by `python -m tests.benchmarks.calibration`.",
        "",
        "![W against cost](../figures/calibration.png)",
        "",
        "| sampler | cost | W | g | v | share of + (.80) |",
        "|---|---|---|---|---|---|",
    ]
    for label, cost, w, g, v, share in rows:
        lines.append(f"| {label} | {cost} | {w:.3f} | {g:.2f} | {v:.2f} | {share:.2f} |")
    return "\n".join(lines) + "\n"


def plot(rows: list[Any], out: Path) -> None:
    """Draw W against cost, a line per sampler, labelled at its end."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots()
    labels = sorted({row[0] for row in rows})
    ends = []
    for i, label in enumerate(labels):
        points = sorted((row[1], row[2]) for row in rows if row[0] == label)
        x, y = zip(*points, strict=True)
        (line,) = axes.plot(
            x, y, marker="o", ms=4, lw=1.3, color=f"C{i % 10}", ls="-" if i < 10 else "--"
        )
        ends.append([y[-1], label, line.get_color()])
    axes.set_xscale("log")
    axes.set_yscale("log")
    last, place = max(row[1] for row in rows), 0.0
    for height, label, colour in sorted(ends):
        place = max(height, place * 1.075)
        axes.annotate(
            label, (last, height), (last * 1.15, place), fontsize=8, color=colour, va="center"
        )
    ticks = sorted({row[1] for row in rows})
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks([0.05, 0.1, 0.2, 0.3, 0.5], ["0.05", "0.1", "0.2", "0.3", "0.5"])
    axes.set_xlim(ticks[0] * 0.9, last * 1.7)
    axes.set_xlabel("network evaluations and gradients")
    axes.set_ylabel("W2 to the exact posterior / its deviation")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=130)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--budget", type=int, action="append", choices=BUDGETS)
    parser.add_argument("--keep", type=Path, default=Path("calibration.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
