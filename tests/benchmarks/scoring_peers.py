"""Time PSNR, SSIM and LPIPS of one pair by other packages of metrics: a Markdown table.

    python -m tests.benchmarks.scoring_peers --packages DIR [--rounds 9]

DIR: a folder of `pip install --target DIR torchmetrics pyiqa`, or of one of the two.  All run in
this process, on one thread and the same photographs at 256, and take turns image by image.  Prints
the median processor milliseconds of an image, and the median of theirs over ours.  pyiqa's
trunk has random weights, since only the time counts.  Not a test.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from bench import plugins
from bench.api.imaging import to_uint8
from bench.api.pairs import ImagePair, Picture
from tests.benchmarks.metric_codes_networks import torchmetrics_lpips

SIZE = 256
Score = Callable[[torch.Tensor, torch.Tensor], object]


def ours(name: str) -> Score:
    """Return one of our metrics as a function of an output and a target, both uint8 (3, H, W)."""
    metric: Any = plugins.metric(name)
    hole = torch.zeros(1, SIZE, SIZE, dtype=torch.bool)
    hole[:, 64:192, 64:192] = True

    def score(output: torch.Tensor, target: torch.Tensor) -> object:
        return metric.of_pairs([ImagePair(Picture(output), Picture(target), hole)])

    return score


def of_levels(score: Callable[[torch.Tensor, torch.Tensor], object]) -> Score:
    """Return a package's function of float batches as one of levels, which PNGs hold."""
    return lambda output, target: score(output[None].float() / 255, target[None].float() / 255)


def torchmetrics() -> Iterator[tuple[str, Score]]:
    """Yield torchmetrics' function for each metric."""
    from torchmetrics.functional import image

    yield "psnr", of_levels(partial(image.peak_signal_noise_ratio, data_range=1.0))
    yield "ssim", of_levels(partial(image.structural_similarity_index_measure, data_range=1.0))
    yield "lpips", of_levels(torchmetrics_lpips("alex", normalize=True))


def pyiqa() -> Iterator[tuple[str, Score]]:
    """Yield pyiqa's function for each metric."""
    from pyiqa.archs.lpips_arch import LPIPS
    from pyiqa.archs.psnr_arch import psnr
    from pyiqa.archs.ssim_arch import ssim
    from torchvision import models

    plain = models.alexnet(weights=None)
    with mock.patch.object(models, "alexnet", return_value=plain):  # it would download one
        network = LPIPS(net="alex", pretrained=False, pnet_rand=True)
    yield "psnr", of_levels(psnr)
    yield "ssim", of_levels(ssim)
    yield "lpips", of_levels(network)


def photographs() -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return outputs and targets, uint8: eight photographs, and the same somewhat darker."""
    photos = plugins.dataset("photos", size=SIZE)
    targets = [photos.load(image_id) for image_id in photos.ids()[:8]]
    return [(to_uint8(target * 0.9), to_uint8(target)) for target in targets]


def compare(mine: Score, theirs: Score, rounds: int) -> tuple[float, float, float]:
    """Return the median milliseconds of an image, ours and theirs, and of their ratio."""
    spent: list[tuple[float, float]] = []
    pairs = photographs()
    for turn in range(rounds + 1):
        for pair in pairs:
            times = []
            for score in (mine, theirs):
                began = time.process_time()
                score(*pair)
                times.append(1000 * (time.process_time() - began))
            if turn:
                spent.append((times[0], times[1]))
    first, second = (statistics.median(column) for column in zip(*spent, strict=True))
    return first, second, statistics.median(b / a for a, b in spent)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    sys.path.append(str(options.packages))
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    print("| metric | package | ours, ms | theirs, ms | theirs / ours |\n|---|---|---:|---:|---:|")
    for package in (torchmetrics, pyiqa):
        if importlib.util.find_spec(package.__name__) is None:
            print(f"{package.__name__}: not in {options.packages}", file=sys.stderr)
            continue
        for name, theirs in package():
            with torch.inference_mode():
                first, second, ratio = compare(ours(name), theirs, options.rounds)
            cells = f"{name} | {package.__name__} | {first:.2f} | {second:.2f} | {ratio:.2f}"
            print(f"| {cells} |", flush=True)


if __name__ == "__main__":
    main()
