"""DPS (Chung et al. 2023) for holes: ancestral sampling pushed towards the known pixels."""

from __future__ import annotations

import torch

from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.guided import DPS
from methods.ddpm.samplers.steps import Noise, Watch, known_error, push, unwatched
from methods.ddpm.schedule import Schedule


def dps(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: DPS,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Fill the holes of y (N, C, H, W) (algorithm 1); the norm is each row's own."""
    x = noise.normal()
    for t in range(schedule.T, 0, -1):
        output, pull = network.differentiate(x, t)
        r = known_error(network.x0(x, t, output), y, hole)
        mean, spread = network.moments(x, t, output)
        pushed = push(pull(r), r, hole, scale=options.scale, n_ref=options.n_ref, steps=schedule.T)
        z = noise.normal()
        x = (mean + spread * z if t > 1 else mean) + pushed
        watch(t - 1, x)
    return x
