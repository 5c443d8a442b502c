"""Time training steps of ddpm and glcic at 64x64 in one thread, with what makes them faster.

    python -m tests.benchmarks.training_speed --method ddpm --batch 32 --rounds 5 --steps 4

Every variant is a process of its own, since memory is kept by the process; they take turns, and
the table gives medians of the seconds a step and of the ratios within a round.  The first round
warms up (torch.compile takes minutes there).
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import subprocess
import sys
import time
from typing import Protocol

import numpy as np
import torch

from bench import plugins
from bench.api.memory import keep_freed_memory
from methods.common import processor
from methods.common.distributed import Process
from methods.common.images import FixedImages
from methods.ddpm import train as ddpm
from methods.glcic import recipes as glcic
from methods.glcic.trainee import Glcic

VARIANTS = {
    "ddpm": ("fp32", "bf16", "bf16 memory", "bf16 memory compile", "bf16 memory compile muon"),
    "glcic": ("fp32", "bf16", "bf16 memory"),
}


class Steps(Protocol):
    """A training run."""

    def step(self, step: int) -> object:
        """Do one step."""
        ...


def main() -> None:
    options = parse()
    if options.variant is not None:
        serve(options.method, options.variant.split(), options.batch, options.steps)
        return
    names = VARIANTS[options.method]
    children = {name: start(options, name) for name in names}
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(options.rounds + 1):
        for name, child in children.items():
            seconds = take_turn(child)
            if number:
                times[name].append(seconds)
    for child in children.values():
        child.kill()
    print("| variant | s a step | images a second | times the first |\n|---|---|---|---|")
    for name, taken in times.items():
        seconds = statistics.median(taken)
        faster = statistics.median(a / b for a, b in zip(times[names[0]], taken, strict=True))
        print(f"| {name} | {seconds:.3f} | {options.batch / seconds:.1f} | {faster:.2f} |")


def start(options: argparse.Namespace, variant: str) -> subprocess.Popen[str]:
    """Start a variant's process; it waits for its turn."""
    module = [sys.executable, "-m", "tests.benchmarks.training_speed", "--variant", variant]
    counts = ["--batch", str(options.batch), "--steps", str(options.steps)]
    command = [*module, "--method", options.method, *counts]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def take_turn(child: subprocess.Popen[str]) -> float:
    """Return the median seconds of a variant's next steps."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("\n")
    child.stdin.flush()
    return float(child.stdout.readline())


def serve(method: str, variant: list[str], batch: int, steps: int) -> None:
    """Answer every line of the standard input with the median seconds of the next steps."""
    torch.set_num_threads(1)
    if "memory" in variant:
        keep_freed_memory()
    dtype = torch.bfloat16 if "bf16" in variant else torch.float32
    with processor.backend(dtype, "cpu"):
        run = build(method, variant, batch, dtype)
        done = 0
        for _ in sys.stdin:
            taken = []
            for _ in range(steps):
                began = time.perf_counter()
                run.step(done)
                taken.append(time.perf_counter() - began)
                done += 1
            print(statistics.median(taken), flush=True)


def build(method: str, variant: list[str], batch: int, dtype: torch.dtype) -> Steps:
    """Return a training run of the method's recipe photos-64 on random images."""
    pixels = np.random.default_rng(0).integers(0, 256, (256, 64, 64, 3), dtype=np.uint8)
    source = FixedImages(pixels)
    if method == "ddpm":
        recipe = dataclasses.replace(
            ddpm.CONFIGS["photos-64"],
            batch=batch,
            compile="compile" in variant,
            optimiser="muon" if "muon" in variant else "adam",
        )
        return ddpm.DenoisingTrainee(recipe, source, [], Process(), 0, dtype)
    config = dataclasses.replace(
        glcic.CONFIGS["photos-64"],
        batch=batch,
        completion=0,
        discrimination=0,
        precision="bf16" if "bf16" in variant else "fp32",
    )
    return Glcic(config, source, [plugins.mask(name) for name in config.holes], Process())


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--method", choices=tuple(VARIANTS), default="ddpm")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4, help="in a turn")
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
