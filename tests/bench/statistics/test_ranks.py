from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.statistics.ranks import friedman_ranks


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 8), st.integers(3, 12), st.integers(0, 10**6))
def test_friedman_agrees_with_scipy(methods, blocks, seed):
    scores = np.random.default_rng(seed).integers(0, 6, (blocks, methods)).astype(float)
    ours = friedman_ranks(scores, higher_is_better=False)
    expected = scipy.stats.rankdata(scores, axis=1).mean(axis=0)
    assert ours.mean_ranks == pytest.approx(tuple(expected))
    if methods > 2 and len(np.unique(ours.mean_ranks)) > 1:
        theirs = scipy.stats.friedmanchisquare(*scores.T)
        assert (ours.chi_square, ours.p_value) == pytest.approx(tuple(theirs), rel=1e-6)


def test_ranks_by_hand_and_direction():
    scores = np.array([[0.1, 0.2, 0.3], [0.1, 0.3, 0.2]])
    assert friedman_ranks(scores, higher_is_better=False).mean_ranks == (1, 2.5, 2.5)
    assert friedman_ranks(scores, higher_is_better=True).mean_ranks == (3, 1.5, 1.5)


@pytest.mark.parametrize("methods", range(2, 21))
def test_critical_differences_agree_with_the_studentized_range(methods):
    scores = np.arange(methods, dtype=float)[None].repeat(10, axis=0)
    q = scipy.stats.studentized_range.ppf(0.95, methods, np.inf) / math.sqrt(2)
    expected = q * math.sqrt(methods * (methods + 1) / 60)
    result = friedman_ranks(scores, higher_is_better=True)
    assert result.critical_difference == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize("shape", [(3, 1), (3, 21), (0, 3)])
def test_ranks_refuse_too_few_or_too_many_methods(shape):
    with pytest.raises(ValueError, match=r"2\.\.20"):
        friedman_ranks(np.zeros(shape), higher_is_better=True)
