"""Stations of filling by diffusion: known pixels put into the reverse process, and resampling."""

from __future__ import annotations

from pathlib import Path

import torch
from matplotlib.figure import Figure

from bench.api.imaging import hide
from bench.api.seeds import NoiseStreams
from docs.pictures.sheets import hole_of, marked, photograph, pixels, save_figure, sheet
from methods.ddpm.checkpoint import load_own
from methods.ddpm.diffusion import p_sample, q_sample
from methods.ddpm.explain import COSINE, INK
from methods.ddpm.preprocess import from_network, to_network
from methods.ddpm.pretrained import SHIPPED
from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.options import Repaint
from methods.ddpm.samplers.steps import levels
from methods.ddpm.sampling import inpaint
from methods.ddpm.schedule import Schedule, named, respace

WALK = Repaint(steps=20, jump_length=5, jump_samples=2)


def masking(path: Path) -> None:
    """RePaint's equation 8 in pictures: the known part, the unknown part, both together."""
    network, schedule, known, hole = _problem(20)
    denoiser, noise = Denoiser(network, schedule, 1), NoiseStreams([5])
    shape = known.shape[1:]
    x = noise.normal(shape)
    given, made, both = [], [], []
    with torch.inference_mode():
        for t in range(20, 0, -1):
            part = q_sample(schedule, known, t - 1, noise.normal(shape))
            free = p_sample(schedule, x, t, denoiser(x, t), noise.normal(shape))
            x = torch.where(hole, free, part)
            if t in (20, 14, 9, 5, 2, 1):
                step = int(schedule.network_step[t - 1]) + 1
                given.append((f"t - 1 = {step}\nknown, noised", marked(_image(part), hole[0])))
                made.append(("unknown, denoised", marked(_image(free), ~hole[0])))
                both.append(("x_(t-1)", pixels(_image(x))))
    sheet(path, [("", given), ("", made), ("", both)], 120, 6, quality=65)


def walk(path: Path) -> None:
    """The levels of RePaint's walk, and the image at every return to a level."""
    network, schedule, known, hole = _problem(WALK.steps)
    visited = levels(WALK.steps, WALK.jump_length, WALK.jump_samples)
    seen: list[tuple[int, torch.Tensor]] = []
    inpaint(
        network, schedule, known, hole, [0], WALK, watch=lambda t, x: seen.append((t, x.clone()))
    )
    turns = [
        i for i in range(1, len(visited) - 1) if visited[i] < min(visited[i - 1], visited[i + 1])
    ]
    stops = [*turns, len(visited) - 1]
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    axes = figure.subplot_mosaic(
        [["walk"] * len(stops), [f"{i}" for i in stops]], height_ratios=[1.4, 1]
    )
    axes["walk"].plot(visited, color=COSINE, lw=1.6)
    axes["walk"].plot(stops, [visited[i] for i in stops], "o", color=INK, ms=5)
    axes["walk"].set_ylabel(f"level, of {WALK.steps}")
    axes["walk"].set_xlabel(f"step of the walk; j = {WALK.jump_length}, r = {WALK.jump_samples}")
    axes["walk"].spines[["top", "right"]].set_visible(False)
    for i in stops:
        level, x = seen[i - 1]
        axes[f"{i}"].imshow(pixels(_image(torch.where(hole, x, known) if level == 0 else x)))
        axes[f"{i}"].set_title(f"step {i}, level {level}", fontsize=9)
        axes[f"{i}"].set_axis_off()
    save_figure(path, figure)


def _problem(steps: int) -> tuple[torch.nn.Module, Schedule, torch.Tensor, torch.Tensor]:
    """Return the shipped network, its levels, a photograph with a hole in [-1, 1], the hole."""
    network, name = load_own(SHIPPED["photos-64"])
    hole = hole_of("center-box", 64)[None]
    known = to_network(hide(photograph(64)[None], hole), 3)
    return network, respace(named(name), steps), known, hole


def _image(x: torch.Tensor) -> torch.Tensor:
    return from_network(x)[0]
