"""Measure the samplers' own cost beside the network's, and the cost of a gradient.

    python -m tests.benchmarks.samplers_cost [--rounds 5]

The shipped network of photographs, 64x64, batch 4, one thread; processor seconds, medians of rounds
in which all take turns, so that other work on the machine affects all equally; ratios are within a
round.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import statistics
import time
import typing
from typing import Any

import torch

from methods.ddpm import DDPM
from methods.ddpm.completer import DiffusionCompleter
from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.options import PiGDM, Repaint, Sampler
from methods.ddpm.sampling import inpaint, spaced
from methods.ddpm.schedule import cosine

STEPS = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    plain = DiffusionCompleter(DDPM(Repaint()), "cpu").loaded["photos-64"].network  # type: ignore[arg-type]
    derived = DiffusionCompleter(DDPM(PiGDM()), "cpu").loaded["photos-64"].network
    gradient(plain, derived, rounds)
    print("\n| sampler | share of the time that is not the network's |\n|---|---|")
    for kind in typing.get_args(Sampler):
        if not kind.gradients:
            shares = [
                overhead(plain, dataclasses.replace(kind(), steps=STEPS)) for _ in range(rounds)
            ]
            print(f"| {kind.name} | {statistics.median(shares):.2%} |", flush=True)


def gradient(plain: Any, derived: Any, rounds: int) -> None:
    """Print the time of a step with its gradient over that of an evaluation."""
    x = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    schedule = cosine()

    def forward(network: Any) -> None:
        with torch.no_grad():
            Denoiser(network, schedule, 4)(x, 500)

    def backward() -> None:
        _, pull = Denoiser(derived, schedule, 4).differentiate(x, 500)
        pull(x)

    jobs = {
        "evaluation, for inference": lambda: forward(plain),
        "evaluation, as trained": lambda: forward(derived),
        "evaluation and gradient": backward,
    }
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(rounds + 1):
        for name, job in jobs.items():
            began = time.process_time()
            job()
            if turn:
                spent[name].append(time.process_time() - began)
    print(
        "| 4 images of 64x64 | processor seconds | over an evaluation as trained |\n|---|---|---|"
    )
    for name, seconds in spent.items():
        ratios = [a / b for a, b in zip(seconds, spent["evaluation, as trained"], strict=True)]
        print(f"| {name} | {statistics.median(seconds):.3f} | {statistics.median(ratios):.2f} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\npeak memory of the process with gradients {peak:.2f} GiB")


def overhead(network: Any, options: Any) -> float:
    """Return the share of processor time that a sampler spends outside the network."""
    inside = 0.0

    def timed(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        nonlocal inside
        began = time.process_time()
        output: torch.Tensor = network(x, step)
        inside += time.process_time() - began
        return output

    hole = torch.zeros(4, 1, 64, 64, dtype=torch.bool)
    hole[:, :, 16:48, 16:48] = True
    schedule = spaced(cosine(), options)
    began = time.process_time()
    inpaint(timed, schedule, torch.zeros(4, 3, 64, 64), hole, [0, 1, 2, 3], options)
    return 1 - inside / (time.process_time() - began)


if __name__ == "__main__":
    main()
