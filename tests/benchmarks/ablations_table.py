"""Write the table, the figure and the scores of the finished ablations.

    python -m tests.benchmarks.ablations_table FOLDER --out results/ablations \\
        [--resampling RESAMPLED] [--photos PHOTOS]

FOLDER, PHOTOS: of `python -m tests.benchmarks.ablations`.  Every network is compared with the
baseline's first seed, image by image; intervals are 95% bootstraps over images.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.statistics.bootstrap import bootstrap_interval, paired_bootstrap

BASELINE = "baseline"
HEAD = """\
# What each part of the denoising network is worth

Variants of one recipe, trained equally: the same images, levels and noises in the same order, one
thread, parameters equal to within 5% (levels are widened where a part is left out). Made by

    python -m tests.benchmarks.ablations --out FASHION
    python -m tests.benchmarks.ablations --setting photos-64 --photos JPEGS --out PHOTOS \\
        --precision bf16 --lpips-images 100 --fid-images 0
    python -m tests.benchmarks.ablations_table FASHION --photos PHOTOS --out results/ablations

`loss` is the mean squared error of eps at ten noise levels, the same for both schedules; `times
the baseline's` the geometric mean over levels and images of its ratio to the baseline's first
seed. LPIPS and its differences are paired by image. Intervals are 95% bootstraps over images.
""".splitlines()
RESAMPLING = """\
## Resampling at one cost

RePaint on the shipped weights, center boxes of Fashion-MNIST, about 100 evaluations a filling
(`python -m tests.benchmarks.resampling --out FOLDER`).
""".splitlines()
TRAININGS = """\
Over trainings: of each seed, whose networks saw the same images, levels and noises in the same
order, the mean LPIPS minus that of the baseline; 95% by Student's t over the seeds, smallest first.
""".splitlines()
CAUTION = """\
## What may not be concluded

- The training is a few minutes of one core: what helps early need not help in the end, and parts
  that pay late (attention, a learned variance) are at a disadvantage.
- The tables' intervals are over images, not over trainings. A difference between two networks of
  one seed each that is no larger than the one between two seeds of a network says nothing (on
  photographs up to .020). Over trainings seeds are paired, but three are few, the images are the
  same hundred, and no interval is corrected for the number of comparisons.
- The networks are small and the images 32 or 64 pixels wide. Attention sees what convolutions do
  not reach; at this size they reach nearly everything.
- x0 and v are trained with their own squared error, equally weighted over levels, which weighs
  the levels differently from eps; part of the difference is that weighting, not the
  parameterisation.
- x0 is to be compared with the fixed variance. Trained with a learned one, its fillings diverged:
  at little noise a small error in x0 is a large one in eps, and the variance learned to cover it
  left its bounds.
- FID of so few samples is biased upwards; it compares rows of one table and nothing else.
""".splitlines()
Scored = dict[str, Any]
PRECISIONS = {"fp32": "float32", "bf16": "bfloat16"}
GREY = "#888888"
COLOURS = [f"C{i}" for i in range(10) if i != 7]  # C7 is a grey, as the baseline's


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=Path, help="of the setting photos-64")
    parser.add_argument("--resampling", type=Path, help="of tests.benchmarks.resampling")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lines = [*HEAD, "", *part(options.folder, "fashion-mnist", options.out)]
    if options.photos:
        lines += ["", *part(options.photos, "photographs", options.out)]
    if options.resampling:
        lines += ["", *RESAMPLING, "", (options.resampling / "table.md").read_text().rstrip()]
    text = "\n".join([*lines, "", *CAUTION]) + "\n"
    (options.out / "README.md").write_text(text, encoding="utf-8")
    print(text)


def part(folder: Path, name: str, out: Path) -> list[str]:
    """Write what one setting's networks scored; return its section."""
    networks = load(folder)
    write_levels(networks, out / f"{name}-levels.csv")
    write_images(networks, out / f"{name}-images.csv")
    draw(networks, out / f"{name}-levels.png")
    base = networks[0]
    images = base["steps"] * base["batch"]
    told = (
        f"{base['steps']:,} steps of {base['batch']} images ({images:,} in all) each, in "
        f"{PRECISIONS[base.get('precision', 'fp32')]}; loss of "
        f"{len(base['loss'][0])} held-out images, LPIPS of {len(base['lpips'])} center boxes "
        "filled in 71 evaluations"
    )
    if "fid" in base:
        told += f", FID of {base['fid_images']} samples in 50 steps"
    figure = f"![Held-out loss by level, times the baseline's]({name}-levels.png)"
    lines = [f"## {name}", "", f"{told}.", "", *table(networks), "", figure]
    trained = over_trainings(networks)
    return [*lines, "", *TRAININGS, "", *trained] if trained else lines


def load(folder: Path) -> list[Scored]:
    """Return the finished scores, the baseline's seeds first; exits without a baseline."""
    loaded = [json.loads(file.read_text()) for file in folder.glob("*/seed-*/scores.json")]
    if not any(one["variant"] == BASELINE for one in loaded):
        raise SystemExit(f"{folder} holds no scores of the baseline yet; train it first")
    return sorted(loaded, key=lambda one: (one["variant"] != BASELINE, one["variant"], one["seed"]))


def title(one: Scored) -> str:
    """Return what tables call a network."""
    return one["variant"] if not one["seed"] else f"{one['variant']}, seed {one['seed']}"


