"""The trend ensemble: states that can be read off a chart, and a size that volatility sets."""

import numpy as np
import pytest

from hydra_quant.signals.trend import donchian_state, lookback, realised_volatility, trend

HOUR = 60


def oracle_state(close, rows):
    """The definition, candle by candle."""
    states = np.full(len(close), np.nan)
    for t in range(rows - 1, len(close)):
        window = close[t - rows + 1 : t + 1][::-1]  # newest first: argmax finds the latest
        high, low = int(np.argmax(window)), int(np.argmin(window))
        above = np.sign(close[t] ** 2 - window[high] * window[low])
        states[t] = np.sign(low - high) if np.sign(low - high) == above else 0
    return states


@pytest.mark.parametrize(
    ("closes", "state"),
    [
        ([1, 2, 3, 4], 1),
        ([4, 3, 2, 1], -1),
        ([1, 4, 3, 3], 1),  # fell back, still above the middle (2)
        ([1, 9, 9, 2], 0),  # the breakout was upwards, and its trailing stop was hit
        ([9, 1, 1, 4], 0),  # mirrored
        ([4, 1, 5, 2], 0),  # on the way down from the newest high, below the middle (2.24)
        ([4, 1, 5, 3], 1),
        ([2, 2, 2, 2], 0),
    ],
)
def test_state_of_a_channel(closes, state):
    found = donchian_state(np.array(closes, float), 4)
    np.testing.assert_array_equal(found, [np.nan] * 3 + [state])


@pytest.mark.parametrize("rows", [2, 5, 33])
def test_states_are_the_definition(rows):
    rng = np.random.default_rng(rows)
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(400)))
    close[50:80] = close[50]
    found = donchian_state(close, rows)
    np.testing.assert_array_equal(found, oracle_state(close, rows))
    assert {-1, 0, 1} <= set(found[rows:]) or rows == 2


def test_volatility_is_annual():
    """Moves of 1 % an hour, up and down, are 93.6 % a year."""
    close = np.exp(0.01 * (np.arange(200) % 2))
    found = realised_volatility(close, HOUR, 50)
    np.testing.assert_allclose(found[50:], 0.01 * np.sqrt(365 * 24))
    assert np.isnan(found[:50]).all()


def test_the_vote_is_the_ensemble_times_target_over_realised():
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(300)))
    found = trend(close, HOUR, (5, 20), 0.4, 30)
    state = (oracle_state(close, 5) + oracle_state(close, 20)) / 2
    returns = np.diff(np.log(close))
    sigma = np.array([np.sqrt(np.mean(returns[t - 30 : t] ** 2)) for t in range(30, 300)])
    wanted = np.clip(state[30:] * 0.4 / (sigma * np.sqrt(365 * 24)), -1, 1)
    np.testing.assert_allclose(found[30:], wanted, rtol=1e-9)
    assert np.isnan(found[:30]).all()
    assert lookback((5, 20), 30) == 30


def test_a_wilder_market_gets_a_smaller_vote():
    quiet = np.exp(np.cumsum(np.tile([0.004, -0.002], 400)))
    wild = quiet**4
    votes = [trend(close, HOUR, target_volatility=0.25)[-1] for close in (quiet, wild)]
    assert votes[0] == pytest.approx(4 * votes[1])
    assert 0 < votes[1] < votes[0] < 1
    assert trend(quiet, HOUR, target_volatility=5.0)[-1] == 1  # never more than a full vote


def test_a_market_at_a_standstill_votes_nothing_and_a_hole_is_not_known():
    still = np.full(600, 7.0)
    np.testing.assert_array_equal(trend(still, HOUR)[lookback() :], 0)
    # it stood still lately, after a rise that the longer channels still see
    assert trend(np.r_[np.linspace(1, 7, 300), np.full(300, 7.0)], HOUR)[-1] == 0
    still[590] = np.nan
    assert np.isnan(trend(still, HOUR)[590:]).all()
    assert np.isnan(trend(still[:100], HOUR)).all()
    assert trend(still[:0], HOUR).shape == (0,)
