"""Samplers: identities bit for bit, independent rows, gradients, particles, options."""

from __future__ import annotations

import dataclasses
import typing
from itertools import pairwise
from typing import Any

import pytest
import torch

from bench import plugins
from bench.api import RequestError
from bench.api.seeds import torch_stream
from methods.ddpm.diffusion import posterior, q_sample
from methods.ddpm.samplers import ddnm, ddrm, diffpir, ding, particles, pigdm
from methods.ddpm.samplers.denoiser import Denoiser, eps_of
from methods.ddpm.samplers.exact import Mixture, condition, exact
from methods.ddpm.samplers.options import (
    DDNM,
    DDRM,
    DPS,
    MCG,
    TDS,
    CoPaint,
    DiffPIR,
    DInG,
    LanPaint,
    PiGDM,
    Repaint,
    Sampler,
    SMCDiff,
)
from methods.ddpm.samplers.steps import RowNoise, ddim_sigma, ddim_step, push, row_sum
from methods.ddpm.sampling import find, inpaint, spaced
from methods.ddpm.schedule import cosine, linear, quadratic, respace
from tests.methods.ddpm.law import WIDTH, field, middle
from tests.methods.ddpm.mixture import mixture, share_of_plus, y_of

EVERY = typing.get_args(Sampler)
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_stream(seed), dtype=torch.float64).to(dtype)


