"""Rank correlation: the textbook's figure, an interval, and controls that shuffle what they say."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from hydra_quant.sentiment.rank import (
    MIN_ROWS,
    rank_correlation,
    rotation,
    shuffle_within,
    standard_ranks,
    weighted_correlation,
)

DAY = 86_400
QUICK = {"draws": 100, "seed": 1}


def rows(n=800, pairs=2):
    """Times (hourly) and pairs of n rows."""
    rng = np.random.default_rng(0)
    pair = np.sort(rng.integers(0, pairs, n))
    return pair, rng.integers(0, 200 * DAY, n), rng


def test_it_is_spearman_s():
    pair, at, rng = rows()
    score, later = np.round(rng.normal(size=800), 1), rng.standard_t(3, 800)
    found = rank_correlation(score, later, pair, at, **QUICK)
    assert found.correlation.value == pytest.approx(spearmanr(score, later).statistic)
    assert found.n == 800


def test_a_weight_is_as_good_as_a_repeated_row():
    _, _, rng = rows()
    x, y, weight = rng.normal(size=50), rng.normal(size=50), rng.integers(0, 4, 50)
    repeated = np.corrcoef(np.repeat(x, weight), np.repeat(y, weight))[0, 1]
    found = weighted_correlation(x, y, np.stack([weight, np.ones(50)]).astype(float))
    np.testing.assert_allclose(found, [repeated, np.corrcoef(x, y)[0, 1]])


def test_ties_share_a_rank():
    ranks = standard_ranks(np.array([5.0, 1.0, 5.0, 9.0]))
    assert ranks[0] == ranks[2]
    assert ranks.mean() == pytest.approx(0)
    assert ranks.std() == pytest.approx(1)


def test_what_is_there_is_beyond_noise_and_noise_is_not():
    pair, at, rng = rows()
    score = rng.normal(size=800)
    later = rng.normal(size=800)
    assert not rank_correlation(score, later, pair, at, **QUICK).beyond_noise
    led = rank_correlation(score, later + 0.5 * score, pair, at, **QUICK)
    assert led.beyond_noise
    assert led.correlation.low > 0.2
    assert abs(led.over_time.value) < 0.05


def test_two_slow_series_are_not_beyond_what_slow_series_give():
    """Weekly moods and weekly trends that have nothing to do with each other."""
    n = 24 * 7 * 20
    at, pair = 3600 * np.arange(n), np.zeros(n, np.int64)
    week = at // (4 * 7 * DAY)  # five of them: luck looks like a law
    rng = np.random.default_rng(2)
    score, later = rng.normal(size=20)[week], rng.normal(size=20)[week]
    score, later = score + 0.1 * rng.normal(size=n), later + 0.1 * rng.normal(size=n)
    found = rank_correlation(score, later, pair, at, **QUICK)
    assert np.ptp(found.over_time[1:]) > 0.3
    assert not found.beyond_noise


def test_headlines_that_tell_of_moves_foresee_them_when_they_are_shuffled():
    n = 24 * 7 * 30
    at, pair = 3600 * np.arange(n), np.zeros(n, np.int64)
    moves = np.random.default_rng(3).normal(size=n + 1)
    later = moves[1:]
    score = np.convolve(moves[:-1], np.ones(48))[:n]  # the last two days' moves
    daily = np.convolve(later[::-1], np.ones(24))[:n][::-1]
    found = rank_correlation(score, daily, pair, at, **QUICK)
    assert found.correlation.value < 0.05
    assert found.within_weeks.value > 0.1


def test_a_rotation_stays_within_pairs_and_keeps_neighbours():
    pair = np.array([0] * 10 + [1] * 20)
    for seed in range(10):
        moved = rotation(pair, np.random.default_rng(seed))
        assert sorted(moved) == list(range(30))
        np.testing.assert_array_equal(pair[moved], pair)
        for size, part in ((10, moved[:10]), (20, moved[10:] - 10)):
            np.testing.assert_array_equal((part - part[0]) % size, np.arange(size))


def test_a_shuffle_stays_within_groups():
    group = np.array([0] * 10 + [1] * 1 + [2] * 20)
    moved = shuffle_within(group, np.random.default_rng(4))
    assert sorted(moved) == list(range(31))
    np.testing.assert_array_equal(group[moved], group)
    assert (moved != np.arange(31)).sum() > 20


def test_rows_without_score_or_return_do_not_count():
    pair, at, rng = rows()
    score, later = rng.normal(size=800), rng.normal(size=800)
    score[:100], later[100:150] = np.nan, np.nan
    found = rank_correlation(score, later, pair, at, **QUICK)
    assert found.n == 650
    assert found.correlation.value == pytest.approx(spearmanr(score[150:], later[150:]).statistic)
    few = MIN_ROWS - 1
    assert rank_correlation(score[-few:], later[-few:], pair[:few], at[:few], **QUICK) is None
    assert rank_correlation(np.zeros(800), later, pair, at, **QUICK) is None


def test_the_same_seed_gives_the_same_figures():
    pair, at, rng = rows()
    score, later = rng.normal(size=800), rng.normal(size=800)
    once = rank_correlation(score, later, pair, at, **QUICK)
    assert rank_correlation(score, later, pair, at, **QUICK).as_json() == once.as_json()
    assert once.as_json()["beyond_noise"] is False
