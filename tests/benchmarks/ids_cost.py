"""Measure the linear SVM of P-IDS and U-IDS: seconds and memory by number of images.

    python -m tests.benchmarks.ids_cost [--images 2500,5000,10000] [--shift 0.05]

Fits two sets of random features of the Inception's size (2,048; nonnegative, correlated, with
slightly different means), one process per number of images.  Not a test.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time

import numpy as np

from bench.api.seeds import numpy_stream
from bench.metrics.ids import p_ids, svm_decisions, u_ids

WIDTH = 2048
RANK = 256  # number of directions with most of the variance


def draw(images: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 features (images, WIDTH) of fakes and reals."""
    stream = numpy_stream(0)
    mixing = stream.standard_normal((RANK, WIDTH), dtype=np.float32) / RANK**0.5

    def features(mean: float) -> np.ndarray:
        common = stream.standard_normal((images, RANK), dtype=np.float32) @ mixing
        own = stream.standard_normal((images, WIDTH), dtype=np.float32)
        return np.maximum(common + 0.3 * own + np.float32(mean), 0)

    return features(shift), features(0.0)


def measure(images: int, shift: float) -> str:
    """Return a row of the table."""
    fakes, reals = draw(images, shift)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, spent = time.perf_counter(), time.process_time()
    decisions = svm_decisions(fakes, reals)
    began, spent = time.perf_counter() - began, time.process_time() - spent
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scores = f"{p_ids(*decisions):.2f} | {u_ids(*decisions):.2f}"
    memory = f"{before / 1024:.0f} | {after / 1024:.0f}"
    return f"| {images} | {began:.1f} | {spent:.1f} | {memory} | {scores} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", default="2500,5000,10000")
    parser.add_argument("--shift", type=float, default=0.05)
    options = parser.parse_args()
    print("| N | seconds | of processor | MB before | MB at most | P-IDS | U-IDS |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for images in map(int, options.images.split(",")):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.apply(measure, (images, options.shift)), flush=True)


if __name__ == "__main__":
    main()
