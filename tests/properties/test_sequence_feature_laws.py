"""Laws of the sequence set: no look-ahead, finite memory, no units; breaches are noticed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.positions import crowded_frame

from hydra_quant.heads.sequence_features import NAMES, lookback, sequence_features

LAWFUL = settings(max_examples=20, deadline=None)
N = 420
SEEDS = st.integers(0, 10_000)
POSITIONING = ("funding_rate", "oi_delta_pct", "ob_imbalance", "liq_imbalance", "taker_buy_share")
PRICES = ["open", "high", "low", "close"]


def frame_of(seed):
    """Candles with positioning, some of it missing here and there."""
    frame = crowded_frame(N, seed)
    rng = np.random.default_rng(seed)
    for name in POSITIONING:
        frame.loc[rng.random(N) < 0.2, name] = np.nan
    return frame


def check_prefix(features, frame):
    """Rows of the first t candles are those of all of them, to the last bit."""
    whole = features(frame, 60).to_numpy()
    for t in (1, 2, 60, 193, N - 1):
        np.testing.assert_array_equal(features(frame.iloc[:t], 60).to_numpy(), whole[:t])


def check_memory(features, frame, rows):
    """Rows of a frame that begins later are the same once `rows` candles lie before them."""
    whole = features(frame, 60).to_numpy()
    for start in (1, 17, N - rows - 3):
        later = features(frame.iloc[start:].reset_index(drop=True), 60).to_numpy()
        np.testing.assert_array_equal(later[rows:], whole[start + rows :])


def check_units(features, frame, price, volume):
    """Other units of price and volume change nothing but the last digits."""
    other = frame.assign(volume=frame["volume"] * volume)
    other[PRICES] = frame[PRICES] * price
    # a return of 1e-5 may be the difference of two logs of about 20
    np.testing.assert_allclose(
        features(other, 60).to_numpy(), features(frame, 60).to_numpy(), rtol=1e-9, atol=1e-10
    )


def check_memory_of_a_shock(features, frame, row):
    """Whatever happened in one candle leaves no trace once it is out of memory."""
    whole = features(frame, 60).to_numpy()
    for value in (1e6, np.nan):
        shocked = frame.copy()
        shocked.loc[row, [*PRICES, "volume", *POSITIONING]] *= value
        found = features(shocked, 60).to_numpy()
        np.testing.assert_array_equal(found[:row], whole[:row])
        later = row + lookback() + 1
        np.testing.assert_array_equal(found[later:], whole[later:])
        if np.isnan(value):
            assert np.isnan(found[row]).all()


@LAWFUL
@given(seed=SEEDS)
def test_what_comes_later_changes_nothing(seed):
    check_prefix(sequence_features, frame_of(seed))


@LAWFUL
@given(seed=SEEDS)
def test_what_lies_before_the_lookback_changes_nothing(seed):
    check_memory(sequence_features, frame_of(seed), lookback())


@LAWFUL
@given(seed=SEEDS, price=st.floats(1e-8, 1e8), volume=st.floats(1e-8, 1e8))
def test_units_change_nothing(seed, price, volume):
    check_units(sequence_features, frame_of(seed), price, volume)


@LAWFUL
@given(seed=SEEDS, row=st.integers(20, N - 200))
def test_a_shock_is_forgotten(seed, row):
    check_memory_of_a_shock(sequence_features, frame_of(seed), row)


@LAWFUL
@given(seed=SEEDS)
def test_known_after_the_lookback_but_for_what_was_not_given(seed):
    frame = frame_of(seed)
    found = sequence_features(frame, 60).iloc[lookback() :]
    assert not np.isinf(found.to_numpy()).any()
    unknown = found.isna().sum()
    given_ = frame.iloc[lookback() :][list(POSITIONING)].isna().sum()
    assert sorted(unknown[unknown > 0]) == sorted(given_[given_ > 0])


def test_the_declared_lookback_is_needed():
    found = sequence_features(crowded_frame(N, 3), 60)
    known = np.isfinite(found.to_numpy()).all(axis=1)
    assert not known[: lookback()].any()
    assert known[lookback() :].all()
    with pytest.raises(AssertionError):
        check_memory(sequence_features, frame_of(3), lookback() - 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_from_one_candle_ahead_is_caught(name):
    def leaky(frame, minutes):
        found = sequence_features(frame, minutes)
        return found.assign(**{name: found[name].shift(-1)})

    with pytest.raises(AssertionError):
        check_prefix(leaky, frame_of(3))


def remembering(frame, minutes):
    """An average since the first candle."""
    found = sequence_features(frame, minutes)
    return found.assign(**{"return": found["return"].expanding().mean()})


def with_units(frame, minutes):
    """Which price it is can be told from the range in quote currency."""
    return sequence_features(frame, minutes).assign(high=frame["high"] - frame["close"])


def test_endless_memory_is_caught():
    frame = frame_of(3)
    check_prefix(remembering, frame)
    with pytest.raises(AssertionError):
        check_memory(remembering, frame, lookback())
    with pytest.raises(AssertionError):
        check_memory_of_a_shock(remembering, frame, 100)


def test_units_are_caught():
    with pytest.raises(AssertionError):
        check_units(with_units, frame_of(3), 1.001, 1.0)
