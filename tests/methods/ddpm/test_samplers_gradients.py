"""Gradients through the network, and the samplers that follow them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from methods.ddpm.samplers import pigdm
from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.exact import Mixture
from methods.ddpm.samplers.options import DPS, MCG, TDS, CoPaint, PiGDM
from methods.ddpm.samplers.steps import ddim_sigma, ddim_step, push
from methods.ddpm.sampling import inpaint
from methods.ddpm.schedule import cosine, linear, respace
from tests.methods.ddpm.law import WIDTH, field, middle
from tests.methods.ddpm.networks import centre, curved, learning, normal


@pytest.mark.parametrize("t", [2, 20, 30])
def test_the_pulled_back_vector_is_the_finite_difference(t: int) -> None:
    schedule = respace(linear(), 30)
    x, u, v = (normal(2, 2, 5, 5, seed=i, dtype=torch.float64) for i in range(3))
    network = Denoiser(curved, schedule, 2, clamp=False)
    _, pull = network.differentiate(x, t)
    h = 1e-6
    ahead, behind = (network.predict(x + s * h * v, t)[0] for s in (1, -1))
    slope = (u * (ahead - behind)).sum() / (2 * h)
    assert float((pull(u) * v).sum()) == pytest.approx(float(slope), rel=1e-6)
    assert (network.evaluations, network.gradients) == (3, 1)


def test_a_clamped_pixel_has_a_gradient() -> None:
    schedule = respace(linear(), 30)
    x = torch.full((1, 1, 4, 4), 50.0)
    network = Denoiser(lambda x, step: 0.1 * x, schedule, 1)
    output, pull = network.differentiate(x, 30)
    assert torch.equal(network.x0(x, 30, output), torch.ones_like(x))
    assert float(pull(torch.ones_like(x)).abs().min()) > 0


def test_the_gradient_has_only_the_half_that_is_eps() -> None:
    schedule, x = respace(linear(), 30), normal(2, 2, 5, 5)
    pulled = []
    for network in (curved, learning):
        _, pull = Denoiser(network, schedule, 2).differentiate(x, 11)
        pulled.append(pull(torch.ones_like(x)))
    assert torch.equal(*pulled)


def test_an_mmse_network_pulls_back_by_the_posterior_covariance() -> None:
    schedule, prior, t = respace(linear(), 30), field(), 12
    x, u = (normal(1, 1, 1, WIDTH, seed=i, dtype=torch.float64) for i in range(2))
    _, pull = Denoiser(prior.network(schedule), schedule, 1, clamp=False).differentiate(x, t)
    abar = schedule.alpha_bar[t]
    inner = abar * prior.covariance + (1 - abar) * torch.eye(WIDTH).double()
    covariance = prior.covariance - abar * prior.covariance @ torch.linalg.solve(
        inner, prior.covariance
    )
    expected = abar.sqrt() / (1 - abar) * u.flatten() @ covariance
    assert torch.allclose(pull(u).flatten(), expected, atol=1e-9)


def test_exact_guidance_is_the_conditional_networks_ddim_step() -> None:
    """With R = the known block of Cov(x0 | xt), PiGDM's rule "ddim" is DDIM of the posterior."""
    schedule, prior, hole, t = respace(linear(), 30), field(), middle(), 12
    y, x, z = (normal(1, 1, 1, WIDTH, seed=i, dtype=torch.float64) for i in range(3))
    network = Denoiser(prior.network(schedule), schedule, 1, clamp=False)
    output, pull = network.differentiate(x, t)
    x0, abar = network.x0(x, t, output), schedule.alpha_bar[t]
    inner = abar * prior.covariance + (1 - abar) * torch.eye(WIDTH).double()
    spread = prior.covariance - abar * prior.covariance @ torch.linalg.solve(
        inner, prior.covariance
    )
    r = (y - x0).flatten()[~hole]
    u = torch.zeros(WIDTH).double()
    u[~hole] = torch.linalg.solve(spread[~hole][:, ~hole], r)
    g = (1 - abar) * pull(u.reshape(x.shape))
    options = PiGDM(rule="ddim", replace=False, eta=0.6)
    ours = pigdm.pigdm_step(schedule, x, x0, g, y, hole.reshape(1, 1, 1, -1), t, z, options)
    law = prior.posterior(y.flatten(), hole)
    alone = Mixture(law.modes - law.modes, law.shares, law.covariance)
    shifted = x.flatten()[hole] - abar.sqrt() * law.modes[0]
    eps = alone.network(schedule)(shifted.reshape(1, 1, 1, -1), schedule.network_step[t : t + 1])
    centred = (shifted - (1 - abar).sqrt() * eps.flatten()) / abar.sqrt()
    theirs = ddim_step(
        schedule,
        centred + law.modes[0],
        eps.flatten(),
        t,
        ddim_sigma(schedule, t, 0.6),
        z.flatten()[hole],
    )
    assert torch.allclose(ours.flatten()[hole], theirs, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", [PiGDM, DPS, MCG, TDS, CoPaint], ids=lambda kind: kind.name)
def test_the_first_levels_of_the_cosine_schedule_push_gently(kind: Any) -> None:
    """There the unclamped x0 is thousands of times too large: the error is the clamped one's."""
    schedule = respace(cosine(), 20)
    seen: list[torch.Tensor] = []
    y, hole = normal(1, 1, 8, 8).clamp(-1, 1), centre(1)
    weak = lambda x, step: 0.98 * x  # noqa: E731  (a prediction 2% off)
    options = dataclasses.replace(kind(), steps=20)
    if kind in (DPS, MCG):  # 64 pixels, not 3 x 256 x 256
        options = dataclasses.replace(options, n_ref=48 * 2500)
    inpaint(weak, schedule, y, hole, [1], options, watch=lambda level, x: seen.append(x))
    assert float(seen[0].abs().max()) < 10


def test_dps_pushes_by_the_rows_own_norm_at_every_size() -> None:
    r = torch.where(centre(2), 0.0, normal(2, 3, 8, 8))
    g, many = normal(2, 3, 8, 8, seed=1), {"scale": 0.5, "n_ref": 100, "steps": 50}
    both = push(g, r, centre(2), **many)
    louder = push(g, torch.cat([r[:1], 7 * r[1:]]), centre(2), **many)
    assert torch.equal(both[:1], louder[:1])
    assert torch.allclose(both[1:], 7 * louder[1:], rtol=1e-5)
    tiled = [part.repeat(1, 1, 2, 2) for part in (g, r, centre(2))]
    assert torch.allclose(push(*tiled, **many)[..., :8, :8], both, rtol=1e-5)
    assert torch.equal(push(g, 0 * r, centre(2), **many).isfinite(), torch.ones(2, 3, 8, 8).bool())
