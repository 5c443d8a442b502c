from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from bench.statistics import bootstrap


def names(n):
    return [str(i) for i in range(n)]


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
    means = bootstrap.bootstrap_means(values, owner, resamples=1000, seed=0)
    low, high = bootstrap.percentiles(means)
    covered = (low <= 4) & (high >= 4)
    assert covered.mean() == pytest.approx(0.95, abs=0.015)


def test_intervals_leave_infinite_scores_out():
    values = [1.0, 2, 3, math.inf]
    finite = bootstrap.bootstrap_interval(values, names(4), seed=0)
    assert 1 <= finite[0] < finite[1] <= 3
    assert bootstrap.bootstrap_interval([math.inf] * 2, names(2), seed=0) == (math.inf,) * 2


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
    results = (
        bootstrap.paired_bootstrap(column, names(150), resamples=1000, seed=0)
        for column in values[:, 1:].T
    )
    p = np.array([result.p_value for result in results])
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.025)
    assert (p < 0.5).mean() == pytest.approx(0.5, abs=0.06)


def test_a_difference_of_infinite_or_missing_scores_is_left_out():
    ours = np.array([math.inf, 2, 3, math.nan, 4])
    theirs = np.array([math.inf, 1, math.inf, 3, 1])
    with np.errstate(invalid="ignore"):
        result = bootstrap.paired_bootstrap(ours - theirs, names(5), seed=0)
    assert result.mean == (1 + 3) / 2
    with pytest.raises(ValueError, match="no pair"):
        bootstrap.paired_bootstrap([math.nan], ["a"], seed=0)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_percentiles_agree_with_numpy(level):
    means = np.random.default_rng(8).normal(size=(1001, 3))
    tail = 100 * (1 - level) / 2
    expected = np.percentile(means, [tail, 100 - tail], axis=0)
    np.testing.assert_allclose(bootstrap.percentiles(means, level), expected, rtol=1e-12)


def test_columns_together_have_the_intervals_of_each_alone_to_the_bit(monkeypatch):
    monkeypatch.setattr(bootstrap, "CHUNK_BYTES", 8 * 9 * 100)  # several chunks
    values = np.random.default_rng(4).normal(size=(12, 5))
    values[3, 1] = math.inf
    groups = [*names(9), "a", "b", "b"]
    together = bootstrap.bootstrap_intervals(values, groups, resamples=1050, seed=6)
    alone = [
        bootstrap.bootstrap_interval(column, groups, resamples=1050, seed=6) for column in values.T
    ]
    assert together == alone
    assert len(set(together)) == 5
