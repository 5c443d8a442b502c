"""Weighted particles: resampling, and what more of them are worth."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from methods.ddpm.samplers import particles
from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.exact import Mixture, condition
from methods.ddpm.samplers.options import SMCDiff
from methods.ddpm.samplers.steps import RowNoise
from methods.ddpm.sampling import find
from methods.ddpm.schedule import linear, respace
from tests.methods.ddpm.law import WIDTH, field, middle
from tests.methods.ddpm.networks import normal


def test_systematic_resampling_by_hand() -> None:
    log_w = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.97, 0.01, 0.01, 0.01]]).double().log()
    kept, carried = particles.resample(log_w, torch.tensor([0.5, 0.5]).double(), 1.0, 3)
    # positions .125 .375 .625 .875 in the sums .1 .3 .6 1
    assert kept.tolist() == [[1, 2, 3, 3], [0, 0, 0, 0]]
    assert not carried.any()
    kept, carried = particles.resample(log_w, torch.tensor([0.5, 0.5]).double(), 0.5, 3)
    assert kept.tolist() == [[0, 1, 2, 3], [0, 0, 0, 0]]
    assert torch.equal(carried[0], log_w[0])
    with pytest.raises(FloatingPointError, match="level 3"):
        particles.resample(log_w * float("nan"), torch.zeros(2).double(), 0.5, 3)


def test_resampling_keeps_the_expected_counts() -> None:
    log_w = normal(1, 5, dtype=torch.float64).expand(2000, 5)
    u = torch.arange(2000).double() / 2000
    kept, _ = particles.resample(log_w, u, 1.0, 1)
    counts = torch.stack([(kept == i).double().sum(1) for i in range(5)], 1).mean(0)
    assert torch.allclose(counts / 5, torch.softmax(log_w[0], 0), atol=2e-3)


def with_best_variance(prior: Mixture, steps: int) -> Any:
    """The Gaussian field's network and the v of the optimal variance: its unconditional mean."""
    schedule = respace(linear(), steps)
    eps, told = prior.network(schedule), {int(s): t for t, s in enumerate(schedule.network_step)}

    def network(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        t = told[int(step[0])]
        abar, before = schedule.alpha_bar[t], schedule.alpha_bar[t - 1]
        inner = abar * prior.covariance + (1 - abar) * torch.eye(WIDTH).double()
        left = prior.covariance - abar * prior.covariance @ torch.linalg.solve(
            inner, prior.covariance
        )
        tilde = schedule.posterior_variance[max(t, 2)]
        gain = before.sqrt() * schedule.beta[t] / (1 - abar)
        best = tilde + gain**2 * left.diagonal().mean()
        v = 2 * (best.log() - tilde.log()) / (schedule.beta[t].log() - tilde.log()) - 1
        return torch.cat([eps(x, step), torch.full_like(x, float(v))], 1)

    return network


def test_particles_do_not_hurt_with_the_best_variance() -> None:
    """SMC-Diff's mean nears the posterior's with particles when the reverse chain is right."""
    prior, hole, steps, rows = field(), middle(), 20, 60
    schedule, network = respace(linear(), steps), with_best_variance(prior, steps)
    errors = []
    for copies in (1, 16):
        options, slopes = SMCDiff(steps, particles=copies), []
        y0 = torch.linalg.cholesky(prior.covariance) @ normal(WIDTH, 8, dtype=torch.float64)
        y = y0.T.repeat_interleave(rows, 0).reshape(-1, 1, 1, WIDTH)
        denoiser = Denoiser(network, schedule, len(y), clamp=False)
        x = find(options)(
            denoiser,
            schedule,
            y,
            hole.expand(len(y), 1, 1, WIDTH),
            RowNoise(list(range(len(y))), y),
            options,
        )
        gain, _ = condition(prior.covariance, hole)
        mean = x.reshape(8, rows, WIDTH)[:, :, hole].mean(1)
        target = (gain @ y0[~hole]).T
        slopes = (mean * target).sum() / target.square().sum()
        errors.append(abs(1 - float(slopes)))
    assert errors[1] < 0.5 * errors[0]
