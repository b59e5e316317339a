"""Labels know the future they declare and no more, and say NaN where it is unknown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.laws import random_candles

from hydra_quant.labels import direction, forward_return, net_of_costs, triple_barrier

ROWS = 80
LAWFUL = settings(max_examples=60, deadline=None)


def barrier_label(c, horizon):
    return triple_barrier(c["high"], c["low"], c["close"], 0.004, 0.003, horizon).label


def barrier_touch(c, horizon):
    return triple_barrier(c["high"], c["low"], c["close"], 0.004, 0.003, horizon).touch


LABELS = {
    "forward return": lambda c, horizon: forward_return(c["close"], horizon),
    "direction": lambda c, horizon: direction(c["close"], horizon),
    "barrier": barrier_label,
    "touch": barrier_touch,
}
EVERY = pytest.mark.parametrize("label", LABELS.values(), ids=LABELS)
HORIZON, SEED = st.integers(1, 30), st.integers(0, 10_000)
ROW = st.integers(0, ROWS - 1)


@EVERY
@LAWFUL
@given(horizon=HORIZON, seed=SEED)
def test_exactly_the_last_horizon_rows_are_unknown(label, horizon, seed):
    values = label(random_candles(ROWS, seed), horizon)
    assert np.isfinite(values[:-horizon]).all()
    assert np.isnan(values[-horizon:]).all()


@EVERY
@LAWFUL
@given(horizon=HORIZON, seed=SEED, row=ROW)
def test_what_comes_after_the_horizon_changes_nothing(label, horizon, seed, row):
    candles = random_candles(ROWS, seed)
    before = label(candles, horizon)[row]
    for values in candles.values():
        values[row + horizon + 1 :] *= 3.0
    np.testing.assert_array_equal(label(candles, horizon)[row], before)


@EVERY
@LAWFUL
@given(horizon=HORIZON, seed=SEED, row=ROW)
def test_what_came_before_changes_nothing(label, horizon, seed, row):
    candles = random_candles(ROWS, seed)
    before = label(candles, horizon)[row]
    for values in candles.values():
        values[:row] *= 3.0
    np.testing.assert_array_equal(label(candles, horizon)[row], before)


@EVERY
@LAWFUL
@given(horizon=HORIZON, seed=SEED, row=st.integers(0, ROWS - 31))
def test_the_declared_future_does_change_it(label, horizon, seed, row):
    """A doubled and a halved last candle of the horizon cannot both leave the label alone."""
    answers = set()
    for factor in (2.0, 0.5):
        candles = random_candles(ROWS, seed)
        for name in ("high", "low", "close"):  # quiet until the horizon's last candle
            candles[name][row : row + horizon] = candles["close"][row]
            candles[name][row + horizon] = factor * candles["close"][row]
        answers.add(float(label(candles, horizon)[row]))
    assert len(answers) == (1 if label is barrier_touch else 2)
    if label is barrier_touch:
        assert answers == {float(horizon)}


@LAWFUL
@given(seed=SEED, first=st.integers(1, 20), second=st.integers(1, 20))
def test_forward_returns_add_up(seed, first, second):
    close = random_candles(ROWS, seed)["close"]
    whole = forward_return(close, first + second)
    later = np.r_[forward_return(close, second)[first:], np.full(first, np.nan)]
    np.testing.assert_allclose(forward_return(close, first) + later, whole, atol=1e-12)


@LAWFUL
@given(seed=SEED, horizon=HORIZON, factor=st.sampled_from([1e-6, 3.0, 1e5]))
def test_labels_are_free_of_the_price_unit(seed, horizon, factor):
    candles = random_candles(ROWS, seed)
    scaled = {name: values * factor for name, values in candles.items()}
    for label in LABELS.values():
        np.testing.assert_allclose(label(scaled, horizon), label(candles, horizon), atol=1e-12)


@LAWFUL
@given(seed=SEED, horizon=HORIZON, upper=st.floats(0.001, 0.02), lower=st.floats(0.001, 0.02))
def test_the_triple_barrier_is_what_a_plain_reading_says(seed, horizon, upper, lower):
    c = random_candles(ROWS, seed)
    label, touch = triple_barrier(c["high"], c["low"], c["close"], upper, lower, horizon)
    for t in range(ROWS - horizon):
        future = slice(t + 1, t + horizon + 1)
        rose = np.flatnonzero(c["high"][future] >= c["close"][t] * (1 + upper))
        fell = np.flatnonzero(c["low"][future] <= c["close"][t] * (1 - lower))
        rise, fall = (found[0] + 1 if len(found) else np.inf for found in (rose, fell))
        expected = 0.0 if rise == fall == np.inf else (-1.0 if fall <= rise else 1.0)
        assert label[t] == expected
        assert touch[t] == min(rise, fall, horizon)


@LAWFUL
@given(seed=SEED, horizon=HORIZON)
def test_a_mirrored_market_has_mirrored_labels_for_the_other_side(seed, horizon):
    c = random_candles(ROWS, seed)
    up, down = 0.004, 0.003
    long = triple_barrier(c["high"], c["low"], c["close"], up, down, horizon)
    # 1/price rises by 1/(1 - x) - 1 exactly when price falls by x.
    mirrored = triple_barrier(
        1 / c["low"], 1 / c["high"], 1 / c["close"], 1 / (1 - down) - 1, 1 - 1 / (1 + up), horizon,
        side=-1,
    )  # fmt: skip
    np.testing.assert_array_equal(mirrored.label, -long.label)
    np.testing.assert_array_equal(mirrored.touch, long.touch)


@LAWFUL
@given(seed=SEED, cost=st.floats(0.0, 0.05))
def test_a_long_and_a_short_of_the_same_move_lose_the_costs_twice(seed, cost):
    move = forward_return(random_candles(ROWS, seed)["close"], 5)
    both = net_of_costs(move, cost, 1.0) + net_of_costs(move, cost, -1.0)
    np.testing.assert_allclose(both[:-5], -2.0 * cost, atol=1e-12)


def test_a_label_that_calls_the_unknown_future_down_would_be_caught():
    candles = random_candles(ROWS)

    def documented_trap(c, horizon):
        later = np.r_[c["close"][horizon:], np.full(horizon, np.nan)]
        return np.where(later > c["close"], 1.0, 0.0)

    with pytest.raises(AssertionError):
        assert np.isnan(documented_trap(candles, 5)[-5:]).all()
