"""Identities between the samplers' steps, bit for bit."""

from __future__ import annotations

import pytest
import torch

from methods.ddpm.diffusion import posterior, q_sample
from methods.ddpm.samplers import ddnm, ddrm, diffpir, ding
from methods.ddpm.samplers.denoiser import Denoiser, eps_of
from methods.ddpm.samplers.options import DDRM, MCG, Repaint
from methods.ddpm.samplers.steps import ddim_sigma, ddim_step
from methods.ddpm.schedule import linear, respace
from tests.methods.ddpm.networks import DTYPES, centre, curved, fill, normal


@DTYPES
@pytest.mark.parametrize("t", [1, 2, 17, 30])
def test_ddnm_ddrm_and_diffpir_are_one_step_with_all_noise_new(dtype: torch.dtype, t: int) -> None:
    schedule, hole = respace(linear(), 30), centre(2)
    y, x, z = (normal(2, 3, 8, 8, seed=i, dtype=dtype) for i in range(3))
    x0, eps = Denoiser(curved, schedule, 2).predict(x, t)
    corrected = torch.where(hole, x0, y)
    at_once = q_sample(schedule, corrected, t - 1, z)
    assert torch.equal(ddnm.ddnm_step(schedule, corrected, eps, t, z, 1.0), at_once)
    assert torch.equal(diffpir.diffpir_step(schedule, corrected, x, t, z, 1.0), at_once)
    whole = ddrm.ddrm_step(schedule, x0, eps, y, hole, t, z, DDRM(eta=1.0))
    assert torch.equal(whole, at_once)
    part = ddrm.ddrm_step(schedule, x0, eps, y, hole, t, z, DDRM(eta=0.7))
    other = ddnm.ddnm_step(schedule, corrected, eps, t, z, 0.7)
    if t > 1:  # below 1 the known pixels' noise differs
        assert not torch.allclose(part, other, atol=1e-3)


@DTYPES
def test_ddnm_without_new_noise_is_ding_without_spread(dtype: torch.dtype) -> None:
    schedule, hole, t = respace(linear(), 30), centre(2), 11
    y, x, z = (normal(2, 3, 8, 8, seed=i, dtype=dtype) for i in range(3))
    x0, eps = Denoiser(curved, schedule, 2).predict(x, t)
    mean = ding.ddim_mean(schedule, x0, eps, t, 0.0)
    ours = ding.ding_step(schedule, mean, eps, y, hole, t, 0.0, z)
    assert torch.equal(ours, ddnm.ddnm_step(schedule, torch.where(hole, x0, y), eps, t, z, 0.0))


@DTYPES
def test_diffpir_without_new_noise_is_ddim_of_the_corrected_image(dtype: torch.dtype) -> None:
    schedule, t = respace(linear(), 30), 11
    corrected, x, z = (normal(2, 3, 8, 8, seed=i, dtype=dtype) for i in range(3))
    ours = diffpir.diffpir_step(schedule, corrected, x, t, z, 0.0)
    eps = eps_of(schedule, x, t, corrected)
    assert torch.equal(ours, ddim_step(schedule, corrected, eps, t, 0.0, z))


@DTYPES
def test_mcg_without_its_push_is_replacement(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    y, hole = normal(2, 3, 8, 8, dtype=dtype), centre(2)
    replaced = fill(Repaint(12, 1, 1), y, hole, [1, 2])
    assert not torch.equal(fill(MCG(12, n_ref=10**9), y, hole, [1, 2]), replaced)
    monkeypatch.setattr("methods.ddpm.samplers.mcg.push", lambda g, r, hole, **_: 0 * g)
    assert torch.equal(fill(MCG(12), y, hole, [1, 2]), replaced)


@DTYPES
def test_the_posterior_step_is_ddims_with_ddpms_spread(dtype: torch.dtype) -> None:
    schedule = respace(linear(), 50)
    x0, x, z = (normal(2, 3, 8, 8, seed=i, dtype=dtype) for i in range(3))
    tolerance = 1e-13 if dtype == torch.float64 else 4e-6
    for t in (1, 2, 25, 50):
        sigma = ddim_sigma(schedule, t, 1.0)
        mean, _ = posterior(schedule, x0, x, t)
        step = ddim_step(schedule, x0, eps_of(schedule, x, t, x0), t, sigma, z)
        assert torch.allclose(mean + sigma * z, step, rtol=0, atol=tolerance)


def test_the_last_step_has_no_noise() -> None:
    schedule = respace(linear(), 5)
    x0, eps, z = (normal(1, 1, 4, 4, seed=i) for i in range(3))
    assert torch.equal(ddim_step(schedule, x0, eps, 1, ddim_sigma(schedule, 1, 1.0), z), x0)
