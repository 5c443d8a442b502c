"""TDS (Wu, Trippe, Naesseth, Blei, Cunningham 2023): twisted proposals, weighted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from methods.ddpm.diffusion import LEAST_ALPHA_BAR, posterior
from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.guided import TDS
from methods.ddpm.samplers.particles import drawn, heaviest, log_normal, resample, take
from methods.ddpm.samplers.steps import Noise, Watch, known_error, unwatched
from methods.ddpm.schedule import Schedule

TAU = 0.12**0.5


@dataclass(frozen=True)
class _Twisted:
    """Particles at a level: their twist log psi (N, P), the untwisted step and the proposal's."""

    log_psi: torch.Tensor
    x0: torch.Tensor
    mean: torch.Tensor
    spread: torch.Tensor | float
    proposed: torch.Tensor


def tds(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: TDS,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Fill the holes of y (N, C, H, W) (algorithm 1); the last step is [x0 | y], unweighted."""
    n, copies = len(y), options.particles
    holes, known = (part.repeat_interleave(copies, 0) for part in (hole, y))
    everywhere = torch.ones_like(holes)
    x = noise.normal(copies)
    now = _twist(network, x, known, holes, schedule.T, options)
    log_w = now.log_psi
    for t in range(schedule.T, 0, -1):
        kept, log_w = resample(log_w, noise.uniform(), options.threshold, t)
        z = noise.normal(copies)
        if t == 1:
            x = torch.where(holes, take(now.x0, kept), known)
        else:
            mean, proposed = take(now.mean, kept), take(now.proposed, kept)
            spread = take(now.spread, kept) if torch.is_tensor(now.spread) else now.spread
            x = proposed + spread * z
            ratio = log_normal(x, mean, spread, everywhere)
            ratio = ratio - log_normal(x, proposed, spread, everywhere)
            before = now.log_psi.gather(1, kept)
            now = _twist(network, x, known, holes, t - 1, options)
            log_w = log_w + ratio.reshape(n, copies) + now.log_psi - before
        watch(t - 1, heaviest(x, log_w))
    return drawn(x, log_w, noise.uniform())


def _twist(
    network: Denoiser,
    x: torch.Tensor,
    y: torch.Tensor,
    hole: torch.Tensor,
    t: int,
    options: TDS,
) -> _Twisted:
    """Call the network on particles at level t; propose x_{t-1} along the twist's gradient."""
    schedule = network.schedule
    output, pull = network.differentiate(x, t)
    x0 = network.x0(x, t, output)
    r = known_error(x0, y, hole)
    variance = twist_variance(schedule, t, options.variance)
    log_psi = -(r.double().square().flatten(1).sum(1)) / (2 * variance)
    mean, spread = network.moments(x, t, output)
    proposed = mean
    if t > 1:  # the last step follows no gradient
        abar = float(schedule.alpha_bar[t])
        gain = (1 - abar) / math.sqrt(max(abar, LEAST_ALPHA_BAR)) / variance
        twisted = x0 + gain * pull(r)
        twisted = twisted.clamp(-1, 1) if network.clamp else twisted
        proposed, _ = posterior(schedule, twisted, x, t)
    return _Twisted(log_psi.reshape(-1, options.particles), x0, mean, spread, proposed)


def twist_variance(schedule: Schedule, t: int, kind: str) -> float:
    """Return rho_t^2, of the known pixels around their prediction."""
    abar = float(schedule.alpha_bar[t])
    if kind == "unit":
        return 1 - abar
    ratio = (1 - abar) / abar
    return ratio if kind == "sigma" else TAU**2 * ratio / (TAU**2 + ratio)
