from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.statistics import aggregates


def test_summary_of_finite_scores():
    result = aggregates.summarise([1.0, 2, 3, 6])
    assert result == aggregates.Aggregate(3.0, pytest.approx(math.sqrt(14 / 3)), 4, 0)


def test_summary_leaves_infinite_scores_out_and_counts_them():
    result = aggregates.summarise([20.0, math.inf, 30.0])
    assert (result.mean, result.n, result.n_infinite) == (25.0, 3, 1)
    assert result.std == pytest.approx(math.sqrt(50))


def test_summary_of_only_infinite_scores():
    result = aggregates.summarise([math.inf])
    assert (result.mean, result.n, result.n_infinite) == (math.inf, 1, 1)
    assert math.isnan(result.std)


@pytest.mark.parametrize("bad", [[math.nan], [-math.inf, 1], [], [[1.0]]])
def test_bad_scores_are_refused(bad):
    with pytest.raises(ValueError, match="score"):
        aggregates.summarise(bad)


def test_hole_area_bins_have_half_open_edges():
    fractions = [0.05, 0.1, 0.1000001, 0.3, 1.0]
    bins = aggregates.by_hole_area([1.0, 3, 5, 7, math.inf], fractions)
    assert [(b.edges, b.n, b.mean) for b in bins] == [
        ((0.0, 0.1), 2, 2.0),
        ((0.1, 0.2), 1, 5.0),
        ((0.2, 0.3), 1, 7.0),
        ((0.9, 1.0), 1, math.inf),
    ]


@given(st.integers(1, 10), st.integers(1, 400))
def test_a_fraction_that_is_an_edge_belongs_below_it(tenths, side):
    fraction = tenths * side / (10 * side)
    assert aggregates.by_hole_area([1.0], [fraction])[0].edges[1] == tenths / 10


@pytest.mark.parametrize("bad", [[0.0], [1.1], [0.5, 0.5], [math.nan]])
def test_bad_fractions_are_refused(bad):
    with pytest.raises(ValueError, match="fraction"):
        aggregates.by_hole_area([1.0], bad)
