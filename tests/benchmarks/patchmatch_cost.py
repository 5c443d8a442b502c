"""Measure PatchMatch's cost by image side and hole ratio: a Markdown table and a plot.

python tests/benchmarks/patchmatch_cost.py [--largest 2048] [--out FIGURE.png]

The image is scikit-image's astronaut, resized; the hole a centred square.  Seconds: the least of
three calls; peak memory is the process's, so sides go from small to large.
"""

from __future__ import annotations

import argparse
import math
import resource
import time
from pathlib import Path

import numpy as np
import torch

from bench import plugins
from bench.api.imaging import resize_crop, to_tensor

RATIOS = (0.05, 0.1, 0.25, 0.5)


def centred(side: int, ratio: float) -> torch.Tensor:
    """Return bool (1, 1, side, side) with a centred square hole of about `ratio` of the area."""
    width = round(side * math.sqrt(ratio))
    start = (side - width) // 2
    hole = torch.zeros(1, 1, side, side, dtype=torch.bool)
    hole[..., start : start + width, start : start + width] = True
    return hole


def main() -> None:
    """Print the table and write the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=2048)
    parser.add_argument("--out", type=Path, default=Path("results/figures/patchmatch_cost.png"))
    arguments = parser.parse_args()
    from matplotlib import pyplot
    from skimage import data

    inpaint = plugins.method("patchmatch").load("cpu")
    figure, axes = pyplot.subplots(figsize=(5, 4))
    sides = [side for side in (128, 256, 512, 1024, 2048) if side <= arguments.largest]
    times: dict[float, list[float]] = {ratio: [] for ratio in RATIOS}
    print("| side | hole ratio | seconds | us / hole pixel / log2(side) | peak memory, MB |")
    print("|---|---|---|---|---|")
    for side in sides:
        image = to_tensor(resize_crop(np.asarray(data.astronaut()), side))[None]
        for ratio in RATIOS:
            hole = centred(side, ratio)
            visible, spent = image.masked_fill(hole, 0.0), []
            for _ in range(3):
                start = time.perf_counter()
                inpaint(visible, hole, [1])
                spent.append(time.perf_counter() - start)
            times[ratio].append(min(spent))
            unit = min(spent) / int(hole.sum()) / math.log2(side) * 1e6
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"| {side} | {ratio} | {min(spent):.3f} | {unit:.2f} | {peak:.0f} |", flush=True)
    for ratio in RATIOS:
        axes.loglog(sides, times[ratio], "o-", label=f"hole {ratio:.0%}")
    scale = times[0.25][0] / (sides[0] ** 2 * math.log2(sides[0]))
    bound = [scale * side**2 * math.log2(side) for side in sides]
    axes.loglog(sides, bound, "k--", label="pixels x log(side)")
    axes.set_xticks(sides, [str(side) for side in sides])
    axes.minorticks_off()
    axes.set(xlabel="side, pixels", ylabel="seconds", title="PatchMatch, 2 cores")
    axes.legend()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.out, dpi=80, bbox_inches="tight")


if __name__ == "__main__":
    main()
