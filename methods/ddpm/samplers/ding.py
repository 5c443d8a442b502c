"""DInG (Moufad et al. 2026), variance-preserving: known pixels get the predicted noise."""

from __future__ import annotations

import math

import torch

from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.options import DInG
from methods.ddpm.samplers.steps import Noise, Watch, ddim_mean, ddim_sigma, unwatched
from methods.ddpm.schedule import Schedule


def ding(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: DInG,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Fill the holes of y (N, C, H, W) (algorithm 1 with observation noise 0).

    The noise of the known pixels is predicted where the step ends, or, delayed, where it begins.
    """
    x = noise.normal()
    for t in range(schedule.T, 0, -1):
        x0, eps = network.predict(x, t)
        if t == 1:
            x = torch.where(hole, x0, y)
        else:
            sigma = _sigma(schedule, t, options.spread)
            mean = ddim_mean(schedule, x0, eps, t, sigma)
            if not options.delayed:
                _, eps = network.predict(mean + sigma * noise.normal(), t - 1)
            x = ding_step(schedule, mean, eps, y, hole, t, sigma, noise.normal())
        watch(t - 1, x)
    return x


def ding_step(
    schedule: Schedule,
    mean: torch.Tensor,
    eps: torch.Tensor,
    y: torch.Tensor,
    hole: torch.Tensor,
    t: int,
    sigma: float,
    z: torch.Tensor,
) -> torch.Tensor:
    """Return x_{t-1}: the step's mean and new noise in the hole, y with eps elsewhere."""
    abar = float(schedule.alpha_bar[t - 1])
    known = math.sqrt(abar) * y + math.sqrt(1 - abar) * eps
    return torch.where(hole, mean + sigma * z, known)


def _sigma(schedule: Schedule, t: int, spread: str) -> float:
    """Return the new noise of the step from t to t - 1."""
    if spread == "ddpm":
        return ddim_sigma(schedule, t, 1.0)
    abar = float(schedule.alpha_bar[t - 1])
    left = 1 - math.sqrt(abar)
    return math.sqrt(1 - abar) * (left if spread == "square" else math.sqrt(left))
