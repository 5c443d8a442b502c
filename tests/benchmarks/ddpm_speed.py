"""Time the network of 25.1 M parameters against a plain version of the same network.

    python -m tests.benchmarks.ddpm_speed --rounds 7 --threads 2
    python -m tests.benchmarks.ddpm_speed --memory      # the 553 M architecture at 256x256, batch 1

64x64, batch 4.  The variants take turns in one process; the table gives the median of the times and
of the ratios within a round, by the wall clock and by the process's own CPU time (which other
programs on the machine disturb less).
"""

from __future__ import annotations

import argparse
import copy
import resource
import statistics
import time
from collections.abc import Callable

import torch

from bench.api.seeds import torch_stream
from methods.common.initial import initialise
from methods.ddpm.blocks import UNetConfig
from methods.ddpm.checkpoint import BIG
from methods.ddpm.precision import prepared
from methods.ddpm.samplers.options import Repaint
from methods.ddpm.sampling import inpaint
from methods.ddpm.schedule import linear, respace
from methods.ddpm.unet import UNet
from tests.benchmarks.ddpm_plain import plain_unet


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    if options.memory:
        memory(options.precision)
        return
    network = UNet(UNetConfig()).eval().requires_grad_(False)
    initialise(network, 0)
    for i, parameter in enumerate(network.parameters()):
        if not parameter.any():
            parameter.copy_(0.01 * torch.randn(parameter.shape, generator=torch_stream(i)))
    state = {k: v.clone() for k, v in network.state_dict().items()}
    auto, single = (prepared(copy.deepcopy(network), "cpu", p) for p in ("auto", "fp32"))
    x, t = torch.randn(4, 3, 64, 64, generator=torch_stream(0)), torch.full((4,), 500)
    times = take_turns(
        {
            "plain": lambda: plain_unet(state, x, t, channels=64, head_channels=32, groups=32),
            "fp32": lambda: single(x, t),
            "auto": lambda: auto(x, t),
        },
        options.rounds,
    )
    report(times)
    print(f"\nsampler's own arithmetic: {overhead(auto):.2%} of an evaluation and its step")


def take_turns(
    variants: dict[str, Callable[[], torch.Tensor]], rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Return (wall, CPU) seconds of every variant, a pair per round, after one round of warm-up."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    with torch.inference_mode():
        for number in range(rounds + 1):
            for name, call in variants.items():
                wall, cpu = time.perf_counter(), time.process_time()
                call()
                taken = time.perf_counter() - wall, time.process_time() - cpu
                if number:
                    times[name].append(taken)
    return times


def report(times: dict[str, list[tuple[float, float]]]) -> None:
    """Print medians of times and of ratios to plain."""
    print("| variant | wall s | x plain | CPU s | x plain |")
    print("|---|---|---|---|---|")
    for name, taken in times.items():
        cells = []
        for clock in (0, 1):
            seconds = statistics.median(pair[clock] for pair in taken)
            ratios = (a[clock] / b[clock] for a, b in zip(taken, times["plain"], strict=True))
            cells += [f"{seconds:.3f}", f"{statistics.median(ratios):.3f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def overhead(network: torch.nn.Module) -> float:
    """Return the share of CPU time that the sampler spends outside the network."""
    inside = 0.0

    def timed(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        nonlocal inside
        began = time.process_time()
        output = network(x, step)
        inside += time.process_time() - began
        return output

    hole = torch.zeros(4, 1, 64, 64, dtype=torch.bool)
    hole[:, :, 16:48, 16:48] = True
    options, schedule = Repaint(10, 5, 2), respace(linear(), 10)
    began = time.process_time()
    inpaint(timed, schedule, torch.zeros(4, 3, 64, 64), hole, [0, 1, 2, 3], options)
    return 1 - inside / (time.process_time() - began)


def memory(precision: str) -> None:
    """Print the peak memory of one evaluation of the big presets' network at 256x256, batch 1."""
    with torch.device("meta"):
        network = UNet(BIG)
    network = network.to_empty(device="cpu").eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter.fill_(0.001)
    ready = prepared(network, "cpu", precision)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    began = time.perf_counter()
    with torch.inference_mode():
        ready(torch.zeros(1, 3, 256, 256), torch.tensor([499]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = time.perf_counter() - began
    told = f"{before:.2f} GiB after loading, {peak:.2f} GiB with one evaluation"
    print(f"{precision}: peak {told}, {seconds:.1f} s")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--precision", default="fp32")
    return parser.parse_args()


if __name__ == "__main__":
    main()
