"""SMC-Diff (Trippe et al. 2023): particles that must predict a noised copy of the known pixels."""

from __future__ import annotations

import torch

from methods.ddpm.diffusion import posterior, q_sample
from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.options import SMCDiff
from methods.ddpm.samplers.particles import drawn, heaviest, log_normal, resample, take
from methods.ddpm.samplers.steps import Noise, Watch, ddim_sigma, unwatched
from methods.ddpm.schedule import Schedule


def smc_diff(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: SMCDiff,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Fill the holes of y (N, C, H, W) (algorithm 2).

    A row's particles share one forward trajectory of y.  It is drawn backwards, by
    q(y_{t-1} | y_t, y): the same law as forwards, without storing every level.
    """
    n, copies = len(y), options.particles
    holes = hole.repeat_interleave(copies, 0)
    y_t = q_sample(schedule, y, schedule.T, noise.normal())
    x = torch.where(holes, noise.normal(copies), y_t.repeat_interleave(copies, 0))
    log_w = torch.zeros(n, copies, dtype=torch.float64, device=y.device)
    for t in range(schedule.T, 0, -1):
        mean, spread = network.moments(x, t, network(x, t))
        y_t = posterior(schedule, y, y_t, t)[0] + ddim_sigma(schedule, t, 1.0) * noise.normal()
        known, z, u = y_t.repeat_interleave(copies, 0), noise.normal(copies), noise.uniform()
        if t > 1:
            log_w = log_w + log_normal(known, mean, spread, ~holes).reshape(n, copies)
            kept, log_w = resample(log_w, u, options.threshold, t)
            spread = take(spread, kept) if torch.is_tensor(spread) else spread
            mean = take(mean, kept) + spread * z
        x = torch.where(holes, mean, known)
        watch(t - 1, heaviest(x, log_w))
    return drawn(x, log_w, noise.uniform())