def centre(n: int, size: int = 8) -> torch.Tensor:
    hole = torch.zeros(n, 1, size, size, dtype=torch.bool)
    hole[:, :, size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = True
    return hole


def curved(x: torch.Tensor, step: torch.Tensor, *labels: torch.Tensor) -> torch.Tensor:
    """A smooth network that is not linear, and mixes neighbours."""
    mixed = x + 0.3 * x.roll(1, -1) + 0.2 * x.roll(1, -2)
    shift = labels[0].to(x).reshape(-1, 1, 1, 1) if labels else 0.0
    return torch.tanh(mixed + shift) * (0.5 + step.to(x).reshape(-1, 1, 1, 1) / 2000)


def learning(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    return torch.cat([curved(x, step), torch.tanh(x)], dim=1)


def fill(options: Any, y: torch.Tensor, hole: torch.Tensor, seeds: list[int]) -> torch.Tensor:
    return inpaint(curved, spaced(linear(), options), y, hole, seeds, options).x


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


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_a_batch_is_its_rows_in_float64(kind: Any) -> None:
    """Norms, retries and resampling are each row's own, and so is its noise."""
    options = dataclasses.replace(kind(), steps=7)
    y, hole = normal(3, 3, 8, 8, dtype=torch.float64).clamp(-1, 1), centre(3)
    hole[1, :, :, 2:] = True
    hole[2] = False
    hole[2, :, 3:5, 3] = True
    together = fill(options, y, hole, [5, 6, 7])
    for i in range(3):
        alone = fill(options, y[i : i + 1], hole[i : i + 1], [5 + i])
        assert torch.allclose(together[i : i + 1], alone, rtol=0, atol=1e-11)
    assert torch.equal(together, fill(options, y, hole, [5, 6, 7]))
    assert not torch.equal(together, fill(options, y, hole, [5, 6, 8]))


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_hidden_pixels_are_not_seen(kind: Any) -> None:
    options = dataclasses.replace(kind(), steps=6)
    y, hole = normal(2, 3, 8, 8).clamp(-1, 1), centre(2)
    kept = y.clone()
    first = fill(options, y, hole, [5, 6])
    second = fill(options, torch.where(hole, normal(2, 3, 8, 8, seed=9), y), hole, [5, 6])
    inside = hole.expand_as(first)
    assert torch.equal(first[inside], second[inside])
    assert torch.equal(y, kept)


EXACT = [kind for kind in EVERY if kind not in (DPS, CoPaint)]


@pytest.mark.parametrize("kind", EXACT, ids=lambda kind: kind.name)
@pytest.mark.parametrize("steps", [1, 5])
def test_known_pixels_end_as_they_were(kind: Any, steps: int) -> None:
    options = dataclasses.replace(kind(), steps=steps)
    y, hole = normal(2, 3, 8, 8).clamp(-1, 1), centre(2)
    x = fill(options, y, hole, [5, 6])
    atol = 2e-6 if kind is PiGDM else 0.0  # it adds a push of 0
    known = ~hole.expand_as(y)
    assert torch.allclose(x[known], y[known], rtol=0, atol=atol)


COSTS = [
    (Repaint(10, 2, 3), 10 + 2 * 2 * 4, 0),
    (DDRM(10), 10, 0),
    (DDNM(10), 10, 0),
    (DDNM(10, jump_length=2, jump_samples=3), 10 + 2 * 2 * 4, 0),
    (DiffPIR(10), 10, 0),
    (DInG(10), 10, 0),
    (DInG(10, delayed=False), 19, 0),
    (PiGDM(10), 10, 10),
    (DPS(10), 10, 10),
    (MCG(10), 10, 10),
    (SMCDiff(10, particles=3), 30, 0),
    (TDS(10, particles=3), 30, 27),
    (LanPaint(20), 115, 0),
    (LanPaint(10, inner=0), 10, 0),
]


@pytest.mark.parametrize(("options", "evaluations", "gradients"), COSTS, ids=str)
def test_what_a_row_costs(options: Any, evaluations: int, gradients: int) -> None:
    y, schedule = normal(2, 1, 8, 8), spaced(linear(), options)
    made = inpaint(curved, schedule, y, centre(2), [1, 2], options)
    assert (made.evaluations, made.gradients) == (evaluations, gradients)


def test_copaint_costs_what_its_trials_cost() -> None:
    y, options = normal(2, 1, 8, 8), CoPaint(10, iterations=2)
    made = inpaint(curved, spaced(linear(), options), y, centre(2), [1, 2], options)
    assert made.gradients == 20
    assert made.evaluations >= 30


def test_copaint_shortens_the_steps_of_the_rows_that_need_it() -> None:
    """A rate far too large must not raise any row's loss."""
    from methods.ddpm.samplers.copaint import _fit, optimise

    schedule = respace(linear(), 10)
    y, x, hole = normal(3, 1, 8, 8).clamp(-1, 1), normal(3, 1, 8, 8, seed=1), centre(3)
    network = Denoiser(curved, schedule, 3)
    before = _fit(network, x, x, y, hole, 2, 0.0).loss
    asked = network.evaluations
    after = optimise(network, x, y, hole, 2, 0, CoPaint(10, rate=3.0, pull=0.0)).loss
    assert (after <= before).all()
    assert network.evaluations - asked > 3


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


@pytest.mark.parametrize(
    ("options", "share"),
    [
        (Repaint(50, 1, 1), 0.53),
        (DDNM(50, eta=0.85), 0.65),
        (DInG(50), 0.73),
        (PiGDM(50, rule="scaled"), 0.74),
        (PiGDM(50), 0.89),
        (LanPaint(50, guidance=8.0), 0.73),
    ],
    ids=str,
)
def test_the_share_of_a_mode(options: Any, share: float) -> None:
    """As measured by other code, with a standard error of .01; 1,500 rows have one of .013.

    Which y that code took is not on record, and shares depend on it: with y along the mode's own
    shape DDNM's is .55.  Hence the wide tolerance.
    """
    assert share_of_plus(options, 1500, mixture()) == pytest.approx(share, abs=0.06)


def test_the_mixtures_exact_law_has_the_modes_share() -> None:
    prior, hole = mixture(), middle()
    law = prior.posterior(y_of(prior), hole)
    assert float(law.shares[0]) == pytest.approx(0.8, abs=1e-9)
    y = y_of(prior).expand(800, 1, 1, WIDTH)
    drawn = exact(
        None,  # type: ignore[arg-type]
        linear(),
        y,
        hole.expand(800, 1, 1, WIDTH),
        RowNoise(list(range(800)), y),
        prior,
    )
    inside = drawn.reshape(800, WIDTH)[:, hole]
    assert float((inside.mean(1) > 0).double().mean()) == pytest.approx(0.8, abs=0.05)
    gain, covariance = condition(prior.covariance, hole)
    spread = (inside[inside.mean(1) > 0] - law.modes[0]).square().mean()
    assert float(spread) == pytest.approx(float(covariance.diagonal().mean()), rel=0.15)
    assert gain.shape == (16, 48)


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


def test_learned_variance_is_used_by_those_that_take_p_samples_step() -> None:
    y, hole = normal(2, 2, 8, 8).clamp(-1, 1), centre(2)
    for kind in EVERY:
        options = dataclasses.replace(kind(), steps=6)
        schedule = spaced(linear(), options)
        plain, learned = (
            inpaint(network, schedule, y, hole, [1, 2], options).x for network in (curved, learning)
        )
        differs = not torch.equal(plain, learned)
        assert differs == (kind.name in {"repaint", "dps", "mcg", "smc-diff", "tds"}), kind.name


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_a_row_keeps_its_label_for_all_particles(kind: Any) -> None:
    options = dataclasses.replace(kind(), steps=5)
    y, hole, told = normal(2, 1, 8, 8), centre(2), []

    def network(x: torch.Tensor, step: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        told.append(labels)
        return curved(x, step, labels)

    inpaint(
        network, spaced(linear(), options), y, hole, [1, 2], options, labels=torch.tensor([3, 8])
    )
    copies = getattr(options, "particles", 1)
    assert all(labels.tolist() == [3] * copies + [8] * copies for labels in told)


def test_divergence_is_an_error_that_names_the_step() -> None:
    y, hole, options = normal(1, 1, 8, 8), centre(1), DDNM(20)

    def network(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        return x if int(step[0]) > 500 else x * float("nan")

    with pytest.raises(FloatingPointError, match="ddnm diverged at step 11 of 20, level 9"):
        inpaint(network, respace(linear(), 20), y, hole, [1], options)


@pytest.mark.parametrize("steps", [1, 2, 20, 300, 1000])
def test_quadratic_spacing_keeps_the_ends_and_is_dense_at_low_noise(steps: int) -> None:
    kept = (quadratic(linear(), steps).network_step[1:] + 1).tolist()
    assert len(set(kept)) == steps
    assert kept == sorted(kept)
    assert kept[-1] == 1000
    if steps > 1:
        assert kept[0] == 1
    if steps == 20:
        gaps = [b - a for a, b in pairwise(kept)]
        assert gaps == sorted(gaps)
        assert gaps[-1] > 8 * gaps[0]
    with pytest.raises(RequestError, match="steps=1001; allowed: 1 to 1000"):
        quadratic(linear(), 1001)


BAD = [
    ("sampler=ddmn", "Unknown sampler 'ddmn'. Did you mean 'ddrm'?"),
    ("sampler=ddnm,jumps=3", "Unknown parameter 'jumps'"),
    ("sampler=ddrm,jump_length=3", "Unknown parameter 'jump_length'"),
    ("sampler=pigdm,precision=bf16", "pigdm needs gradients"),
    ("sampler=smc-diff,particles=0", "particles=0; allowed: 1 or more"),
    ("sampler=tds,steps=1001", "steps=1001; allowed: 1 to 1000"),
    ("sampler=ddnm,eta=1.5", "eta=1.5; allowed: 0 to 1"),
    ("sampler=dps,scale=0", "scale=0.0; allowed: above 0"),
    ("sampler=dps,scale=nan", "scale=nan; allowed: above 0"),
    ("sampler=pigdm,rule=best", "'best' is not one of paper, scaled, ddim"),
    ("eta=0.5", "Unknown parameter 'eta'"),
]


@pytest.mark.parametrize(("text", "told"), BAD, ids=lambda value: value)
def test_bad_options_are_one_line(text: str, told: str) -> None:
    with pytest.raises(RequestError) as caught:
        plugins.method(f"ddpm:{text}")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sampler_is_a_parameter_and_the_default_goes_without_saying() -> None:
    default = plugins.method("ddpm")
    assert plugins.parameters(default) == {
        "steps": 15,
        "jump_length": 1,
        "jump_samples": 5,
        "schedule": "auto",
        "precision": "auto",
        "weights": "auto",
    }
    assert plugins.method("ddpm:sampler=repaint") == default
    assert plugins.label(plugins.method("ddpm:sampler=repaint,steps=10")) == "ddpm:steps=10"
    chosen = plugins.method("ddpm:sampler=ddnm,eta=0.85,weights=photos-64")
    assert plugins.label(chosen) == "ddpm:sampler=ddnm,eta=0.85,weights=photos-64"
    assert plugins.method("ddpm", **plugins.parameters(chosen)) == chosen


def test_sums_are_of_rows() -> None:
    assert row_sum(torch.ones(2, 3, 4, 5)).flatten().tolist() == [60, 60]
