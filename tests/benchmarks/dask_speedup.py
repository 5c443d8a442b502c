"""Two Dask workers against one, on the same images, start-up apart, alternating.

    python tests/benchmarks/dask_speedup.py --methods telea,patchmatch --images 64 --rounds 3

Both clusters stay up; every worker has loaded the method before anything is timed.  Prints the
seconds of each round and the median of the ratios.  Not a test: it asserts no time.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

from bench import runner
from bench.cluster import DaskCluster
from bench.request import Request, runs
from bench.runner import Options
from tests.benchmarks.harness_overhead import write_photos


def timed(cluster: DaskCluster, method: str, images: Path, limit: int, batch_size: int) -> float:
    """Run a method on the first images through a cluster, in a fresh folder; return seconds."""
    (run,) = runs(Request((method,), ("center-box",), f"folder:{images}", limit=limit))
    out = Path(tempfile.mkdtemp(prefix="dask-speedup-"))
    started = time.perf_counter()
    options = Options(out, batch_size=batch_size, executor="dask")
    report = runner.execute(run, options, cluster, on_progress=lambda done, total: None)
    seconds = time.perf_counter() - started
    shutil.rmtree(out)
    assert report.n_new == limit
    assert not report.failed
    return seconds


def main() -> None:
    """Measure each method."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--methods", default="telea,patchmatch")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=2)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dask-speedup-"))
    write_photos(folder / "images", asked.images, asked.size)
    clusters = {n: DaskCluster(scheduler=None, workers=n, gpu=False) for n in (1, 2)}
    try:
        for method in asked.methods.split(","):
            ratios = []
            for cluster in clusters.values():
                timed(cluster, method, folder / "images", 8, 1)  # loads, compiles
            for _ in range(asked.rounds):
                seconds = {
                    n: timed(cluster, method, folder / "images", asked.images, asked.batch_size)
                    for n, cluster in clusters.items()
                }
                ratios.append(seconds[1] / seconds[2])
                print(f"{method}: 1 worker {seconds[1]:.2f} s, 2 workers {seconds[2]:.2f} s")
            print(f"{method}: speed-up {median(ratios):.2f} (median of {asked.rounds})", flush=True)
    finally:
        for cluster in clusters.values():
            cluster.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
