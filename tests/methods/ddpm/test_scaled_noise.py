"""The factor on the predicted noise: what it leaves in the image; every sampler takes it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from bench.api import Completion
from methods.ddpm import DDPM
from methods.ddpm.diffusion import predict_x0, q_sample
from methods.ddpm.prediction import scaled_eps
from methods.ddpm.samplers.guided import PiGDM
from methods.ddpm.samplers.options import DDNM, Repaint, Sampler
from methods.ddpm.schedule import cosine
from tests.methods.ddpm.networks import centre, normal


class Says(nn.Module):
    """A network with one answer."""

    def __init__(self, answer: torch.Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        return self.answer


def test_its_share_of_the_noise_stays_in_the_image() -> None:
    """x0 from f eps is x0 + (1 - f) sqrt(1 - a)/sqrt(a) eps, where the network knows eps."""
    schedule, t, factor = cosine(), 300, 0.9
    x0, eps = 0.1 * normal(2, 3, 8, 8), normal(2, 3, 8, 8, seed=1)
    xt, step = q_sample(schedule, x0, t, eps), torch.full((2,), t - 1)
    output = scaled_eps(Says(eps), factor)(xt, step)
    left = predict_x0(schedule, xt, t, output, clamp=False) - x0
    abar = float(schedule.alpha_bar[t])
    expected = (1 - factor) * math.sqrt((1 - abar) / abar) * eps
    assert torch.allclose(left.float(), expected, atol=1e-5)


def test_a_learned_variance_stays_and_a_factor_of_1_is_no_factor() -> None:
    eps, variance, step = normal(2, 3, 8, 8), normal(2, 3, 8, 8, seed=1), torch.zeros(2).long()
    network = Says(torch.cat([eps, variance], dim=1))
    output = scaled_eps(network, 0.9)(normal(2, 3, 8, 8, seed=2), step)
    assert torch.equal(output, torch.cat([eps * 0.9, variance], dim=1))
    assert scaled_eps(network, 1.0) is network


@pytest.mark.parametrize("sampler", [PiGDM(steps=3), DDNM(3), Repaint(3)], ids=lambda s: s.name)
def test_every_sampler_takes_it(sampler: Sampler) -> None:
    hole = centre(1, 32)
    visible = normal(1, 1, 32, 32).clamp(0, 1).expand(-1, 3, -1, -1).masked_fill(hole, 0)

    def fill(eps_scale: float) -> torch.Tensor:
        method = DDPM(sampler, weights="fashion-mnist-32", eps_scale=eps_scale)
        completion = method.load("cpu")(visible, hole, [5])
        assert isinstance(completion, Completion)
        return completion.image

    plain, scaled = fill(1.0), fill(0.9)
    assert torch.equal(scaled.masked_fill(hole, 0), visible)
    assert not torch.equal(plain, scaled)
