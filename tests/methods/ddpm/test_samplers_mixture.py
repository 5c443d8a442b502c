"""The share of a mode that samplers draw from a mixture of two."""

from __future__ import annotations

from typing import Any

import pytest

from methods.ddpm.samplers.exact import condition, exact
from methods.ddpm.samplers.options import DDNM, DInG, LanPaint, PiGDM, Repaint
from methods.ddpm.samplers.steps import RowNoise
from methods.ddpm.schedule import linear
from tests.methods.ddpm.law import WIDTH, middle
from tests.methods.ddpm.mixture import mixture, share_of_plus, y_of


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
