"""DDNM (Wang, Yu, Zhang 2023) for holes: the known pixels replace those of the predicted image."""

from __future__ import annotations

from itertools import pairwise

import torch

from methods.ddpm.diffusion import posterior, q_step
from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.options import DDNM
from methods.ddpm.samplers.steps import (
    Noise,
    Watch,
    ddim_sigma,
    full_step,
    levels,
    unwatched,
)
from methods.ddpm.schedule import Schedule


def ddnm(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: DDNM,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Fill the holes of y (N, C, H, W) (algorithm 2; form="posterior" is algorithm 1).

    Time travel goes back by the forward process, not from the uncorrected x0 as the code does.
    """
    x = noise.normal()
    walk = levels(schedule.T, options.jump_length, options.jump_samples)
    for before, after in pairwise(walk):
        if after > before:
            x = q_step(schedule, x, after, noise.normal())
        else:
            x0, eps = network.predict(x, before)
            corrected = torch.where(hole, x0, y)
            if options.form == "posterior":
                x = _posterior_step(schedule, corrected, x, before, noise.normal())
            else:
                x = ddnm_step(schedule, corrected, eps, before, noise.normal(), options.eta)
        watch(after, x)
    return x


def ddnm_step(
    schedule: Schedule,
    corrected: torch.Tensor,
    eps: torch.Tensor,
    t: int,
    z: torch.Tensor,
    eta: float,
) -> torch.Tensor:
    """Go from level t to t - 1 with corrected = [x0 | y] and the eps of the uncorrected x0.

    The authors' simplified code also scales the noise by sqrt(1 - alpha_bar^2); this one does not.
    """
    return full_step(schedule, corrected, eps, t, eta, z)


def _posterior_step(
    schedule: Schedule, x0: torch.Tensor, xt: torch.Tensor, t: int, z: torch.Tensor
) -> torch.Tensor:
    """Sample q(x_{t-1} | x_t, x_0)."""
    mean, _ = posterior(schedule, x0, xt, t)
    return mean + ddim_sigma(schedule, t, 1.0) * z
