"""Compare RePaint's r and jump length at one cost, on the shipped weights.

    python -m tests.benchmarks.resampling --out FOLDER [--budget 100] [--limit 128]

For every r and jump length the number of levels is chosen so that a filling takes as nearly as
possible `budget` evaluations.  Center boxes on the bundled test images of Fashion-MNIST, the same
holes and seeds for every walk; each is compared with r = 1 image by image.  Finished walks are
kept: the same command resumes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from bench import plugins
from bench.api import ImageMetric
from bench.api.files import write_atomic
from bench.statistics.bootstrap import bootstrap_interval, paired_bootstrap
from methods.ddpm import DDPM
from methods.ddpm.samplers.options import Repaint
from methods.ddpm.samplers.repaint import evaluations
from tests.benchmarks.ddpm_quality import evaluate

REPEATS, JUMPS = (1, 2, 3, 4, 10), (1, 5, 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--limit", type=int, default=128)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for walk in walks(options.budget):
        file = options.out / f"r{walk.jump_samples}-j{walk.jump_length}.json"
        if not file.is_file():
            write_atomic(file, json.dumps(lpips_of(walk, options.limit)).encode())
            print(file.name, flush=True)
    lines = table(options.out, options.budget)
    (options.out / "table.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def walks(budget: int) -> list[Repaint]:
    """Return r = 1 once (it has no jumps), then every r and jump length."""
    settings = [(1, 1), *((r, j) for r in REPEATS[1:] for j in JUMPS)]
    return [Repaint(steps_for(budget, j, r), j, r) for r, j in settings]


def steps_for(budget: int, jump_length: int, jump_samples: int) -> int:
    """Return the number of levels whose walk takes most nearly `budget` evaluations."""
    tried = range(1, budget + 1)
    return min(tried, key=lambda n: abs(evaluations(n, jump_length, jump_samples) - budget))


def lpips_of(walk: Repaint, limit: int) -> list[float]:
    """Return the LPIPS of every image."""
    dataset, metric = plugins.dataset("fashion-mnist"), plugins.metric("lpips_up64")
    assert isinstance(metric, ImageMetric)
    ids = dataset.ids()[:limit]
    box = plugins.mask("center-box")
    scores, _, _ = evaluate(DDPM(walk, weights="fashion-mnist-32"), box, dataset, ids, metric, 64)
    return [round(score, 5) for score in scores]


def table(folder: Path, budget: int) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [
        "| r | jump length | levels | evaluations | LPIPS [95%] | minus r = 1 [95%] |",
        "|---|---|---|---|---|---|",
    ]
    first: list[float] = []
    for walk in walks(budget):
        r, j = walk.jump_samples, walk.jump_length
        scores = json.loads((folder / f"r{r}-j{j}.json").read_text())
        ids = [str(i) for i in range(len(scores))]
        low, high = bootstrap_interval(scores, ids, seed=0)
        told = f"{np.mean(scores):.4f} [{low:.4f}, {high:.4f}]"
        against = ""
        if first:
            gap = paired_bootstrap(np.subtract(scores, first), ids, seed=0)
            against = f"{gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]"
        first = first or scores
        asked = evaluations(walk.steps, j, r)
        lines.append(
            f"| {r} | {j if r > 1 else '-'} | {walk.steps} | {asked} | {told} | {against} |"
        )
    return lines


if __name__ == "__main__":
    main()
