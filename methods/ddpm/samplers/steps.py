"""Functions that several samplers share: DDIM's step, time travel, norms per row.

y: (N, C, H, W), the image with its known pixels, in [-1, 1].  hole: bool (N, 1, H, W), True =
missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import torch

from bench.api.seeds import NoiseStreams
from methods.ddpm.schedule import Schedule

Watch = Callable[[int, torch.Tensor], None]


class Noise(Protocol):
    """Random numbers, one stream per row of the batch."""

    def normal(self, copies: int = 1) -> torch.Tensor:
        """Return standard normal (N copies, C, H, W); the copies of a row are adjacent."""
        ...

    def uniform(self) -> torch.Tensor:
        """Return float64 (N,) in [0, 1)."""
        ...


class RowNoise:
    """Noise of the rows' seeds, drawn on the CPU, in the images' precision and on their device."""

    def __init__(self, seeds: Sequence[int], like: torch.Tensor) -> None:
        self._streams, self._like = NoiseStreams(seeds), like

    def normal(self, copies: int = 1) -> torch.Tensor:
        """Return standard normal (N copies, C, H, W)."""
        shape = self._like.shape[1:]
        drawn = self._streams.normal(shape if copies == 1 else (copies, *shape))
        return (drawn if copies == 1 else drawn.flatten(0, 1)).to(self._like)

    def uniform(self) -> torch.Tensor:
        """Return float64 (N,) in [0, 1)."""
        return self._streams.uniform((1,))[:, 0].double().to(self._like.device)


def unwatched(level: int, x: torch.Tensor) -> None:
    """Do nothing: the default `watch`, which is called with (level, x) after every step."""


def ddim_mean(
    schedule: Schedule, x0: torch.Tensor, eps: torch.Tensor, t: int, sigma: float
) -> torch.Tensor:
    """Return the mean of a step to t - 1 with new noise of sigma (DDIM, eq. 12)."""
    abar = float(schedule.alpha_bar[t - 1])
    return math.sqrt(abar) * x0 + math.sqrt(max(1 - abar - sigma**2, 0.0)) * eps


def ddim_step(
    schedule: Schedule,
    x0: torch.Tensor,
    eps: torch.Tensor,
    t: int,
    sigma: float,
    noise: torch.Tensor,
) -> torch.Tensor:
    """Go from level t to t - 1 (DDIM, eq. 12); at t = 1 the result is x0."""
    return ddim_mean(schedule, x0, eps, t, sigma) + sigma * noise


def ddim_sigma(schedule: Schedule, t: int, eta: float) -> float:
    """DDIM's spread at t (eq. 16): eta = 1 is DDPM's."""
    return eta * math.sqrt(float(schedule.posterior_variance[t]))


def full_step(
    schedule: Schedule,
    x0: torch.Tensor,
    eps: torch.Tensor,
    t: int,
    eta: float,
    noise: torch.Tensor,
) -> torch.Tensor:
    """Go from level t to t - 1 with DDRM's and DDNM's eta: 1 renews all noise, not DDPM's share.

    It is ddim_step with sigma = eta sqrt(1 - alpha_bar_{t-1}), without the difference of two nearly
    equal numbers.
    """
    abar = float(schedule.alpha_bar[t - 1])
    mixed = math.sqrt(1 - eta**2) * eps + eta * noise
    return math.sqrt(abar) * x0 + math.sqrt(1 - abar) * mixed


def known_error(x0: torch.Tensor, y: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Return r = [0 | y - x0], the error of the prediction at the known pixels."""
    return torch.where(hole, 0.0, y - x0)


def row_sum(x: torch.Tensor) -> torch.Tensor:
    """Sum C, H, W of each row, (N, 1, 1, 1)."""
    return x.flatten(1).sum(1).reshape(-1, 1, 1, 1)


def push(
    g: torch.Tensor, r: torch.Tensor, hole: torch.Tensor, *, scale: float, n_ref: int, steps: int
) -> torch.Tensor:
    """Return zeta g / |r|, row by row (DPS, algorithm 1); r = 0 pushes nothing.

    A push of fixed length moves each pixel less the more pixels there are, and the total push grows
    with the number of steps: zeta = scale sqrt(n_known / n_ref) 1000 / steps compensates both.
    """
    known = r.shape[1] * row_sum((~hole).to(g))
    zeta = scale * (known / n_ref).sqrt() * (1000 / steps)
    return zeta * g / row_sum(r.square()).sqrt().clamp(min=1e-8)


def levels(steps: int, jump_length: int, jump_samples: int) -> list[int]:
    """Return the levels visited, from `steps` to 0 (RePaint, algorithm 1 and appendix).

    A step down is one network evaluation, a step up adds noise.  At the levels 1, 1 + jump_length,
    ... up to steps - jump_length the walk goes back up by `jump_length`, `jump_samples` - 1 times.
    """
    left = dict.fromkeys(range(1, steps - jump_length + 1, jump_length), jump_samples - 1)
    walk = [steps]
    while walk[-1] > 0:
        walk.append(walk[-1] - 1)
        if left.get(walk[-1], 0) > 0:
            left[walk[-1]] -= 1
            walk.extend(range(walk[-1] + 1, walk[-1] + jump_length + 1))
    return walk
