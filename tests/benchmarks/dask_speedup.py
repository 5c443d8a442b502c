"""Compare two Dask workers with one on the same images, in turns, without start-up.

    python -m tests.benchmarks.dask_speedup --methods telea,patchmatch --images 256 --rounds 5

Both clusters stay up; every worker has loaded the method before anything is timed.  Prints for each
round its wall seconds and the processor seconds of the parent (which holds the scheduler), of the
workers, and of everything else on the machine; a ratio is only valid if the last is small.  Then
prints the median of the ratios.  Not a test: it asserts no time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.execute.dask import DaskExecutor
from bench.plan.request import Request, runs
from bench.runner import loop
from bench.runner.options import Options
from tests.benchmarks.harness_overhead import write_photos

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Seconds: on the clock, and of processors: the parent, the workers, everything else."""

    wall: float
    parent: float
    workers: float
    others: float

    def __str__(self) -> str:
        return (
            f"{self.wall:6.2f} s (processor: parent {self.parent:.2f}, workers "
            f"{self.workers:.2f}, others {self.others:.2f})"
        )


def processor_seconds(process: int) -> float:
    """Return the user and system seconds of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def busy_seconds() -> float:
    """Return the seconds that the machine's processors were not idle, or stolen, so far."""
    fields = [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


def timed(cluster: DaskExecutor, method: str, images: Path, limit: int, batch_size: int) -> Cost:
    """Run a method on the first images through a cluster, in a fresh folder.

    The folder stays until the end: ext4 creates files slowly where many were just deleted.
    """
    (run,) = runs(Request((method,), ("center-box",), f"folder:{images}", limit=limit))
    out = Path(tempfile.mkdtemp(prefix="runs-", dir=images.parent))
    processes = cluster._client.run(os.getpid).values()

    def spent() -> tuple[float, float, float, float]:
        workers = sum(processor_seconds(process) for process in processes)
        return time.perf_counter(), processor_seconds(os.getpid()), workers, busy_seconds()

    before = spent()
    options = Options(out, batch_size=batch_size, executor="dask")
    report = loop.execute(run, options, cluster, on_progress=lambda done, total: None)
    wall, parent, workers, busy = (b - a for a, b in zip(before, spent(), strict=True))
    assert report.n_new == limit
    assert not report.failed
    return Cost(wall, parent, workers, busy - parent - workers)


def main() -> None:
    """Measure each method."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--methods", default="telea,patchmatch")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=8)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dask-speedup-"))
    write_photos(folder / "images", asked.images, asked.size)
    clusters = {n: DaskExecutor(scheduler=None, workers=n, gpu=False) for n in (1, 2)}
    try:
        for method in asked.methods.split(","):
            for cluster in clusters.values():
                timed(cluster, method, folder / "images", 16, 1)  # loads, compiles
            ratios = []
            for _ in range(asked.rounds):
                costs = {
                    n: timed(cluster, method, folder / "images", asked.images, asked.batch_size)
                    for n, cluster in clusters.items()
                }
                ratios.append(costs[1].wall / costs[2].wall)
                print(f"{method}: 1 worker {costs[1]}, 2 workers {costs[2]}", flush=True)
            print(f"{method}: speed-up {median(ratios):.2f} (median of {asked.rounds})", flush=True)
    finally:
        for cluster in clusters.values():
            cluster.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
