"""Samplers beside independent implementations, where these agree with the papers.

Optional: pip install deepinv diffusers.  deepinv's DDRM divides its noise by sqrt 2 and ends with
the prediction everywhere; its DiffPIR leaves out the last denoising; its DPS weighs the gradient
otherwise and has no step in common with the authors' code.  diffusers has DDIM's step.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch

from bench.api.seeds import torch_stream
from methods.ddpm.samplers.ddrm import ddrm
from methods.ddpm.samplers.denoiser import Denoiser, eps_of
from methods.ddpm.samplers.diffpir import diffpir_step
from methods.ddpm.samplers.options import DDRM
from methods.ddpm.samplers.steps import ddim_sigma, ddim_step
from methods.ddpm.schedule import linear, respace

# Their imports trip over deprecations of their own dependencies.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def deepinv() -> Any:
    return pytest.importorskip("deepinv", reason="an optional peer: pip install deepinv")


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_stream(seed), dtype=torch.float64)


def curved(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    grows = 0.8 + 0.1 * step.to(x).reshape(-1, 1, 1, 1) / 1000
    return torch.tanh(x + 0.3 * x.roll(1, -1)) * grows


def centre() -> torch.Tensor:
    hole = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    hole[..., 2:6, 2:6] = True
    return hole


def test_ddrm_is_deepinvs_in_variance_exploding_scaling(
    deepinv: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule, hole, options = respace(linear(), 12), centre(), DDRM(12, eta=0.7)
    abar = schedule.alpha_bar
    sigmas = ((1 - abar) / abar).sqrt()
    y, draws = normal(1, 1, 8, 8), [normal(1, 1, 8, 8, seed=i) for i in range(1, 14)]
    network = Denoiser(curved, schedule, 1, clamp=False)
    asked = iter(range(12, 0, -1))

    def denoise(x: torch.Tensor, sigma: Any) -> torch.Tensor:
        t = next(asked)
        return network.predict(abar[t].sqrt() * x, t)[0]

    theirs_noise = iter(draws)
    monkeypatch.setattr(torch, "randn_like", lambda x: 2**0.5 * next(theirs_noise))
    physics = deepinv.physics.Inpainting(mask=(~hole[0]).double(), img_size=(1, 8, 8))
    physics.noise_model = deepinv.physics.GaussianNoise(sigma=0.0)
    sampler = deepinv.sampling.DDRM(
        denoise, sigmas=sigmas.flip(0)[:-1].numpy(), eta=0.7, etab=1.0, eps=0.0
    )
    theirs = sampler(torch.where(hole, 0.0, y), physics)

    class Same:
        def __init__(self) -> None:
            first = torch.where(hole, (1 - abar[12]).sqrt() * draws[0], draws[0])
            self.draws = iter([first, *draws[1:]])

        def normal(self, copies: int = 1) -> torch.Tensor:
            return next(self.draws)

    ours = ddrm(network, schedule, y, hole, Same(), options)  # type: ignore[arg-type]
    assert torch.allclose(ours[hole], theirs[hole], rtol=0, atol=1e-5)
    assert torch.equal(ours[~hole], y[~hole])
    assert not torch.allclose(theirs[~hole], y[~hole], atol=1e-3)  # the prediction, not y


def test_diffpirs_step_is_deepinvs(deepinv: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule, hole, zeta = linear(), centre(), 0.4
    y = normal(1, 1, 8, 8).clamp(-1, 1).float()
    draws = [normal(1, 1, 8, 8, seed=i).float() for i in range(1, 20)]
    network = Denoiser(curved, schedule, 1)
    seen: list[tuple[int, torch.Tensor]] = []
    sigmas = ((1 - schedule.alpha_bar) / schedule.alpha_bar).sqrt()

    def denoise(x: torch.Tensor, sigma: Any) -> torch.Tensor:
        t = int((sigmas - 2 * float(sigma)).abs().argmin())
        xt = (x - 0.5) * 2 * float(schedule.alpha_bar[t].sqrt())
        seen.append((t, xt))
        return network.predict(xt, t)[0] / 2 + 0.5

    noise = iter(draws)
    monkeypatch.setattr(torch, "randn_like", lambda x: next(noise))
    physics = deepinv.physics.Inpainting(mask=(~hole[0]).float(), img_size=(1, 8, 8))
    physics.noise_model = deepinv.physics.GaussianNoise(sigma=1e-6)
    sampler = deepinv.sampling.DiffPIR(
        denoise,
        deepinv.optim.data_fidelity.L2(),
        sigma=1e-6,
        max_iter=8,
        zeta=zeta,
        lambda_=1.0,
        device="cpu",
    )
    sampler(torch.where(hole, 0.0, y / 2 + 0.5), physics)
    assert [t for t, _ in seen][:1] == [1000]
    compared = 0
    for i, ((t, xt), (after, x)) in enumerate(pairwise(seen)):
        x0, _ = network.predict(xt, t)
        kept = [0, after, t]
        abar = schedule.alpha_bar[torch.tensor(kept)]
        beta = torch.cat([torch.zeros(1), 1 - abar[1:] / abar[:-1]]).double()
        two = type(schedule)("linear", beta, abar, schedule.network_step[torch.tensor(kept)])
        step = diffpir_step(two, torch.where(hole, x0, y), xt, 2, draws[i + 1], zeta)
        assert torch.allclose(step, x, rtol=0, atol=2e-4), i
        compared += 1
    assert compared == 7


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddims_step_is_diffusers(eta: float) -> None:
    diffusers = pytest.importorskip("diffusers", reason="an optional peer: pip install diffusers")
    scheduler = diffusers.DDIMScheduler(
        beta_schedule="linear",
        clip_sample=False,
        timestep_spacing="linspace",
        set_alpha_to_one=True,
    )
    scheduler.set_timesteps(1000)
    schedule = linear()
    x, eps, z = (normal(1, 1, 8, 8, seed=i) for i in range(3))
    for t in (2, 300, 1000):
        theirs = scheduler.step(eps, t - 1, x, eta=eta, variance_noise=z).prev_sample
        abar = schedule.alpha_bar[t]
        x0 = (x - (1 - abar).sqrt() * eps) / abar.sqrt()
        sigma = ddim_sigma(schedule, t, eta)
        ours = ddim_step(schedule, x0, eps_of(schedule, x, t, x0), t, sigma, z)
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4)
