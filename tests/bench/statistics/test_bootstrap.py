from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from bench.statistics import bootstrap


def names(n):
    return [str(i) for i in range(n)]


def test_summary_of_finite_scores():
    result = bootstrap.summarise([1.0, 2, 3, 6])
    assert result == bootstrap.Summary(3.0, pytest.approx(math.sqrt(14 / 3)), 4, 0)


def test_summary_leaves_infinite_scores_out_and_counts_them():
    result = bootstrap.summarise([20.0, math.inf, 30.0])
    assert (result.mean, result.n, result.n_infinite) == (25.0, 3, 1)
    assert result.std == pytest.approx(math.sqrt(50))


def test_summary_of_only_infinite_scores():
    result = bootstrap.summarise([math.inf])
    assert (result.mean, result.n, result.n_infinite) == (math.inf, 1, 1)
    assert math.isnan(result.std)


@pytest.mark.parametrize("bad", [[math.nan], [-math.inf, 1], [], [[1.0]]])
def test_bad_scores_are_refused(bad):
    with pytest.raises(ValueError, match="score"):
        bootstrap.summarise(bad)


def test_hole_area_bins_have_half_open_edges():
    fractions = [0.05, 0.1, 0.1000001, 0.3, 1.0]
    bins = bootstrap.by_hole_area([1.0, 3, 5, 7, math.inf], fractions)
    assert [(b.edges, b.n, b.mean) for b in bins] == [
        ((0.0, 0.1), 2, 2.0),
        ((0.1, 0.2), 1, 5.0),
        ((0.2, 0.3), 1, 7.0),
        ((0.9, 1.0), 1, math.inf),
    ]


@given(st.integers(1, 10), st.integers(1, 400))
def test_a_fraction_that_is_an_edge_belongs_below_it(tenths, side):
    fraction = tenths * side / (10 * side)
    assert bootstrap.by_hole_area([1.0], [fraction])[0].edges[1] == tenths / 10


@pytest.mark.parametrize("bad", [[0.0], [1.1], [0.5, 0.5], [math.nan]])
def test_bad_fractions_are_refused(bad):
    with pytest.raises(ValueError, match="fraction"):
        bootstrap.by_hole_area([1.0], bad)


def test_seeds_are_averaged_within_images():
    images, means = bootstrap.aggregate_seeds(["b", "a", "b", "a"], [1.0, 2, 3, math.inf])
    assert images == ["b", "a"]
    assert means.tolist() == [2.0, math.inf]
    with pytest.raises(ValueError, match="1 ids for 2 scores"):
        bootstrap.aggregate_seeds(["a"], [1.0, 2.0])


def test_bootstrap_resamples_whole_groups():
    """Two groups of 3 and 1 rows: resamples are {aa, ab, ba, bb}, means 0, 1/4 and 1."""
    values = np.array([[0.0], [0], [0], [1]])
    means = bootstrap.bootstrap_means(values, ["a", "a", "a", "b"], resamples=4000, seed=1)[:, 0]
    levels, counts = np.unique(means, return_counts=True)
    assert levels.tolist() == [0, 0.25, 1]
    assert (counts / 4000).tolist() == pytest.approx([0.25, 0.5, 0.25], abs=0.03)


def test_bootstrap_is_seeded_and_does_not_depend_on_chunks(monkeypatch):
    values = np.random.default_rng(0).random((7, 2))
    whole = bootstrap.bootstrap_means(values, names(7), resamples=101, seed=3)
    monkeypatch.setattr(bootstrap, "CHUNK_BYTES", 8 * 7 * 5)
    chunked = bootstrap.bootstrap_means(values, names(7), resamples=101, seed=3)
    other = bootstrap.bootstrap_means(values, names(7), resamples=101, seed=4)
    assert np.allclose(whole, chunked, rtol=1e-14)
    assert not np.allclose(whole, other)


