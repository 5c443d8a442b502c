"""How close to the processor's limit lpips_vgg and ddpm's small network compute, on one thread.

    python -m tests.benchmarks.network_roofline [--rounds 9]

The limit is the speed of a large matrix product in float32, measured in the same rounds.  The
convolutions of a network run once more by themselves, on the maps that they get in it.  Processor
milliseconds, medians of rounds in which all take turns.  Not a test.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from bench.api.memory import keep_freed_memory
from bench.metrics.convolution import ConvReLU
from bench.metrics.perceptual import load_network
from bench.metrics.winograd import WinogradConvReLU
from methods.ddpm.checkpoint import load_own
from methods.ddpm.packed import PackedConv
from methods.ddpm.precision import prepared

SIDE = 2048
REPEATS = 3
DDPM = Path(__file__).resolve().parents[2] / "methods/weights/ddpm-photos-64.safetensors"

Call = Callable[[], object]


class Convolutions:
    """The convolutions of a network, each with what it read in one call.

    flops: of the plain convolutions, two a multiplication, of all images of the call.
    """

    def __init__(self, network: nn.Module, *inputs: torch.Tensor) -> None:
        self.read: list[tuple[nn.Module, torch.Tensor]] = []
        self.flops = 0
        kinds = (ConvReLU, PackedConv)
        hooks = [
            module.register_forward_hook(self._keep)
            for module in network.modules()
            if isinstance(module, kinds)
        ]
        # ddpm's modules give their weights up in the first call: count them before it.
        self._weights = {
            id(module): (module.conv if isinstance(module, PackedConv) else module).weight.numel()
            for module in network.modules()
            if isinstance(module, kinds)
        }
        network(*inputs)
        for hook in hooks:
            hook.remove()

    def _keep(self, module: nn.Module, inputs: tuple[torch.Tensor], out: torch.Tensor) -> None:
        self.read.append((module, inputs[0].clone(memory_format=torch.channels_last)))
        places = out.numel() // out.shape[1]
        self.flops += 2 * self._weights[id(module)] * places

    def run(self) -> None:
        """Run them as the network does."""
        for module, x in self.read:
            module(x)

    def run_plainly(self) -> None:
        """Run all of them without Winograd's filtering."""
        for module, x in self.read:
            if isinstance(module, WinogradConvReLU):
                ConvReLU.forward(module, x)
            else:
                module(x)


def medians(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """Return processor milliseconds of each call, of three in a row; all take turns."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            began = time.process_time()
            for _ in range(REPEATS):
                call()
            if turn:  # the first round warms up
                spent[name].append(1000 * (time.process_time() - began) / REPEATS)
    return {name: statistics.median(times) for name, times in spent.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    keep_freed_memory()
    stream = torch.Generator().manual_seed(0)
    vgg, pair = load_network("vgg"), torch.rand(2, 3, 256, 256, generator=stream) * 2 - 1
    unet = load_own(DDPM)[0].eval().requires_grad_(False)
    single, half = (prepared(copy.deepcopy(unet), "cpu", p) for p in ("fp32", "bf16"))
    x, t = torch.randn(8, 3, 64, 64, generator=stream), torch.full((8,), 500)
    square = torch.rand(SIDE, SIDE, generator=stream)
    with torch.inference_mode():
        of_vgg, of_unet = Convolutions(vgg, pair), Convolutions(single, x, t)
        taken = medians(
            {
                "matrix product": lambda: square @ square,
                "VGG16, a pair of 256x256": lambda: vgg(pair),
                "its convolutions": of_vgg.run,
                "the same without Winograd": of_vgg.run_plainly,
                "ddpm-photos-64, 8 of 64x64": lambda: single(x, t),
                "of it, the convolutions": of_unet.run,
                "in bfloat16": lambda: half(x, t),
            },
            rounds,
        )
    report(taken, of_vgg.flops, of_unet.flops)


def report(taken: dict[str, float], of_vgg: int, of_unet: int) -> None:
    """Print what took how long, its speed, and how long it takes at the matrix product's."""
    product, *others = taken
    peak = 2 * SIDE**3 / taken[product]
    print(f"matrix product of {SIDE}x{SIDE}: {peak / 1e6:.0f} GFLOP/s\n")
    print("| what | ms | GFLOP | GFLOP/s | ms at the matrix product's speed |")
    print("|---|---:|---:|---:|---:|")
    for number, name in enumerate(others):
        flops = of_vgg if number < 3 else of_unet
        speed = flops / taken[name] / 1e6
        cells = (f"{taken[name]:.0f}", f"{flops / 1e9:.1f}", f"{speed:.0f}", f"{flops / peak:.0f}")
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
