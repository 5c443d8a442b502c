"""Measure scoring by number of images, processes and methods: a table and a plot.

    python -m tests.benchmarks.scoring_scale [--images 100,1000,10000] [--methods 1,7] [--out F.png]

The runs are telea's at several radii on JPEGs of 64x64, scored together by `bench score` with the
metrics of single images that are its defaults, start-up included.  Processes: as many as the cores
that the command may use.  Memory: the peak of its largest process.  Not a test.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.execute.devices import cores
from bench.scoring.images import DEFAULT_METRICS
from tests.benchmarks.harness_overhead import write_photos

SIZE = 64


@dataclass(frozen=True)
class Cost:
    """The cost of scoring, for a number of images, methods and processes."""

    images: int
    processes: int
    methods: int
    seconds: float
    megabytes: float


def bench(arguments: list[str], processes: int) -> tuple[float, float]:
    """Run a command on this many cores; return its seconds and the peak memory in MB."""
    some = sorted(os.sched_getaffinity(0))[:processes]
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.cli", *arguments, "--quiet"],
        preexec_fn=lambda: os.sched_setaffinity(0, some),
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(arguments)}: exit code {child.returncode}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def make_runs(folder: Path, images: int, methods: int) -> list[Path]:
    """Complete the images by every method; return the run directories."""
    write_photos(folder / "photos", images, SIZE)
    listed = [f"--method=telea:radius={1 + number}" for number in range(methods)]
    where = ["--dataset", f"folder:{folder / 'photos'}", "--out", str(folder / "runs")]
    bench(["run", *listed, "--mask", "center-box", "--metrics", "none", *where], cores())
    return sorted(path.parent for path in (folder / "runs").glob("*/manifest.json"))


def measure(images: int, processes: list[int], methods: list[int]) -> list[Cost]:
    """Return the cost of scoring the first runs, for each number of methods."""
    metrics = f"--metrics={','.join(DEFAULT_METRICS)}"  # without FID, a default of many images
    folder, costs = Path(tempfile.mkdtemp(prefix="scoring-scale-")), []
    try:
        runs = make_runs(folder, images, max(methods))
        for count in processes:
            for several in methods:
                for derived in folder.glob("runs/*/s[cu]*"):  # scores.csv, summary.json
                    derived.unlink()
                spent = bench(["score", metrics, *map(str, runs[:several])], count)
                costs.append(Cost(images, count, several, *spent))
    finally:
        shutil.rmtree(folder)
    return costs


def draw(costs: list[Cost], out: Path) -> None:
    """Plot seconds and memory against the number of images."""
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6))
    for key in sorted({(c.processes, c.methods) for c in costs}):
        line = [c for c in costs if (c.processes, c.methods) == key]
        n = [c.images for c in line]
        label = f"{key[0]} process(es), {key[1]} method(s)"
        left.loglog(n, [c.seconds for c in line], "o-", label=label)
        right.semilogx(n, [c.megabytes for c in line], "o-", label=label)
    left.set(xlabel="images", ylabel="seconds, start-up included")
    right.set(xlabel="images", ylabel="peak memory of a process, MB", ylim=(0, None))
    left.legend(fontsize=8)
    figure.tight_layout()
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=80)


def main() -> None:
    """Print the table and write the plot."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", default="100,1000,10000")
    parser.add_argument("--methods", default="1,7")
    parser.add_argument("--out", type=Path, default=Path("results/figures/scoring_scale.png"))
    options = parser.parse_args()
    methods = [int(number) for number in options.methods.split(",")]
    processes = sorted({1, min(2, cores())})
    costs: list[Cost] = []
    print("| images | processes | methods | seconds | ms per output | MB |")
    print("|---:|---:|---:|---:|---:|---:|")
    for images in map(int, options.images.split(",")):
        for cost in measure(images, processes, methods):
            each = 1000 * cost.seconds / (cost.images * cost.methods)
            numbers = f"{cost.images} | {cost.processes} | {cost.methods} | {cost.seconds:.1f}"
            print(f"| {numbers} | {each:.2f} | {cost.megabytes:.0f} |", flush=True)
            costs.append(cost)
    draw(costs, options.out)


if __name__ == "__main__":
    main()