def relative_loss(one: Scored, base: Scored) -> np.ndarray:
    """Return, by image, the mean over levels of log(loss / the baseline's), (n,).

    A ratio, because the loss at the least noise is many times that at the most.
    """
    return np.log(np.array(one["loss"]) / np.array(base["loss"])).mean(axis=0)


def table(networks: list[Scored]) -> list[str]:
    """Return the lines of a Markdown table."""
    base = networks[0]
    lines = [
        "| network | question | parameters | loss | times the baseline's [95%] "
        "| LPIPS [95%] | minus the baseline's [95%] | FID |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in networks:
        ids = [str(i) for i in range(len(one["lpips"]))]
        low, high = bootstrap_interval(one["lpips"], ids, seed=0)
        lpips = f"{np.mean(one['lpips']):.4f} [{low:.4f}, {high:.4f}]"
        loss, ratio, gap = f"{np.mean(one['loss']):.4f}", "", ""
        if one is not base:
            ratio, gap = _against(one, base)
        fid = f"{one['fid']:.1f}" if "fid" in one else ""
        cells = title(one), one["question"], f"{one['parameters']:,}", loss, ratio, lpips, gap, fid
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def over_trainings(networks: list[Scored]) -> list[str]:
    """Return a Markdown table of the networks trained with three of the baseline's seeds or more.

    Empty when there are none.
    """
    means = {(one["variant"], one["seed"]): float(np.mean(one["lpips"])) for one in networks}
    rows = []
    for variant in dict.fromkeys(one["variant"] for one in networks):
        seeds = [seed for of, seed in means if of == variant and (BASELINE, seed) in means]
        if variant == BASELINE or len(seeds) < 3:
            continue
        gaps = [means[variant, seed] - means[BASELINE, seed] for seed in seeds]
        reach = stats.t.ppf(0.975, len(gaps) - 1) * stats.sem(gaps)
        mean = float(np.mean(gaps))
        each = ", ".join(f"{gap:+.4f}" for gap in gaps)
        cells = variant, each, f"{mean:+.4f} [{mean - reach:+.4f}, {mean + reach:+.4f}]"
        rows.append((mean, f"| {' | '.join(cells)} |"))
    head = ["| network | by seed | mean [95% over trainings] |", "|---|---|---|"]
    return [*head, *(row for _, row in sorted(rows))] if rows else []


def _against(one: Scored, base: Scored) -> tuple[str, str]:
    """Return the loss as a ratio and the LPIPS as a difference, with their intervals."""
    logs = relative_loss(one, base)
    ratio = paired_bootstrap(logs, [str(i) for i in range(len(logs))], seed=0)
    differences = np.subtract(one["lpips"], base["lpips"])
    gap = paired_bootstrap(differences, [str(i) for i in range(len(differences))], seed=0)
    mean, low, high = (math.exp(x) for x in (ratio.mean, ratio.low, ratio.high))
    return (
        f"{mean:.3f} [{low:.3f}, {high:.3f}]",
        f"{gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]",
    )


def write_levels(networks: list[Scored], path: Path) -> None:
    """Write the mean held-out loss of every network and level."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["network", "seed", "alpha_bar", "loss", "low", "high"])
        for one in networks:
            for abar, row in zip(one["alpha_bar"], one["loss"], strict=True):
                low, high = bootstrap_interval(row, [str(i) for i in range(len(row))], seed=0)
                told = [f"{value:.6g}" for value in (abar, np.mean(row), low, high)]
                writer.writerow([one["variant"], one["seed"], *told])


def write_images(networks: list[Scored], path: Path) -> None:
    """Write every image's loss (the mean of the levels) and LPIPS: two columns a network."""
    columns: dict[str, pd.Series] = {}
    for one in networks:
        losses = pd.Series(np.array(one["loss"]).mean(axis=0))
        columns[f"{title(one)} loss"] = losses.map("{:.5g}".format)
        columns[f"{title(one)} lpips"] = pd.Series(one["lpips"]).map("{:.4f}".format)
    pd.DataFrame(columns).to_csv(path, index_label="image", lineterminator="\n")


def draw(networks: list[Scored], path: Path) -> None:
    """Draw each network's loss over the signal-to-noise ratio, as a ratio to the baseline's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    base = np.array(networks[0]["loss"]).mean(axis=1)
    variants = dict.fromkeys(one["variant"] for one in networks if one["variant"] != BASELINE)
    colours = {BASELINE: GREY, **dict(zip(variants, cycle(COLOURS), strict=False))}
    for one in networks:
        abar = np.array(one["alpha_bar"])
        ratio = np.array(one["loss"]).mean(axis=1) / base
        axes.plot(
            10 * np.log10(abar / (1 - abar)),
            ratio,
            label=None if one["seed"] else one["variant"],
            color=colours[one["variant"]],
            ls="--" if one["seed"] else "-",
            lw=1.2 if one["seed"] or one["variant"] == BASELINE else 2,
            marker="o",
            ms=3,
        )
    axes.set_yscale("log")
    axes.set_xlabel("signal to noise, dB (right: little noise); dashed: other seeds")
    axes.set_ylabel("held-out loss, times the baseline's")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, which="both")
    axes.legend(frameon=False, fontsize=8, ncols=2)
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    main()
