"""Stations of the diffusion process: noise going in, its posterior, the way back, attention."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from bench.api.seeds import NoiseStreams
from docs.pictures.sheets import hole_of, marked, photograph, pixels, save_figure, sheet
from methods.ddpm.blocks import Attention
from methods.ddpm.checkpoint import load_own
from methods.ddpm.diffusion import p_sample, posterior_weights, q_sample
from methods.ddpm.explain import COSINE, LINEAR, curves, strip
from methods.ddpm.preprocess import from_network, to_network
from methods.ddpm.pretrained import SHIPPED
from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.schedule import named, respace

SHOWN = (0, 50, 150, 300, 500, 700, 850, 1000)


def forward(path: Path) -> None:
    """One image at rising t under both schedules, and their signal-to-noise ratios."""
    figure = Figure(figsize=(12, 6.8), layout="constrained")
    rows: Any = figure.subfigures(3, 1, height_ratios=[1, 1, 1.3])
    x0 = photograph(64)[None] * 2 - 1
    noise = NoiseStreams([7]).normal(x0.shape[1:])
    for row, name in zip(rows, ("linear", "cosine"), strict=False):
        schedule = named(name)
        images = [from_network(q_sample(schedule, x0, t, noise))[0] for t in SHOWN]
        told = [f"t = {t}" for t in SHOWN]
        strip(row, f"q(x_t | x_0), {name} beta", list(zip(told, images, strict=True)))
    curves(rows[2])
    save_figure(path, figure, quality=50)


def posterior(path: Path) -> None:
    """The weights of x_0 and x_t in the mean of q(x_{t-1} | x_t, x_0), over t."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("linear", "cosine"), strict=True):
        of_x0, of_xt = posterior_weights(named(name))
        t = range(1, len(of_x0))
        axes.semilogx(t, of_x0[1:], color=LINEAR, lw=2, label="weight of x_0")
        axes.semilogx(t, of_xt[1:], color=COSINE, lw=2, label="weight of x_t")
        axes.set_title(f"{name} beta", fontsize=10)
        axes.set_xlabel("t")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
    save_figure(path, figure)


def reverse(path: Path) -> None:
    """x_t on its way down, and under each the x_0 that the network predicts there."""
    groups = []
    for name, size in (("photos-64", 64), ("fashion-mnist-32", 32)):
        network, schedule_name = load_own(SHIPPED[name])
        schedule = respace(named(schedule_name), 100)
        channels = network.config.in_channels
        denoiser = Denoiser(network, schedule, 1)
        noise = NoiseStreams([11])
        x = noise.normal((channels, size, size))
        shown = {100, 80, 60, 45, 30, 20, 10, 5, 1}
        noisy, clean = [], []
        with torch.inference_mode():
            for t in range(100, 0, -1):
                output = denoiser(x, t)
                if t in shown:
                    step = int(schedule.network_step[t]) + 1
                    noisy.append((f"x_t, t = {step}", pixels(from_network(x)[0])))
                    predicted = denoiser.x0(x, t, output)
                    clean.append(("predicted x_0", pixels(from_network(predicted)[0])))
                x = p_sample(schedule, x, t, output, noise.normal(x.shape[1:]))
        groups += [(f"p(x_(t-1) | x_t), {name}", noisy), ("", clean)]
    sheet(path, groups, 100, 9, quality=60)


def attention(path: Path) -> None:
    """Where a pixel in the hole looks, in the self-attention at 8x8 of the network for 64x64."""
    network, schedule_name = load_own(SHIPPED["photos-64"])
    schedule = named(schedule_name)
    image, hole = photograph(64), hole_of("center-box", 64)
    x0 = to_network(image[None], 3)
    noise = NoiseStreams([3]).normal(x0.shape[1:])
    layers = [module for module in network.modules() if isinstance(module, Attention)]
    tiles = [("the image, its hole,\nand the pixel that looks", _dotted(marked(image, hole), 4, 4))]
    for t in (700, 400, 100):
        seen: list[torch.Tensor] = []
        hooks = [layer.register_forward_pre_hook(_keep(seen)) for layer in layers]
        with torch.inference_mode():
            network(q_sample(schedule, x0, t, noise), torch.tensor([t - 1]))
        for hook in hooks:
            hook.remove()
        weights = torch.stack([_weights(*pair) for pair in zip(layers, seen, strict=True)]).mean(0)
        tiles.append((f"t = {t}\nmean of layers and heads", _lit(image, weights[4 * 8 + 4])))
    sheet(path, [("Brighter: where the attention of the dotted 8x8 square goes", tiles)], 220, 4)


def _keep(seen: list[torch.Tensor]) -> Any:
    return lambda module, given: seen.append(given[0])


def _weights(layer: Attention, x: torch.Tensor) -> torch.Tensor:
    """Return softmax(q k^T / sqrt(d)), the mean of the heads, (H W, H W)."""
    q, k, _ = layer.queries_keys_values(x)
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    return scores.softmax(-1)[0].mean(0)


def _lit(image: torch.Tensor, weights: torch.Tensor) -> np.ndarray:
    """Return the image, as bright as each 8x8 square's weight."""
    grid = weights.reshape(1, 1, 8, 8) / weights.max()
    light = torch.nn.functional.interpolate(grid, scale_factor=8, mode="nearest")[0]
    return _dotted(pixels(image * (0.15 + 0.85 * light)), 4, 4)


def _dotted(picture: np.ndarray, row: int, column: int) -> np.ndarray:
    """Mark the middle of an 8x8 square."""
    found = picture.copy()
    found[8 * row + 3 : 8 * row + 5, 8 * column + 3 : 8 * column + 5] = (255, 230, 0)
    return found
