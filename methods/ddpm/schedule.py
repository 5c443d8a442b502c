"""Noise schedules, linear and cosine, indexed 0..T with beta_0 = 0; respacing to fewer steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch

from bench.api import RequestError

ScheduleName = Literal["linear", "cosine"]
SCHEDULES = ("linear", "cosine")


@dataclass(frozen=True, eq=False)
class Schedule:
    """The forward process q: how much noise each level t = 0..T holds.

    beta, alpha_bar: float64 (T + 1,); beta[0] = 0, so alpha_bar[0] = 1 and the posterior's variance
    at t = 1 is exactly 0.  network_step: int64 (T + 1,), the network's input t at level t: the
    0-based step of the schedule it was trained on (-1 at level 0, which no network ever sees).
    """

    name: str
    beta: torch.Tensor
    alpha_bar: torch.Tensor
    network_step: torch.Tensor

    @property
    def T(self) -> int:  # noqa: N802  (the papers' name)
        """The number of steps."""
        return len(self.beta) - 1

    @property
    def posterior_variance(self) -> torch.Tensor:
        """beta-tilde_t of DDPM, eq. 7; (T + 1,)."""
        variance = torch.zeros_like(self.beta)
        variance[1:] = (1 - self.alpha_bar[:-1]) / (1 - self.alpha_bar[1:]) * self.beta[1:]
        return variance


def linear(T: int = 1000) -> Schedule:
    """beta_t from 1e-4 to .02 in equal steps (DDPM, section 4); other T scale as 1000 / T."""
    scale = 1000 / T
    return _schedule("linear", torch.linspace(1e-4 * scale, 0.02 * scale, T, dtype=torch.float64))


def cosine(T: int = 1000, s: float = 0.008) -> Schedule:
    """alpha_bar_t = f(t) / f(0), f(t) = cos^2((t/T + s) / (1 + s) pi/2) (N. and D., eq. 17).

    beta is clipped at .999, so alpha_bar is the formula's up to t = T - 1.
    """
    t = torch.arange(T + 1, dtype=torch.float64)
    f = torch.cos((t / T + s) / (1 + s) * math.pi / 2) ** 2
    return _schedule("cosine", (1 - f[1:] / f[:-1]).clamp(max=0.999))


def named(name: str, T: int = 1000) -> Schedule:
    """Return the schedule called `name`; raises RequestError for another name."""
    if name not in SCHEDULES:
        raise RequestError(f"schedule={name!r}; allowed: {', '.join(SCHEDULES)}")
    return linear(T) if name == "linear" else cosine(T)


def respace(schedule: Schedule, steps: int) -> Schedule:
    """Keep `steps` levels, evenly spread (Nichol and Dhariwal, section 4).

    The 0-based steps kept are round(i (T - 1) / (steps - 1)); one step keeps the last, where
    guided-diffusion keeps the first.  guided-diffusion adds the stride up in floats instead: of
    1,000 steps, 283 counts then have steps that differ by one; 250, 100, 50, 25, 15 and 10 do not.
    alpha_bar is kept and beta follows from it; network_step still names the original steps.
    """
    T = schedule.T
    if not 1 <= steps <= T:
        raise RequestError(f"steps={steps}; allowed: 1 to {T}, the weights' own number of steps")
    kept = [round(i * (T - 1) / (steps - 1)) + 1 for i in range(steps)] if steps > 1 else [T]
    return _keep(schedule, kept)


def powered(schedule: Schedule, steps: int, power: float) -> Schedule:
    """Keep `steps` levels, the ends among them: the i-th is 1 + (T - 1) (i / (steps - 1))^power.

    1 is respace's even spread, 2 DDIM's quadratic one (Song, Meng and Ermon 2021, D.2); above 1 it
    is dense at low noise.  Every level is taken once: those that would coincide are put apart.
    """
    T = schedule.T
    if power == 1 or steps < 2 or steps > T:
        return respace(schedule, steps)
    kept = [1]
    for i in range(1, steps):
        level = 1 + round((T - 1) * (i / (steps - 1)) ** power)
        kept.append(min(max(level, kept[-1] + 1), T - (steps - 1 - i)))
    return _keep(schedule, kept)


def quadratic(schedule: Schedule, steps: int) -> Schedule:
    """Keep `steps` levels, the ends among them, dense at low noise (DiffPIR's spacing).

    The i-th from the top is (T - 1) sqrt(i / (steps - 1)) below it, as far as every level is
    taken once.
    """
    T = schedule.T
    if steps < 2 or steps > T:
        return respace(schedule, steps)
    down = [T - round((T - 1) * math.sqrt(i / (steps - 1))) for i in range(steps)]
    kept = [T]
    for i in range(1, steps):
        kept.append(max(min(down[i], kept[-1] - 1), steps - i))
    return _keep(schedule, kept[::-1])


def _keep(schedule: Schedule, kept: list[int]) -> Schedule:
    """Return the schedule of some levels, ascending; network_step names the original steps."""
    levels = torch.tensor([0, *kept])
    alpha_bar = schedule.alpha_bar[levels]
    beta = torch.zeros_like(alpha_bar)
    beta[1:] = 1 - alpha_bar[1:] / alpha_bar[:-1]
    return Schedule(schedule.name, beta, alpha_bar, schedule.network_step[levels])


def _schedule(name: str, beta_from_1: torch.Tensor) -> Schedule:
    """Put level 0 before beta_1..beta_T."""
    beta = torch.cat([torch.zeros(1, dtype=torch.float64), beta_from_1])
    return Schedule(name, beta, torch.cumprod(1 - beta, dim=0), torch.arange(-1, len(beta) - 1))
