"""Laws of the scorer's features: no look-ahead, finite memory; and that a breach is noticed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.held import thinking_frame

from hydra_quant.heads.scorer_features import NAMES, lookback, scorer_features

LAWFUL = settings(max_examples=20, deadline=None)
N = 420
MINUTES = st.sampled_from([1, 5, 15, 60, 240])
DELTAS = st.sampled_from([5, 60, 240])


def frame_of(seed, minutes):
    frame = thinking_frame(N, seed, minutes)
    drawn = np.random.default_rng(seed).random((2, N)) / 100
    return frame.assign(
        expected_return=drawn[0],
        expected_adverse_excursion=drawn[1],
        signal_known=np.arange(N) % 7 > 0,
    )


def check_prefix(features, frame, *arguments):
    """Rows of the first t candles are those of all of them, to the last bit."""
    whole = features(frame, *arguments).to_numpy()
    for t in (1, 2, 60, 193, N - 1):
        first = features(frame.iloc[:t], *arguments).to_numpy()
        np.testing.assert_array_equal(first, whole[:t])


def check_memory(features, frame, rows, *arguments):
    """Rows of a frame that begins later are the same once `rows` candles lie before them."""
    whole = features(frame, *arguments).to_numpy()
    for start in (1, 17, N - rows - 3):
        later = features(frame.iloc[start:].reset_index(drop=True), *arguments).to_numpy()
        np.testing.assert_array_equal(later[rows:], whole[start + rows :])


@LAWFUL
@given(seed=st.integers(0, 10_000), minutes=MINUTES, delta=DELTAS)
def test_what_comes_later_changes_nothing(seed, minutes, delta):
    check_prefix(scorer_features, frame_of(seed, minutes), minutes, delta)


@LAWFUL
@given(seed=st.integers(0, 10_000), minutes=MINUTES, delta=DELTAS)
def test_what_lies_before_the_lookback_changes_nothing(seed, minutes, delta):
    rows = lookback(minutes, delta)
    assert rows < N - 20
    check_memory(scorer_features, frame_of(seed, minutes), rows, minutes, delta)


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_from_one_candle_ahead_is_caught(name):
    def leaky(frame, minutes):
        found = scorer_features(frame, minutes)
        return found.assign(**{name: found[name].shift(-1)})

    with pytest.raises(AssertionError):
        check_prefix(leaky, frame_of(3, 60), 60)


def standardised(frame, minutes):
    """Against the mean of all candles: what comes later is in it."""
    found = scorer_features(frame, minutes)
    return found.assign(rsi_14=found["rsi_14"] - found["rsi_14"].mean())


def remembering(frame, minutes):
    """An average since the first candle."""
    found = scorer_features(frame, minutes)
    return found.assign(return_1h=found["return_1h"].expanding().mean())


def test_a_mean_of_the_whole_is_caught():
    with pytest.raises(AssertionError):
        check_prefix(standardised, frame_of(3, 60), 60)


def test_endless_memory_is_caught():
    check_prefix(remembering, frame_of(3, 60), 60)
    with pytest.raises(AssertionError):
        check_memory(remembering, frame_of(3, 60), lookback(60), 60)


def test_the_declared_lookback_is_needed():
    with pytest.raises(AssertionError):
        check_memory(scorer_features, frame_of(3, 1), lookback(1) - 1, 1)
