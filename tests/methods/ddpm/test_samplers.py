"""Every sampler: independent rows, hidden and known pixels, labels, costs, divergence."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from methods.ddpm.samplers.denoiser import Denoiser
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
    SMCDiff,
)
from methods.ddpm.samplers.steps import row_sum
from methods.ddpm.sampling import inpaint, spaced
from methods.ddpm.schedule import linear, respace
from tests.methods.ddpm.networks import EVERY, centre, curved, fill, learning, normal


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


def test_sums_are_of_rows() -> None:
    assert row_sum(torch.ones(2, 3, 4, 5)).flatten().tolist() == [60, 60]
