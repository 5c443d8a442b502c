"""Compute PSNR, SSIM and L1 of one set of pairs as other codes define them: a Markdown table.

python -m tests.benchmarks.metric_codes RUN [--packages DIR]

RUN: a run directory with its PNGs.  The rows of torchmetrics and deepinv need those packages;
--packages: a folder of `pip install --target`.  The definitions of MAT, LaMa, AOT-GAN, RePaint and
scikit-image's users are implemented here after their evaluation scripts.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch.nn import functional

from bench import plugins
from bench.api.imaging import read_rgb, to_tensor

Pair = tuple[np.ndarray, np.ndarray]  # uint8 (H, W, 3): output, target
Score = Callable[[Pair], float]


def squared_error(pair: Pair) -> float:
    """Return the mean squared error in levels."""
    return float(((pair[0].astype(float) - pair[1]) ** 2).mean())


def absolute_error(pair: Pair) -> float:
    """Return the mean absolute error in percent of the range."""
    return float(np.abs(pair[0].astype(float) - pair[1]).mean() / 255 * 100)


def decibels(error: float) -> float:
    """Return the PSNR of a mean squared error."""
    return 10 * float(np.log10(255**2 / error))


def padded_ssim(pair: Pair) -> float:
    """LaMa: Gaussian window 11, sigma 1.5, on [0, 1], zeros around the image, nothing cropped."""
    place = torch.arange(11.0) - 5
    line = (-(place**2) / (2 * 1.5**2)).exp()
    window = torch.outer(line / line.sum(), line / line.sum()).expand(3, 1, 11, 11)
    x, y = (to_tensor(image)[None] for image in pair)

    def mean(image: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(image, window, padding=5, groups=3)

    mx, my = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    top = (2 * mx * my + 0.01**2) * (2 * vxy + 0.03**2)
    return float((top / ((mx**2 + my**2 + 0.01**2) * (vx + vy + 0.03**2))).mean())


def cropped_ssim(pair: Pair) -> float:
    """MAT: Gaussian window 11, sigma 1.5, on levels, by OpenCV; the outer 5 pixels cropped."""
    x, y = (image.astype(float) for image in pair)
    line = cv2.getGaussianKernel(11, 1.5)

    def mean(image: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.sepFilter2D(image, -1, line, line))[5:-5, 5:-5]

    mx, my = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    top = (2 * mx * my + 2.55**2) * (2 * vxy + 7.65**2)
    return float((top / ((mx**2 + my**2 + 2.55**2) * (vx + vy + 7.65**2))).mean())


def ours(name: str) -> Score:
    """Return one of our metrics as a function of a pair."""
    metric = plugins.metric(name)

    def score(pair: Pair) -> float:
        output, target = (to_tensor(image)[None] for image in pair)
        hole = torch.ones(1, 1, *output.shape[-2:], dtype=torch.bool)
        return float(metric(output, target, hole))  # type: ignore[operator]

    return score


def from_package(module: str, make: Callable[[object], Callable[..., torch.Tensor]]) -> Score:
    """Return a package's metric of two float images in [0, 1] as a function of a pair."""
    metric = make(importlib.import_module(module))

    def score(pair: Pair) -> float:
        output, target = (to_tensor(image)[None] for image in pair)
        return float(metric(output, target))

    return score


def relative(pair: Pair) -> float:
    """AOT-GAN's mae."""
    output, target = pair[0].astype(float), pair[1].astype(float)
    return float(100 * np.abs(output - target).sum() / (output + target).sum())


def scores(packages: bool) -> list[tuple[str, str, Score]]:
    """Return metric, code and function of every row."""
    rows: list[tuple[str, str, Score]] = [
        ("PSNR", "ours", ours("psnr")),
        ("PSNR", "MAT, scikit-image", lambda pair: decibels(squared_error(pair))),
        ("SSIM", "ours", ours("ssim")),
        ("SSIM", "MAT: Gaussian window, cropped, as ours", cropped_ssim),
        ("SSIM", "LaMa: zeros around the image, not cropped", padded_ssim),
        (
            "SSIM",
            "AOT-GAN; scikit-image's default: 7x7 uniform, N - 1",
            lambda pair: float(structural_similarity(*pair, channel_axis=-1)),
        ),
        ("L1 x 100", "ours", ours("l1")),
        ("L1 x 100", "MAT: mean of abs(a - b)", absolute_error),
        ("L1 x 100", 'AOT-GAN\'s "mae": sum of abs(a - b) over sum of (a + b)', relative),
    ]
    if packages:
        name = "torchmetrics.functional.image"
        rows += [
            (
                "SSIM",
                "torchmetrics: mirrored around the image, not cropped",
                from_package(
                    name,
                    lambda m: (
                        lambda a, b: m.structural_similarity_index_measure(  # type: ignore[attr-defined]
                            a, b, data_range=1.0
                        )
                    ),
                ),
            ),
            ("PSNR", "deepinv", from_package("deepinv.loss.metric", lambda m: m.PSNR())),  # type: ignore[attr-defined]
            (
                "SSIM",
                "deepinv, by torchmetrics",
                from_package("deepinv.loss.metric", lambda m: m.SSIM()),
            ),  # type: ignore[attr-defined]
        ]
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--packages", type=Path)
    arguments = parser.parse_args()
    if arguments.packages is not None:
        sys.path.append(str(arguments.packages))
    files = sorted((arguments.run / "images" / "output").glob("*.png"))
    pairs = [(read_rgb(f), read_rgb(f.parents[1] / "target" / f.name)) for f in files]
    print(f"{len(pairs)} pairs\n\n| metric | code | mean |\n|---|---|---:|")
    rows = [
        (metric, code, float(np.mean([score(pair) for pair in pairs])))
        for metric, code, score in scores(arguments.packages is not None)
    ]
    pooled = decibels(float(np.mean([squared_error(pair) for pair in pairs])))
    rows.append(("PSNR", "torchmetrics: of the mean error of all images", pooled))
    for metric, code, mean in sorted(rows, key=lambda row: row[0]):
        print(f"| {metric} | {code} | {mean:.4f} |")


if __name__ == "__main__":
    main()
