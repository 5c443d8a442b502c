"""Linear samplers' laws on a Gaussian field, propagated exactly, against measured values.

Each row pins every coefficient of a sampler: W2 distance to the posterior over its deviation, slope
of the mean, ratio of variances, on 64 pixels with a hole of 16 and the linear schedule's 1,000
levels respaced.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from methods.ddpm.samplers.options import (
    DDNM,
    DDRM,
    DiffPIR,
    DInG,
    LanPaint,
    PiGDM,
    Repaint,
)
from methods.ddpm.samplers.steps import ddim_sigma, ddim_step, full_step
from methods.ddpm.sampling import find, spaced
from methods.ddpm.schedule import linear
from tests.methods.ddpm.law import distance, field, propagate

# Three decimals of W, two of g and v, at 20 and 50 steps.
CELLS = [
    (Repaint(jump_samples=1), (0.519, 0.44, 0.93), (0.495, 0.47, 1.10)),
    (DDRM(), (0.479, 0.50, 0.81), (0.369, 0.64, 0.83)),
    (DDRM(eta=1.0), (0.484, 0.60, 0.52), (0.398, 0.74, 0.52)),
    (DDNM(eta=0.85), (0.403, 0.61, 0.78), (0.291, 0.76, 0.80)),
    (DDNM(), (0.389, 0.62, 0.87), (0.269, 0.76, 0.89)),
    (DDNM(eta=0.0), (0.399, 0.59, 1.01), (0.283, 0.73, 1.05)),
    (DDNM(form="posterior"), (0.521, 0.44, 0.97), (0.500, 0.46, 1.14)),
    (DiffPIR(), (0.484, 0.60, 0.52), (0.398, 0.74, 0.52)),
    (DiffPIR(zeta=0.5), (0.512, 0.45, 0.96), (0.409, 0.58, 0.98)),
    (DInG(delayed=False), (0.433, 0.54, 0.97), (0.310, 0.70, 1.02)),
    (DInG(), (0.334, 0.70, 0.95), (0.170, 0.95, 0.98)),
    (DInG(spread="ddpm"), (0.297, 0.77, 0.83), (0.169, 0.91, 0.93)),
    (PiGDM(power=1.0, replace=False), (0.294, 0.93, 0.72), (0.251, 1.14, 0.79)),
    (PiGDM(power=1.0), (0.268, 0.92, 0.72), (0.196, 1.07, 0.81)),
    (PiGDM(power=1.0, rule="scaled"), (0.306, 0.75, 0.78), (0.185, 0.87, 0.87)),
    (PiGDM(power=1.0, rule="ddim"), (0.528, 1.30, 0.72), (0.335, 1.18, 0.85)),
]
# Longer: with resampling and inner steps.
AT_20 = [
    (Repaint(jump_length=10, jump_samples=10), (0.448, 0.53, 0.92)),
    (LanPaint(guidance=8.0), (0.242, 0.79, 0.99)),
]


def check(options: Any, steps: int, cell: tuple[float, float, float]) -> None:
    chosen = dataclasses.replace(options, steps=steps)
    schedule, prior = spaced(linear(), chosen), field()
    measured = distance(propagate(find(chosen), prior, schedule, chosen), prior)
    assert measured.w == pytest.approx(cell[0], abs=6e-4)
    assert measured.g == pytest.approx(cell[1], abs=6e-3)
    assert measured.v == pytest.approx(cell[2], abs=6e-3)


@pytest.mark.parametrize(
    ("options", "cell"), [(o, at_20) for o, at_20, _ in CELLS] + AT_20[1:], ids=str
)
def test_the_law_at_20_steps(options: Any, cell: tuple[float, float, float]) -> None:
    check(options, 20, cell)


@pytest.mark.slow
@pytest.mark.parametrize(("options", "cell"), [(o, at_50) for o, _, at_50 in CELLS], ids=str)
def test_the_law_at_50_steps(options: Any, cell: tuple[float, float, float]) -> None:
    check(options, 50, cell)


@pytest.mark.slow
def test_the_law_of_resampling() -> None:
    check(AT_20[0][0], 20, AT_20[0][1])


@pytest.mark.parametrize(
    ("options", "tends"),
    [
        (DDNM(eta=0.0), True),
        (DInG(), True),
        (PiGDM(rule="scaled"), True),
        (Repaint(jump_samples=1), False),
    ],
    ids=str,
)
def test_convergence_and_its_absence(options: Any, tends: bool) -> None:
    """Predicted noise of the known pixels brings the posterior; noise drawn afresh does not."""
    measured = []
    for steps in (10, 40):
        chosen = dataclasses.replace(options, steps=steps)
        law = propagate(find(chosen), field(), spaced(linear(), chosen), chosen)
        measured.append(distance(law, field()).w)
    ratio = measured[1] / measured[0]
    assert ratio < 0.72 if tends else ratio > 0.85


def test_the_exact_law_is_at_no_distance() -> None:
    from methods.ddpm.samplers.exact import condition
    from tests.methods.ddpm.law import Law, middle

    gain, covariance = condition(field().covariance, middle())
    measured = distance(Law(gain, covariance), field())
    assert measured.w == pytest.approx(0, abs=1e-6)
    assert (measured.g, measured.v) == (pytest.approx(1), pytest.approx(1))
    far = distance(Law(0 * gain, covariance), field())
    assert far.g == 0
    assert far.w > 0.5


def test_doubled_noise_or_ddims_eta_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The measured variance tells DDNM's spread from DDIM's and from the authors' code's."""
    from methods.ddpm.samplers import ddnm

    chosen = DDNM(steps=20, eta=0.85)
    schedule = spaced(linear(), chosen)
    right = distance(propagate(ddnm.ddnm, field(), schedule, chosen), field()).v

    def ddims(schedule: Any, x0: Any, eps: Any, t: int, eta: float, z: Any) -> torch.Tensor:
        return ddim_step(schedule, x0, eps, t, ddim_sigma(schedule, t, eta), z)

    def shrunk(schedule: Any, x0: Any, eps: Any, t: int, eta: float, z: Any) -> torch.Tensor:
        less = float((1 - schedule.alpha_bar[t - 1].square()).sqrt())
        return full_step(schedule, x0, eps, t, eta, less * z)

    for wrong in (ddims, shrunk):
        monkeypatch.setattr(ddnm, "full_step", wrong)
        assert (
            abs(distance(propagate(ddnm.ddnm, field(), schedule, chosen), field()).v - right) > 0.05
        )


def test_the_analytic_network_predicts_the_mean_of_the_image() -> None:
    prior, schedule = field(), linear()
    x = torch.randn(2, 1, 1, 64, generator=torch.Generator().manual_seed(0)).double()
    abar = schedule.alpha_bar[400]
    eps = prior.network(schedule)(x, torch.tensor([399, 399]))
    x0 = (x - (1 - abar).sqrt() * eps) / abar.sqrt()
    inner = abar * prior.covariance + (1 - abar) * torch.eye(64).double()
    mean = abar.sqrt() * prior.covariance @ torch.linalg.solve(inner, x.reshape(2, 64).T)
    assert torch.allclose(x0.reshape(2, 64), mean.T, atol=1e-10)
