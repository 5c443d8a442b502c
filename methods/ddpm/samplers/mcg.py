"""MCG (Chung, Sim, Ryu, Ye 2022) for holes: DPS's push, and newly noised known pixels."""

from __future__ import annotations

import torch

from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.guided import MCG
from methods.ddpm.samplers.repaint import masked_reverse_step
from methods.ddpm.samplers.steps import Noise, Watch, known_error, push, unwatched
from methods.ddpm.schedule import Schedule


def mcg(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: MCG,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Fill the holes of y (N, C, H, W) (algorithm 1); without the push it is replacement."""
    x = noise.normal()
    for t in range(schedule.T, 0, -1):
        output, pull = network.differentiate(x, t)
        r = known_error(network.x0(x, t, output), y, hole)
        pushed = push(pull(r), r, hole, scale=options.scale, n_ref=options.n_ref, steps=schedule.T)
        drawn = noise.normal(), noise.normal()
        x = masked_reverse_step(schedule, x, t, output, y, hole, drawn, clamp=network.clamp)
        x = torch.where(hole, x + pushed, x)
        watch(t - 1, x)
    return x
