"""The last station: how fillings are compared, and what each metric does not see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from bench import plugins
from bench.api import ImageMetric
from bench.api.imaging import composite, to_uint8
from bench.api.seeds import derive_seed
from docs.pictures.sheets import completed, hole_of, marked, photograph, pixels, sheet


def metrics(path: Path) -> None:
    """One hole filled in five ways, with what PSNR, SSIM, LPIPS and the seam say of each."""
    image, hole = photograph(64, "coffee-3")[None], hole_of("center-box", 64)[None]
    ways = {
        "the truth": image,
        "the truth,\nmoved by 2 pixels": image.roll((2, 2), (2, 3)),
        "the mean of what is known": _mean(image, hole),
        **{
            spec: completed(plugins.method(spec), image, hole, derive_seed("tour", spec))
            for spec in ("telea", "patchmatch", "ddpm")
        },
    }
    tiles = [("the hole", marked(image[0], hole[0]))]
    for name, filling in ways.items():
        output = to_uint8(composite(image, filling, hole)).float() / 255
        told = f"{name}\n{_told(output, to_uint8(image).float() / 255, hole)}"
        tiles.append((told, pixels(output[0])))
    sheet(path, [("", [(_two_lines(told), picture) for told, picture in tiles])], 190, 4)


def _mean(image: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    known = (image * ~hole).sum((2, 3), keepdim=True) / (~hole).sum((2, 3), keepdim=True)
    return known.expand_as(image)


def _told(output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor) -> str:
    """Return the scores of one output."""
    found = []
    for name, shown in (("psnr", "{:.1f} dB"), ("lpips", "LPIPS {:.3f}"), ("seam", "seam {:.1f}")):
        metric = plugins.metric(name)
        assert isinstance(metric, ImageMetric)
        score = float(metric(output, target, hole)[0])
        found.append(shown.format(score) if np.isfinite(score) else "equal")
    return ", ".join(found)


def _two_lines(text: str) -> str:
    """Return at most two lines: the name on one, the scores on the other."""
    *name, scores = text.split("\n")
    return f"{' '.join(name)}\n{scores}" if name else scores
