"""LanPaint (Zheng, Lan, Wang 2025): Langevin steps of the whole image at every level."""

from __future__ import annotations

import torch

from methods.ddpm.diffusion import at, q_sample
from methods.ddpm.samplers.denoiser import Denoiser, eps_of
from methods.ddpm.samplers.options import LanPaint
from methods.ddpm.samplers.steps import Noise, Watch, ddim_step, unwatched
from methods.ddpm.schedule import Schedule


def lanpaint(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: LanPaint,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Fill the holes of y (N, C, H, W) (algorithm 1; overdamped, without friction).

    The last level has no inner steps; every level ends in DDIM's step of [x0 | y].
    """
    x = noise.normal()
    for t in range(schedule.T, 0, -1):
        x = torch.where(hole, x, q_sample(schedule, y, t, noise.normal()))
        if t > 1:
            x = _langevin(network, x, y, hole, t, noise, options)
        x0, _ = network.predict(x, t)
        corrected = torch.where(hole, x0, y)
        x = ddim_step(schedule, corrected, eps_of(schedule, x, t, corrected), t, 0.0, x)
        watch(t - 1, x)
    return x


def _langevin(
    network: Denoiser,
    x: torch.Tensor,
    y: torch.Tensor,
    hole: torch.Tensor,
    t: int,
    noise: Noise,
    options: LanPaint,
) -> torch.Tensor:
    """Take the inner steps at level t: drift F - A x, its linear part solved exactly."""
    variance = 1 - float(network.schedule.alpha_bar[t])
    ones = torch.ones_like(x[:, :1])
    rate = torch.where(hole, ones, (1 + options.guidance) * ones) / variance
    size = options.step * variance * torch.where(hole, ones, options.ratio * ones)
    force = None
    for _ in range(options.inner):
        if force is None:
            force = _force(network, x, y, hole, t, rate, options.guidance)
            x = _relax(x, rate, force, size, noise.normal())
        else:
            x = _relax(x, rate, force, size / 2, noise.normal())
            last, force = force, _force(network, x, y, hole, t, rate, options.guidance)
            x = x + (force - last) * size
            x = _relax(x, rate, last, size / 2, noise.normal())
    return x


def _force(
    network: Denoiser,
    x: torch.Tensor,
    y: torch.Tensor,
    hole: torch.Tensor,
    t: int,
    rate: torch.Tensor,
    guidance: float,
) -> torch.Tensor:
    """Return F = score of x with its target + A x; the target of known pixels is beyond y."""
    x0, _ = network.predict(x, t)
    target = torch.where(hole, x0, (1 + guidance) * y - guidance * x0)
    abar = network.schedule.alpha_bar
    return (at(abar.sqrt(), t, x) * target - x) / (1 - float(abar[t])) + rate * x


def _relax(
    x: torch.Tensor, rate: torch.Tensor, force: torch.Tensor, size: torch.Tensor, z: torch.Tensor
) -> torch.Tensor:
    """Follow dx = (F - A x) dt + sqrt(2) dW for a time `size` with F held: an exact solution."""
    kept = (-rate * size).exp()
    return kept * x + (1 - kept) / rate * force + ((1 - kept.square()) / rate).sqrt() * z
