"""The samplers' parameters: names, limits, and the spacing of levels."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bench import plugins
from bench.api import RequestError
from methods.ddpm.schedule import Schedule, linear, powered, quadratic, respace


def levels_of(schedule: Schedule, steps: int) -> list[int]:
    """Return the kept levels of 1 to 1000: `steps` different ones, ascending, with both ends."""
    kept: list[int] = (schedule.network_step[1:] + 1).tolist()
    assert len(set(kept)) == steps
    assert kept == sorted(kept)
    assert kept[-1] == 1000
    assert steps == 1 or kept[0] == 1
    return kept


@pytest.mark.parametrize("steps", [1, 2, 20, 300, 1000])
def test_quadratic_spacing_keeps_the_ends_and_is_dense_at_low_noise(steps: int) -> None:
    kept = levels_of(quadratic(linear(), steps), steps)
    if steps == 20:
        gaps = [b - a for a, b in pairwise(kept)]
        assert gaps == sorted(gaps)
        assert gaps[-1] > 8 * gaps[0]
    with pytest.raises(RequestError, match="steps=1001; allowed: 1 to 1000"):
        quadratic(linear(), 1001)


@pytest.mark.parametrize("power", [0.25, 1.3, 2, 4])
@pytest.mark.parametrize("steps", [1, 2, 18, 300, 999, 1000])
def test_a_power_spreads_the_levels_and_takes_each_once(steps: int, power: float) -> None:
    kept = levels_of(powered(linear(), steps, power), steps)
    if steps == 18:
        formula = [1 + 999 * (i / 17) ** power for i in range(18)]
        apart = [k for k, at in zip(kept, formula, strict=True) if abs(k - at) > 0.5]
        assert apart == ([2, 3, 4, 5] if power == 4 else [])  # the formula has 1, 1, 2, 4
    with pytest.raises(RequestError, match="steps=1001; allowed: 1 to 1000"):
        powered(linear(), 1001, power)


def test_the_power_one_is_the_even_spread() -> None:
    even, same = respace(linear(), 18), powered(linear(), 18, 1)
    assert even.network_step.tolist() == same.network_step.tolist()


BAD = [
    ("sampler=ddmn", "Unknown sampler 'ddmn'. Did you mean 'ddrm'?"),
    ("sampler=ddnm,jumps=3", "Unknown parameter 'jumps'"),
    ("jump_sample=4", "Did you mean 'jump_samples'? Allowed with sampler=pigdm: sampler, steps"),
    ("jump_samples=4,rule=paper", "It belongs to sampler=pigdm. Allowed with sampler=repaint: s"),
    ("sampler=ddrm,jump_length=3", "Unknown parameter 'jump_length'"),
    ("sampler=pigdm,precision=bf16", "pigdm needs gradients"),
    ("precision=bf16", "pigdm needs gradients"),
    ("sampler=smc-diff,particles=0", "particles=0; allowed: 1 or more"),
    ("sampler=tds,steps=1001", "steps=1001; allowed: 1 to 1000"),
    ("sampler=ddnm,eta=1.5", "eta=1.5; allowed: 0 to 1"),
    ("sampler=dps,scale=0", "scale=0.0; allowed: above 0"),
    ("sampler=dps,scale=nan", "scale=nan; allowed: above 0"),
    ("sampler=pigdm,power=5", "power=5.0; allowed: 0.25 to 4"),
    ("sampler=pigdm,power=nan", "power=nan; allowed: 0.25 to 4"),
    ("eps_scale=2", "eps_scale=2.0; allowed: 0.5 to 1.5"),
    ("sampler=ddnm,eps_scale=nan", "eps_scale=nan; allowed: 0.5 to 1.5"),
    ("sampler=pigdm,rule=best", "'best' is not one of paper, scaled, ddim"),
    ("jump_samples=4,eta=0.5", "Unknown parameter 'eta'"),
]


@pytest.mark.parametrize(("text", "told"), BAD, ids=lambda value: value)
def test_bad_options_are_one_line(text: str, told: str) -> None:
    with pytest.raises(RequestError) as caught:
        plugins.method(f"ddpm:{text}")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_default_is_pigdm_and_its_name_belongs_to_its_runs() -> None:
    default = plugins.method("ddpm")
    assert default == plugins.method("ddpm:sampler=pigdm")
    assert plugins.label(default) == "ddpm:sampler=pigdm"
    assert plugins.parameters(default) == {
        "sampler": "pigdm",
        "steps": 18,
        "rule": "paper",
        "eta": 1.0,
        "replace": True,
        "power": 1.3,
        "schedule": "auto",
        "precision": "auto",
        "blend": "auto",
        "weights": "auto",
    }


def test_repaint_goes_without_its_name_where_its_parameters_name_it() -> None:
    """Runs made before there were other samplers mean what they did, and so do such labels."""
    written = plugins.method("ddpm:steps=10,jump_samples=4")
    assert written == plugins.method("ddpm:sampler=repaint,steps=10,jump_samples=4")
    assert plugins.label(written) == "ddpm:steps=10,jump_samples=4"
    recorded = plugins.parameters(written)
    assert list(recorded)[:3] == ["steps", "jump_length", "jump_samples"]
    assert plugins.method("ddpm", **recorded) == written
    other = plugins.method("ddpm:steps=10")
    assert other == plugins.method("ddpm:sampler=pigdm,steps=10")


@pytest.mark.parametrize(
    "text",
    [
        "sampler=repaint",
        "sampler=repaint,steps=10",
        "sampler=repaint,jump_length=3",
        "sampler=pigdm,steps=16",
        "sampler=ddnm,eta=0.85,weights=photos-64",
        "sampler=ddnm,jump_samples=4",
    ],
)
def test_a_label_and_recorded_parameters_give_the_same_method_again(text: str) -> None:
    chosen = plugins.method(f"ddpm:{text}")
    assert plugins.method(plugins.label(chosen)) == chosen
    assert plugins.method("ddpm", **plugins.parameters(chosen)) == chosen
