"""A prior of two modes, and the share of a sampler's draws in one of them."""

from __future__ import annotations

from typing import Any

import torch

from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.exact import Mixture
from methods.ddpm.samplers.steps import RowNoise
from methods.ddpm.sampling import find, spaced
from methods.ddpm.schedule import linear
from tests.methods.ddpm.law import WIDTH, field, middle


def mixture() -> Mixture:
    """Two modes, given y 4.5 sd apart in the hole and 4 : 1."""
    hole, place = middle(), torch.arange(WIDTH)
    away = torch.where(hole, 0, torch.minimum((place - 24).abs(), (place - 39).abs()))
    mode = 0.8 * torch.exp(-away.double() / 2)
    covariance = 0.25 * field().covariance
    return Mixture(torch.stack([mode, -mode]), torch.tensor([0.5, 0.5]).double(), covariance)


def y_of(prior: Mixture) -> torch.Tensor:
    """Known pixels, all of one level, for which P(+) is .8."""
    hole = middle()
    pull = torch.linalg.solve(prior.covariance[~hole][:, ~hole], prior.modes[0, ~hole])
    return torch.where(hole, 0.0, 0.5 * torch.log(torch.tensor(4.0)).double() / pull.sum())


def share_of_plus(options: Any, rows: int, prior: Mixture, network: Any = None) -> float:
    schedule, hole = spaced(linear(), options), middle()
    y = y_of(prior).expand(rows, 1, 1, WIDTH)
    denoiser = Denoiser(network or prior.network(schedule), schedule, rows, clamp=False)
    noise, where = RowNoise(list(range(rows)), y), hole.expand(rows, 1, 1, WIDTH)
    with torch.no_grad():
        x = find(options)(denoiser, schedule, y, where, noise, options)
    return float((x.reshape(rows, WIDTH)[:, hole].mean(1) > 0).double().mean())
