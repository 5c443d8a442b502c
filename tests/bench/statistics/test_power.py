"""The smallest difference that n photographs tell apart: against the textbook, and by trying it."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.bootstrap import paired_bootstrap
from bench.statistics.power import by_source, detectable, detectable_normal

NORMAL = np.random.default_rng(0).normal(0.02, 0.1, 400)


def test_of_normal_differences_it_is_the_textbook_formula() -> None:
    expected = (1.959964 + 0.841621) * NORMAL.std(ddof=1) / np.sqrt(100)
    assert detectable(NORMAL, 100) == pytest.approx(expected, rel=0.06)
    assert detectable_normal(NORMAL[:100]) == pytest.approx(
        2.801585 * NORMAL[:100].std(ddof=1) / 10, rel=1e-5
    )


def test_more_photographs_tell_smaller_differences_apart() -> None:
    detected = [detectable(NORMAL, n) for n in (11, 58, 100)]
    assert detected == sorted(detected, reverse=True)
    # Percentile intervals of few photographs are too narrow, so the ratio falls short of the root.
    assert 0.8 * np.sqrt(100 / 11) < detected[0] / detected[2] < 1.02 * np.sqrt(100 / 11)


def test_the_suite_s_own_test_finds_such_a_difference_in_four_of_five_tries() -> None:
    shift, stream = detectable(NORMAL, 40), np.random.default_rng(1)
    centred = NORMAL - NORMAL.mean()
    sources = [str(k) for k in range(40)]
    tries = [
        paired_bootstrap(shift + stream.choice(centred, 40), sources, resamples=400, seed=k).low > 0
        for k in range(400)
    ]
    assert 0.74 < np.mean(tries) < 0.86


def test_it_knows_no_mean_and_no_order_of_the_methods() -> None:
    assert detectable(NORMAL + 5, 20) == pytest.approx(detectable(NORMAL, 20))
    assert detectable(-NORMAL, 58) == pytest.approx(detectable(NORMAL, 58), rel=0.05)


def test_crops_of_a_photograph_count_as_one() -> None:
    values = np.array([1.0, 3.0, 5.0, np.inf, np.nan, 7.0])
    means = by_source(values, ["a", "b", "a", "b", "c", "d"])
    assert means.tolist() == [3.0, 3.0, 7.0]


@pytest.mark.parametrize(("values", "n"), [([1.0], 10), ([], 10), ([1.0, 2.0], 1)])
def test_too_few_are_refused(values: list[float], n: int) -> None:
    with pytest.raises(ValueError, match=r"photographs have no interval|two or more"):
        detectable(values, n)
