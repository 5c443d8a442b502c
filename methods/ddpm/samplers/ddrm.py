"""DDRM (Kawar et al. 2022) for holes: known pixels have no noise of their own (sigma_y = 0)."""

from __future__ import annotations

import math

import torch

from methods.ddpm.diffusion import q_sample
from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.options import DDRM
from methods.ddpm.samplers.steps import Noise, Watch, full_step, unwatched
from methods.ddpm.schedule import Schedule


def ddrm(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: DDRM,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Fill the holes of y (N, C, H, W) (eqs. 7-8 in variance-preserving scaling)."""
    z = noise.normal()
    x = torch.where(hole, z, q_sample(schedule, y, schedule.T, z))
    for t in range(schedule.T, 0, -1):
        x0, eps = network.predict(x, t)
        x = ddrm_step(schedule, x0, eps, y, hole, t, noise.normal(), options)
        watch(t - 1, x)
    return x


def ddrm_step(
    schedule: Schedule,
    x0: torch.Tensor,
    eps: torch.Tensor,
    y: torch.Tensor,
    hole: torch.Tensor,
    t: int,
    z: torch.Tensor,
    options: DDRM,
) -> torch.Tensor:
    """Go from level t to t - 1; at t = 1 to [x0 | y].

    z serves both parts: no pixel is in both.
    """
    if t == 1:
        return torch.where(hole, x0, y)
    abar = float(schedule.alpha_bar[t - 1])
    signal, spread = math.sqrt(abar), math.sqrt(1 - abar)
    inside = full_step(schedule, x0, eps, t, options.eta, z)
    centre = options.eta_b * y + (1 - options.eta_b) * x0
    return torch.where(hole, inside, signal * centre + spread * z)
