"""CoPaint (Zhang et al. 2023): each level's image is optimised until its prediction fits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch

from methods.ddpm.diffusion import q_step
from methods.ddpm.samplers.denoiser import Denoiser, Pull, eps_of
from methods.ddpm.samplers.guided import CoPaint
from methods.ddpm.samplers.steps import (
    Noise,
    Watch,
    ddim_step,
    known_error,
    levels,
    row_sum,
    unwatched,
)
from methods.ddpm.schedule import Schedule

# Each try shortens a row's step by a fifth; after .8^10, about a tenth, the row stays.
TRIALS = 10
SHORTER = 0.8


@dataclass(frozen=True)
class _Fit:
    """An image at a level, what it predicts, and how far that is from the known pixels.

    loss: (N, 1, 1, 1).
    """

    x: torch.Tensor
    x0: torch.Tensor
    r: torch.Tensor
    pull: Pull
    loss: torch.Tensor


def copaint(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: CoPaint,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Fill the holes of y (N, C, H, W) (algorithm 1, DDIM with eta 0; with jumps CoPaint-TT)."""
    x, done = noise.normal(), 0
    walk = levels(schedule.T, options.jump_length, options.jump_samples)
    for i, (before, after) in enumerate(pairwise(walk)):
        if after > before:
            turning = walk[i - 1] > before
            if turning:
                x = optimise(network, x, y, hole, before, done, options).x
            x, done = q_step(schedule, x, after, noise.normal()), done - 1
        else:
            fit = optimise(network, x, y, hole, before, done, options)
            eps = eps_of(schedule, fit.x, before, fit.x0)
            x = ddim_step(schedule, fit.x0, eps, before, 0.0, fit.x)
            done += 1
        watch(after, x)
    return x


def optimise(
    network: Denoiser,
    x: torch.Tensor,
    y: torch.Tensor,
    hole: torch.Tensor,
    t: int,
    done: int,
    options: CoPaint,
) -> _Fit:
    """Descend |[0 | y - x0(x)]|^2 + pull |x - x_t|^2 from x_t, row by row (eq. 10).

    done: steps so far; the rate grows and the penalty grows with them.  A row whose loss rises
    tries shorter steps, whatever the other rows do.
    """
    abar = network.schedule.alpha_bar
    rate = options.rate * options.growth**done * math.sqrt(float(abar[t] / abar[1]))
    weight = options.pull * options.pull_growth**done
    start, steps = x, torch.full_like(x[:, :1, :1, :1], rate)
    fit = _fit(network, x, start, y, hole, t, weight)
    for _ in range(options.iterations):
        gradient = -2 * fit.pull(fit.r) + 2 * weight * (fit.x - start)
        trial = _fit(network, fit.x - steps * gradient, start, y, hole, t, weight)
        for _ in range(TRIALS):
            worse = trial.loss > fit.loss
            if not bool(worse.any()):
                break
            steps = torch.where(worse, SHORTER * steps, steps)
            trial = _fit(network, fit.x - steps * gradient, start, y, hole, t, weight)
        fit = trial
    return fit


def _fit(
    network: Denoiser,
    x: torch.Tensor,
    start: torch.Tensor,
    y: torch.Tensor,
    hole: torch.Tensor,
    t: int,
    weight: float,
) -> _Fit:
    """Call the network on x and compute its loss."""
    output, pull = network.differentiate(x, t)
    x0 = network.x0(x, t, output)
    r = known_error(x0, y, hole)
    loss = row_sum(r.square()) + weight * row_sum((x - start).square())
    return _Fit(x, x0, r, pull, loss)