def test_interval_agrees_with_scipy_s_percentile_bootstrap():
    values = np.random.default_rng(5).exponential(size=60)
    ours = bootstrap.bootstrap_interval(values, names(60), resamples=20_000, seed=0)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.02)


@pytest.mark.parametrize("rows_a_group", [1, 4])
def test_intervals_cover_the_mean_as_often_as_they_say(rows_a_group):
    """2,000 data sets of 150 groups, each a column; rows of a group share a random shift."""
    draws, groups = 2000, 150
    stream = np.random.default_rng(11)
    shared = stream.gamma(4.0, size=(groups, 1, draws))
    rows = shared + stream.normal(size=(groups, rows_a_group, draws))
    owner = [name for name in names(groups) for _ in range(rows_a_group)]
    values = rows.reshape(groups * rows_a_group, draws)
    intervals = np.array(bootstrap.bootstrap_intervals(values, owner, resamples=1000, seed=0))
    covered = (intervals[:, 0] <= 4) & (intervals[:, 1] >= 4)
    assert covered.mean() == pytest.approx(0.95, abs=0.015)


def test_intervals_leave_infinite_scores_out():
    values = [1.0, 2, 3, math.inf]
    finite = bootstrap.bootstrap_interval(values, names(4), seed=0)
    assert 1 <= finite[0] < finite[1] <= 3
    assert bootstrap.bootstrap_interval([math.inf] * 2, names(2), seed=0) == (math.inf,) * 2


def test_one_call_gives_the_intervals_of_all_metrics():
    values = np.random.default_rng(0).random((30, 2))
    values[0, 1] = math.inf
    both = bootstrap.bootstrap_intervals(values, names(30), seed=2)
    alone = [bootstrap.bootstrap_interval(values[:, i], names(30), seed=2) for i in (0, 1)]
    assert both == [pytest.approx(pair, rel=1e-12) for pair in alone]


def test_groups_must_match_the_scores():
    with pytest.raises(ValueError, match="2 groups"):
        bootstrap.bootstrap_interval([1.0], ["a", "b"], seed=0)


def test_paired_bootstrap_sees_a_difference_and_its_absence():
    stream = np.random.default_rng(2)
    clear = bootstrap.paired_bootstrap(stream.normal(1, 1, 100), names(100), seed=0)
    assert clear.low > 0
    assert clear.p_value < 0.001
    none = bootstrap.paired_bootstrap(np.zeros(100), names(100), seed=0)
    assert none == bootstrap.Difference(0.0, 0.0, 0.0, 1.0)


def test_paired_p_values_are_uniform_when_there_is_no_difference():
    values = np.random.default_rng(3).normal(size=(150, 1001))
    values[:, 0] = 0
    results = bootstrap.compare_to(values, 0, names(150), resamples=1000, seed=0)
    p = np.array([r.p_value for r in results[1:]])
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.025)
    assert (p < 0.5).mean() == pytest.approx(0.5, abs=0.06)


def test_comparison_of_a_matrix_agrees_with_one_by_one():
    stream = np.random.default_rng(4)
    values = stream.normal(size=(40, 3)) + np.array([0, 0.1, 1])
    matrix = bootstrap.compare_to(values, 1, names(40), seed=9)
    assert matrix[1] == bootstrap.Difference(0.0, 0.0, 0.0, 1.0)
    for method in (0, 2):
        single = bootstrap.paired_bootstrap(values[:, method] - values[:, 1], names(40), seed=9)
        assert vars(matrix[method]) == pytest.approx(vars(single), rel=1e-9)


def test_comparison_of_infinite_and_missing_scores():
    values = np.array([[math.inf, math.inf], [1, 2], [math.inf, 3], [math.nan, 3], [1, 4]])
    result = bootstrap.compare_to(values, 0, names(5), seed=0)[1]
    assert result.mean == pytest.approx((0 + 1 + 3) / 3)
    with pytest.raises(ValueError, match="no pair"):
        bootstrap.compare_to(np.array([[math.nan, 1.0]]), 0, ["a"], seed=0)
