"""Time the method's generator at 256x256 against plain eager float32 with the 4-channel input.

    python -m tests.benchmarks.glcic_speed --rounds 9

The runs are interleaved; a row's ratio is the median of its ratios to "plain" within a round.
`--clock cpu --threads 1` is the steadier measure on a machine that is shared.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from bench import plugins
from methods.glcic.inference import FastGenerator
from methods.glcic.networks import Generator, GeneratorConfig, generator_input, initialise

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    size = f"{options.size}x{options.size}"
    print(f"{size}, one image, {options.threads} threads, {options.clock} time, "
          f"torch {torch.__version__}, {options.rounds} rounds\n")  # fmt: skip
    print("| width | hole | plain float32 | method float32 | ratio | method bfloat16 | ratio |")
    print("|---|---|---|---|---|---|---|")
    for width in (24, 64):
        for mask in ("center-box", "free-form", "expand"):
            print(row(width, mask, options), flush=True)


def row(width: int, mask: str, options: argparse.Namespace) -> str:
    """Return one row of the table."""
    size, now = options.size, CLOCKS[options.clock]
    mean = (0.5, 0.4, 0.3)
    network = initialise(Generator(GeneratorConfig(width=width, mean=mean)), 0).eval()
    hole = plugins.mask(mask)(size, size, 0)[None]
    visible = torch.rand(1, 3, size, size).masked_fill(hole, 0)
    full, half = FastGenerator(network), FastGenerator(network, torch.bfloat16)
    runs = [
        lambda: network(generator_input(visible, hole, torch.tensor(mean))),
        lambda: full(visible, hole),
        lambda: half(visible, hole),
    ]
    with torch.inference_mode():
        seconds = np.array([[clock(run, now) for run in runs] for _ in range(options.rounds + 2)])[
            2:
        ]
    times = np.median(seconds, axis=0) * 1e3
    ratios = np.median(seconds / seconds[:, :1], axis=0)
    return (
        f"| {width} | {mask} | {times[0]:.0f} ms | {times[1]:.0f} ms | {ratios[1]:.2f} "
        f"| {times[2]:.0f} ms | {ratios[2]:.2f} |"
    )


def clock(run, now) -> float:
    began = now()
    run()
    return now() - began


if __name__ == "__main__":
    main()
