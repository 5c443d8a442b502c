"""PiGDM (Song, Vahdat, Mardani, Kautz 2023) for holes: DDIM with pseudoinverse guidance."""

from __future__ import annotations

import math

import torch

from methods.ddpm.samplers.denoiser import Denoiser, eps_of
from methods.ddpm.samplers.guided import PiGDM
from methods.ddpm.samplers.steps import (
    Noise,
    Watch,
    ddim_sigma,
    ddim_step,
    known_error,
    unwatched,
)
from methods.ddpm.schedule import Schedule


def pigdm(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: PiGDM,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Fill the holes of y (N, C, H, W) (algorithm 1).

    The error is that of the clamped prediction, the gradient that of the unclamped one: where the
    schedule leaves nothing of the image, the unclamped prediction is thousands of times too large.
    """
    x = noise.normal()
    for t in range(schedule.T, 0, -1):
        output, pull = network.differentiate(x, t)
        x0 = network.x0(x, t, output)
        g = pull(known_error(x0, y, hole))
        x = pigdm_step(schedule, x, x0, g, y, hole, t, noise.normal(), options)
        watch(t - 1, x)
    return x


def pigdm_step(
    schedule: Schedule,
    xt: torch.Tensor,
    x0: torch.Tensor,
    g: torch.Tensor,
    y: torch.Tensor,
    hole: torch.Tensor,
    t: int,
    z: torch.Tensor,
    options: PiGDM,
) -> torch.Tensor:
    """Go from level t to t - 1 along g = J^T [0 | y - x0]."""
    eps = eps_of(schedule, xt, t, x0)
    if options.replace:
        x0, g = torch.where(hole, x0, y), torch.where(hole, g, 0.0)
    sigma = ddim_sigma(schedule, t, options.eta)
    return (
        ddim_step(schedule, x0, eps, t, sigma, z) + guidance(schedule, t, sigma, options.rule) * g
    )


def guidance(schedule: Schedule, t: int, sigma: float, rule: str) -> float:
    """Return the gradient's coefficient: sqrt(a_t), sqrt(a_s a_t) or DDIM's for the guided score.

    The last follows from r_t^2 = 1 - a_t: x0 gains (1 - a_t)/sqrt(a_t) times the score's, g/r_t^2.
    """
    now, after = float(schedule.alpha_bar[t]), float(schedule.alpha_bar[t - 1])
    if rule == "paper":
        return math.sqrt(now)
    if rule == "scaled":
        return math.sqrt(after * now)
    kept = math.sqrt(max(1 - after - sigma**2, 0.0))
    return math.sqrt(after / now) - kept / math.sqrt(1 - now)
