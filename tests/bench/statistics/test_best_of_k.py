from __future__ import annotations

import pytest

from bench.statistics.best_of_k import best_of


def test_the_best_of_k_is_the_expected_least_of_a_draw() -> None:
    scores = [3.0, 1.0, 2.0, 5.0]
    curve = best_of(scores)
    assert curve[0] == pytest.approx(2.75)
    assert curve[1] == pytest.approx((1 + 1 + 1 + 2 + 2 + 3) / 6)
    assert curve[3] == 1
    assert curve == sorted(curve, reverse=True)


def test_of_scores_that_are_better_higher_the_best_is_the_greatest() -> None:
    scores = [3.0, 1.0, 2.0, 5.0]
    curve = best_of(scores, higher_is_better=True)
    assert curve == [-least for least in best_of([-score for score in scores])]
    assert curve[-1] == 5
