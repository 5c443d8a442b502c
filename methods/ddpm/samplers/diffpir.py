"""DiffPIR (Zhu et al. 2023) for noiseless holes: its data step inserts the known pixels."""

from __future__ import annotations

import math

import torch

from methods.ddpm.samplers.denoiser import Denoiser, eps_of
from methods.ddpm.samplers.options import DiffPIR
from methods.ddpm.samplers.steps import Noise, Watch, full_step, unwatched
from methods.ddpm.schedule import Schedule


def diffpir(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: DiffPIR,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Fill the holes of y (N, C, H, W) (algorithm 1); its spacing is the schedule's.

    The last level is denoised after the data step: the result is [x0 | y].
    """
    x = noise.normal()
    for t in range(schedule.T, 0, -1):
        x0, _ = network.predict(x, t)
        x = diffpir_step(schedule, torch.where(hole, x0, y), x, t, noise.normal(), options.zeta)
        watch(t - 1, x)
    return x


def diffpir_step(
    schedule: Schedule,
    corrected: torch.Tensor,
    xt: torch.Tensor,
    t: int,
    z: torch.Tensor,
    zeta: float,
) -> torch.Tensor:
    """Go from level t to t - 1 with corrected = [x0 | y] and its own eps."""
    eps = eps_of(schedule, xt, t, corrected)
    return full_step(schedule, corrected, eps, t, math.sqrt(zeta), z)
