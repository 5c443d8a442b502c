"""Measure the time per image of the process that runs `bench`, without the method's.

    python -m tests.benchmarks.parent_cost --images 2000 --size 256

A Dask worker makes one batch for real and answers all others with copies of it at once, so that the
parent (which holds the scheduler) is the limit: it receives, writes three PNGs, seals and records.
Prints images per second, the parent's processor seconds per image, the bytes of an image, and the
time to resume with and without seals.  Not a test: it asserts no time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import ClassVar

import torch

from bench.complete import worker
from bench.complete.batch import Batch, BatchResult
from bench.datasets.folder import ImageFolder
from bench.execute.dask import DaskExecutor
from bench.plan.request import Request, runs
from bench.plan.spec import Run
from bench.runner import loop, retries
from bench.runner.options import Options
from tests.benchmarks.dask_speedup import processor_seconds
from tests.benchmarks.harness_overhead import write_photos


@dataclass(frozen=True)
class Repeated:
    """A folder's images repeated under many ids."""

    name: ClassVar[str] = "repeated"
    version: ClassVar[str] = "1"
    path: Path = Path()
    count: int = 0
    size: int | None = None

    def ids(self) -> list[str]:
        return [f"{i:07d}" for i in range(self.count)]

    def load(self, image_id: str) -> torch.Tensor:
        return ImageFolder(self.path).load(f"{int(image_id) % 8:06d}")

    def fingerprint(self, image_id: str) -> str:
        return "0" * 64

    def source(self, image_id: str) -> str:
        return image_id


@cache
def made(run: Run) -> BatchResult:
    """Complete one batch of eight."""
    return worker.process(Batch(run, tuple((f"{i:07d}", 0) for i in range(8))))


def answer(job: Batch) -> BatchResult:
    """Answer a job with the batch that was made, under the job's ids."""
    copies = [
        replace(done, record=replace(done.record, id=image_id, image_id=image_id))
        for done, (image_id, _) in zip(made(job.run).done, job.items, strict=False)
    ]
    return BatchResult(copies)


def main() -> None:
    """Run, then resume with and without seals."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--size", type=int, default=256)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="parent-cost-"))
    write_photos(folder / "images", 8, asked.size)
    (run,) = runs(Request(("telea",), ("center-box",), f"folder:{folder / 'images'}"))
    run = replace(run, dataset=Repeated(folder / "images", asked.images))
    options = Options(folder / "runs", executor="dask")
    cluster = DaskExecutor(scheduler=None, workers=1, gpu=False)
    retries.process = answer  # the workers import this module

    def go(title: str) -> Path:
        clock, spent = time.perf_counter(), processor_seconds(os.getpid())
        report = loop.execute(run, options, cluster, on_progress=lambda done, total: None)
        clock, spent = time.perf_counter() - clock, processor_seconds(os.getpid()) - spent
        print(
            f"{title}: {asked.images / clock:.0f} images/s, "
            f"{1000 * spent / asked.images:.2f} ms of the parent's processor an image",
            flush=True,
        )
        return report.path

    try:
        path = go("receive and write")
        size = sum(file.stat().st_size for file in path.rglob("*.png")) / asked.images
        print(f"{size / 1e3:.0f} KB of PNGs an image")
        go("resume, sealed")
        (path / "seals.txt").unlink()
        go("resume, without seals")
    finally:
        cluster.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    from tests.benchmarks.parent_cost import main as run_main  # pickled by a name workers know

    run_main()
