"""Schedules and equations of the diffusion process against the papers' formulas and numerics."""

from __future__ import annotations

import math

import pytest
import torch

from bench.api import RequestError
from bench.api.seeds import torch_stream
from methods.ddpm.diffusion import (
    LEAST_ALPHA_BAR,
    discretised_log_likelihood,
    gaussian_kl,
    learned_log_variance,
    loss_simple,
    loss_vlb,
    p_sample,
    posterior,
    predict_x0,
    q_sample,
    q_step,
)
from methods.ddpm.schedule import cosine, linear, named, respace

SCHEDULES = pytest.mark.parametrize("schedule", [linear(), cosine()], ids=["linear", "cosine"])


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_stream(seed))


def test_linear_is_ddpm_section_4() -> None:
    schedule = linear()
    assert schedule.T == 1000
    assert float(schedule.beta[0]) == 0
    assert float(schedule.beta[1]) == pytest.approx(1e-4)
    assert float(schedule.beta[1000]) == pytest.approx(0.02)
    product = 1.0
    for t in range(1, 1001):
        product *= 1 - (1e-4 + (0.02 - 1e-4) * (t - 1) / 999)
        assert float(schedule.alpha_bar[t]) == pytest.approx(product, rel=1e-9)


def test_cosine_is_the_formula_up_to_the_last_but_one() -> None:
    schedule = cosine()

    def f(t: int) -> float:
        return math.cos((t / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2

    for t in range(1000):
        assert float(schedule.alpha_bar[t]) == pytest.approx(f(t) / f(0), rel=1e-6)
    assert float(schedule.beta[1000]) == 0.999
    assert float(schedule.beta.max()) == 0.999


@SCHEDULES
def test_index_0_is_the_image(schedule: object) -> None:
    assert float(schedule.alpha_bar[0]) == 1  # type: ignore[attr-defined]
    assert float(schedule.posterior_variance[1]) == 0  # type: ignore[attr-defined]
    x0 = normal(1, 1, 4, 4)
    assert torch.equal(q_sample(schedule, x0, 0, normal(1, 1, 4, 4, seed=1)), x0)  # type: ignore[arg-type]


def test_another_schedule_is_refused() -> None:
    with pytest.raises(RequestError, match="schedule='quadratic'; allowed: linear, cosine"):
        named("quadratic")


@pytest.mark.parametrize(("steps", "kept"), [(1, [999]), (2, [0, 999]), (4, [0, 333, 666, 999])])
def test_respacing_keeps_even_steps_and_their_names(steps: int, kept: list[int]) -> None:
    schedule = respace(linear(), steps)
    assert steps == schedule.T
    assert schedule.network_step[1:].tolist() == kept
    assert torch.equal(schedule.alpha_bar[1:], linear().alpha_bar[torch.tensor(kept) + 1])
    assert torch.allclose(torch.cumprod(1 - schedule.beta, 0), schedule.alpha_bar, rtol=1e-12)


def accumulated(steps: int) -> list[int]:
    """Return the 0-based steps of 1,000 that guided-diffusion keeps: it adds the stride up."""
    place, kept = 0.0, []
    for _ in range(steps):
        kept.append(round(place))
        place += 999 / (steps - 1)
    return kept


def test_respacing_differs_from_guided_diffusions_by_one_step_at_most() -> None:
    schedule = linear()
    largest = {}
    for steps in range(2, 1001):
        kept = respace(schedule, steps).network_step[1:].tolist()
        pairs = zip(kept, accumulated(steps), strict=True)
        largest[steps] = max(abs(ours - theirs) for ours, theirs in pairs)
    assert max(largest.values()) == 1
    assert sum(largest.values()) == 283
    assert all(largest[steps] == 0 for steps in (10, 15, 25, 50, 100, 250, 1000))


def test_respacing_to_all_steps_changes_nothing() -> None:
    schedule = respace(cosine(), 1000)
    assert torch.equal(schedule.alpha_bar, cosine().alpha_bar)
    assert torch.allclose(schedule.beta, cosine().beta, rtol=1e-9, atol=1e-15)
    assert torch.equal(schedule.network_step, cosine().network_step)


@pytest.mark.parametrize("steps", [0, 1001])
def test_impossible_respacing_is_refused(steps: int) -> None:
    with pytest.raises(RequestError, match=f"steps={steps}; allowed: 1 to 1000"):
        respace(linear(), steps)


@pytest.mark.parametrize("t", [1, 2, 10, 60])
@SCHEDULES
def test_q_step_composed_is_q_sample(schedule: object, t: int) -> None:
    """The composition is linear in x0 and in each noise: its mean and variance are exact sums."""
    one, zero = torch.ones(1, 1, 1, 1, dtype=torch.float64), torch.zeros(1, 1, 1, 1).double()
    variance = 0.0
    for pulse in range(1, t + 1):
        x = zero
        for level in range(1, t + 1):
            x = q_step(schedule, x, level, one if level == pulse else zero)  # type: ignore[arg-type]
        variance += float(x) ** 2
    mean = one
    for level in range(1, t + 1):
        mean = q_step(schedule, mean, level, zero)  # type: ignore[arg-type]
    at_once = q_sample(schedule, one, t, zero)  # type: ignore[arg-type]
    spread = q_sample(schedule, zero, t, one)  # type: ignore[arg-type]
    assert float(mean) == pytest.approx(float(at_once), rel=1e-10)
    assert variance == pytest.approx(float(spread) ** 2, rel=1e-10)


@pytest.mark.parametrize("t", [2, 3, 250, 700, 999])
@SCHEDULES
def test_the_posterior_is_the_product_of_gaussians(schedule: object, t: int) -> None:
    """q(x_{t-1} | x_t, x_0) is proportional to q(x_t | x_{t-1}) q(x_{t-1} | x_0): on a grid."""
    abar, beta = schedule.alpha_bar, schedule.beta  # type: ignore[attr-defined]
    x0 = 0.4
    xt = math.sqrt(float(abar[t])) * x0 + 1.5 * math.sqrt(1 - float(abar[t]))
    before = float(abar[t - 1])
    centre, spread = math.sqrt(before) * x0, math.sqrt(1 - before)
    grid = torch.linspace(centre - 12 * spread, centre + 12 * spread, 400_001, dtype=torch.float64)
    log = -((xt - math.sqrt(1 - float(beta[t])) * grid) ** 2) / (2 * float(beta[t]))
    log = log - (grid - centre) ** 2 / (2 * (1 - before))
    weight = torch.softmax(log, 0)
    mean = float((weight * grid).sum())
    variance = float((weight * (grid - mean) ** 2).sum())
    shape = (1, 1, 1, 1)
    computed, computed_variance = posterior(
        schedule,  # type: ignore[arg-type]
        torch.full(shape, x0, dtype=torch.float64),
        torch.full(shape, xt, dtype=torch.float64),
        t,
    )
    assert float(computed) == pytest.approx(mean, rel=1e-4, abs=1e-6)
    assert float(computed_variance) == pytest.approx(variance, rel=1e-4)


@pytest.mark.parametrize(("name", "steps"), [("linear", 1), ("linear", 1000), ("cosine", 50)])
def test_an_oracle_gives_x0_at_the_last_step(name: str, steps: int) -> None:
    spaced = respace(named(name), steps)
    x0 = normal(2, 3, 4, 4).clamp(-1, 1).double()
    eps = normal(2, 3, 4, 4, seed=1).double()
    xt = q_sample(spaced, x0, 1, eps)
    computed = p_sample(spaced, xt, 1, eps, normal(2, 3, 4, 4, seed=2).double())
    assert torch.allclose(computed, x0, atol=1e-9)


@SCHEDULES
def test_predict_x0_undoes_q_sample_and_clamps(schedule: object) -> None:
    x0, eps = normal(2, 1, 4, 4).clamp(-1, 1).double(), normal(2, 1, 4, 4, seed=1).double()
    for t in (1, 500, 900):
        xt = q_sample(schedule, x0, t, eps)  # type: ignore[arg-type]
        assert torch.allclose(predict_x0(schedule, xt, t, eps), x0, atol=1e-6)  # type: ignore[arg-type]
    assert float(predict_x0(schedule, xt, 900, eps - 9).max()) == 1  # type: ignore[arg-type]


def test_rounding_does_not_become_an_image_where_nothing_of_it_is_left() -> None:
    schedule, xt = cosine(), normal(1, 1, 64, 64).double()
    off = predict_x0(schedule, xt, 1000, xt + 1e-7) - predict_x0(schedule, xt, 1000, xt)
    assert 0 < float(off.abs().max()) < 1e-4
    assert float(linear().alpha_bar.min()) > LEAST_ALPHA_BAR  # the linear schedule is untouched


def test_a_level_a_row_is_the_same_as_one_level_at_a_time() -> None:
    schedule, x0, noise = linear(), normal(3, 1, 4, 4), normal(3, 1, 4, 4, seed=1)
    levels = torch.tensor([1, 400, 1000])
    together = q_sample(schedule, x0, levels, noise)
    alone = [
        q_sample(schedule, x0[i : i + 1], t, noise[i : i + 1]) for i, t in enumerate([1, 400, 1000])
    ]
    assert torch.allclose(together, torch.cat(alone), atol=1e-7)


def test_p_sample_adds_posterior_noise_or_the_learned_one() -> None:
    schedule, t = linear(), 500
    xt, eps, noise = normal(2, 1, 8, 8), normal(2, 1, 8, 8, seed=1), normal(2, 1, 8, 8, seed=2)
    still = p_sample(schedule, xt, t, eps, torch.zeros_like(noise))
    fixed = (p_sample(schedule, xt, t, eps, noise) - still) / noise
    assert torch.allclose(fixed, fixed.mean(), atol=1e-4)
    assert float(fixed.mean()) ** 2 == pytest.approx(
        float(schedule.posterior_variance[t]), rel=1e-3
    )
    for v, variance in ((-1.0, schedule.posterior_variance[t]), (1.0, schedule.beta[t])):
        output = torch.cat([eps, torch.full_like(eps, v)], dim=1)
        learned = (p_sample(schedule, xt, t, output, noise) - still) / noise
        assert float(learned.mean()) ** 2 == pytest.approx(float(variance), rel=1e-3)


def test_the_learned_variance_at_the_first_level_starts_from_the_second() -> None:
    schedule = linear()
    low = learned_log_variance(schedule, torch.full((1, 1, 1, 1), -1.0), 1)
    assert float(low) == pytest.approx(math.log(float(schedule.posterior_variance[2])), rel=1e-6)


def test_losses_against_torch_distributions() -> None:
    mean, mean2 = normal(2, 1, 3, 3), normal(2, 1, 3, 3, seed=1)
    log, log2 = normal(2, 1, 3, 3, seed=2), normal(2, 1, 3, 3, seed=3)
    first = torch.distributions.Normal(mean, (log / 2).exp())
    second = torch.distributions.Normal(mean2, (log2 / 2).exp())
    expected = torch.distributions.kl_divergence(first, second)
    assert torch.allclose(gaussian_kl(mean, log, mean2, log2), expected, atol=1e-5)
    assert torch.allclose(loss_simple(mean, mean2), ((mean - mean2) ** 2).mean((1, 2, 3)))


def test_the_discretised_likelihood_sums_to_one_over_the_256_levels() -> None:
    levels = (torch.arange(256) / 127.5 - 1).double().reshape(256, 1, 1, 1)
    for mean, log_std in ((0.1, -1.0), (-0.98, -3.0), (0.5, 0.5)):
        shape = torch.full_like(levels, 1)
        log = discretised_log_likelihood(levels, mean * shape, log_std * shape)
        assert float(log.exp().sum()) == pytest.approx(1, abs=1e-6)


def test_the_bound_is_nothing_for_a_perfect_model_and_stops_the_means_gradient() -> None:
    schedule = linear()
    x0, eps = normal(3, 1, 4, 4).clamp(-1, 1), normal(3, 1, 4, 4, seed=1)
    t = torch.tensor([2, 300, 1000])
    xt = q_sample(schedule, x0, t, eps)
    output = torch.cat([eps, torch.full_like(eps, -1)], dim=1).requires_grad_()
    bound = loss_vlb(schedule, x0, xt, t, output)
    assert torch.allclose(bound, torch.zeros(3), atol=1e-3)
    worse = torch.cat([eps + 0.1, torch.full_like(eps, -1)], dim=1)
    assert (loss_vlb(schedule, x0, xt, t, worse) > bound).all()
    bound.sum().backward()
    assert not output.grad[:, :1].any()  # type: ignore[index]
    assert output.grad[:, 1:].abs().sum() > 0  # type: ignore[index]


def test_the_bound_at_level_1_is_the_likelihood_in_bits() -> None:
    schedule = linear()
    x0 = (normal(2, 1, 4, 4).mul(0.3).clamp(-0.9, 0.9) * 127.5).round() / 127.5
    eps = normal(2, 1, 4, 4, seed=1)
    t = torch.tensor([1, 1])
    xt = q_sample(schedule, x0, t, eps)
    bound = loss_vlb(schedule, x0, xt, t, torch.cat([eps, -torch.ones_like(eps)], dim=1))
    std = math.sqrt(float(schedule.posterior_variance[2]))
    inside = math.erf(1 / 255 / std / math.sqrt(2))
    assert float(bound.mean()) == pytest.approx(-math.log2(inside), abs=0.02)
    with pytest.raises(ValueError, match="learns the variance"):
        loss_vlb(schedule, x0, xt, t, eps)
