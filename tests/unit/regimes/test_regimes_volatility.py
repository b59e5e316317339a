"""Volatility regime: its rank, its four states, and what it makes of quiet and shocks."""

import numpy as np
import pytest

from hydra_quant.regimes import volatility
from hydra_quant.regimes.rank import past_rank
from hydra_quant.settings import Regimes

SMALL = Regimes(window_candles=100)
READY = volatility.lookback(SMALL)


def walk(sigmas, seed=3):
    moves = np.random.default_rng(seed).standard_normal(len(sigmas)) * sigmas
    return 100 * np.exp(np.cumsum(moves))


def test_rank_counts_what_was_lower_and_half_of_what_was_equal():
    values = np.array([5.0, 1.0, 2.0, 2.0, 9.0, 0.0])
    #                      window of 4:  5 1 2 2 -> (1 + 1/2) / 3; 1 2 2 9 -> 1; 2 2 9 0 -> 0
    np.testing.assert_allclose(past_rank(values, 4)[3:], [0.5, 1.0, 0.0])
    assert np.isnan(past_rank(values, 4)[:3]).all()


def test_rank_agrees_with_counting_by_hand():
    values = np.random.default_rng(1).integers(0, 9, 200).astype(float)
    rank = past_rank(values, 20)
    for t in (19, 77, 199):
        others = values[t - 19 : t]
        expected = np.mean((others < values[t]) + 0.5 * (others == values[t]))
        assert rank[t] == pytest.approx(expected)


def test_rank_passes_over_what_is_not_known_while_enough_is():
    values = np.array([1.0, np.nan, 3.0, 2.0, np.nan])
    np.testing.assert_allclose(past_rank(values, 3, known=2), [np.nan, np.nan, 1, 0, np.nan])
    assert np.isnan(past_rank(values, 3)).all()


def test_realized_volatility_is_the_sample_deviation_of_the_last_returns():
    close = walk(np.full(60, 0.01))
    found = volatility.realized_volatility(close, 24)
    assert found[59] == pytest.approx(np.diff(np.log(close))[-24:].std(ddof=1))
    assert np.isnan(found[:24]).all()
    assert np.isfinite(found[24:]).all()


def test_states_follow_the_rank_at_the_settings_edges():
    close = walk(0.01 * np.exp(0.3 * np.sin(np.arange(600) / 30)))
    rank = volatility.volatility_rank(close, SMALL)[READY:]
    state = volatility.volatility_regime(close, SMALL)[READY:]
    edges = np.array([0.2, SMALL.high_volatility, SMALL.extreme_volatility])
    np.testing.assert_array_equal(state, np.searchsorted(edges, rank, side="right"))
    assert set(state) == {0.0, 1.0, 2.0, 3.0}


def test_known_exactly_from_the_declared_lookback_on():
    state = volatility.volatility_regime(walk(np.full(200, 0.01)), SMALL)
    assert np.isnan(state[:READY]).all()
    assert np.isfinite(state[READY:]).all()
    assert np.isnan(volatility.volatility_regime(walk(np.full(READY, 0.01)), SMALL)).all()
    assert volatility.lookback(Regimes()) <= 1400


def test_a_market_that_never_moves_is_normal():
    assert (volatility.volatility_regime(np.full(300, 7.0), SMALL)[READY:] == 1).all()


def test_a_shock_after_quiet_is_extreme_and_quiet_after_storms_is_low():
    sigmas = np.full(400, 0.002)
    sigmas[300:] = 0.02
    assert volatility.volatility_regime(walk(sigmas), SMALL)[330] == volatility.EXTREME
    assert volatility.volatility_regime(walk(sigmas[::-1]), SMALL)[150] == volatility.LOW
