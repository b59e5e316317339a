"""Sentiment and volume: both large and of one sign, or silence."""

import numpy as np
import pandas as pd
import pytest

from hydra_quant.settings import Sentiment
from hydra_quant.signals.sentiment_volume import (
    MOST_CANDLES,
    lookback,
    rvs,
    rvs_confirmed,
    sentiment_volume,
    volume_change,
)

NAN = float("nan")
DEFAULT = Sentiment()


@pytest.mark.parametrize(
    ("score", "change", "wanted"),
    [
        (0.5, 0.5, 0.75),
        (0.31, 0.21, 0.31 * 1.21),
        (0.3, 0.5, 0.0),
        (0.5, 0.2, 0.0),
        (0.5, -0.5, 0.0),  # good mood, nobody trades on it
        (-0.5, 0.5, 0.0),
        (-0.8, -0.25, -0.6),
        (0.9, 3.0, 3.6),
        (0.0, 0.0, 0.0),
        (NAN, 0.5, NAN),
        (0.5, NAN, NAN),
        (0.1, NAN, NAN),
    ],
)
def test_rvs(score, change, wanted):
    np.testing.assert_allclose(rvs(np.array([score]), np.array([change]), DEFAULT), [wanted])


@pytest.mark.parametrize(
    ("score", "change", "wanted"),
    [
        (0.5, 0.5, 0.75),
        (-0.5, 0.5, -0.75),  # a panic is heard
        (-0.8, -0.25, 0.0),  # and quiet gloom is not
        (0.5, -0.5, 0.0),
        (-0.31, 0.21, -0.31 * 1.21),
        (-0.3, 0.5, 0.0),
        (-0.5, 0.2, 0.0),
        (NAN, 0.5, NAN),
        (-0.5, NAN, NAN),
    ],
)
def test_rising_volume_confirms_both_moods(score, change, wanted):
    found = rvs_confirmed(np.array([score]), np.array([change]), DEFAULT)
    np.testing.assert_allclose(found, [wanted])


def test_thresholds_are_settings():
    score, change = np.array([0.2, 0.5]), np.array([0.1, 0.05])
    np.testing.assert_array_equal(rvs(score, change, DEFAULT), [0, 0])
    low = Sentiment(min_score=0.1, min_change=0.01)
    np.testing.assert_allclose(rvs(score, change, low), score * (1 + change))
    np.testing.assert_allclose(rvs_confirmed(-score, change, low), -score * (1 + change))


def test_the_variant_that_is_set_votes():
    panic = frame(sentiment=-0.6)
    assert (sentiment_volume(panic, 360, DEFAULT)[7:] == 0).mean() > 0.9  # volume rises
    voted = sentiment_volume(panic, 360, Sentiment(volume="rvs_confirmed"))
    assert (voted[7:] < 0).mean() > 0.9


def test_what_counts_as_a_signal_is_half_a_vote():
    mild = frame(sentiment=0.4)  # times 2 at the end of each day
    assert sentiment_volume(mild, 360, Sentiment(signal_beyond=0.8))[11] == pytest.approx(0.5)
    assert sentiment_volume(mild, 360, Sentiment(signal_beyond=2.0))[11] == pytest.approx(0.2)


def frame(n=100, sentiment=0.6):
    """Six-hour candles, whose volume doubles from one day to the next."""
    volume = 2.0 ** (np.arange(n) // 4 % 20)
    return pd.DataFrame({"volume": volume, "sentiment": np.full(n, sentiment)})


def test_the_change_is_that_of_a_day_over_the_day_before():
    change = volume_change(frame()["volume"].to_numpy(), 360)
    assert lookback(360) == 7
    assert np.isnan(change[:7]).all()
    assert change[7] == pytest.approx(1.0)
    assert change[8] == pytest.approx((2 + 2 + 2 + 4) / (1 + 1 + 1 + 2) - 1)
    np.testing.assert_allclose(change[7:80:4], 1.0)


def test_the_vote_is_bounded():
    votes = sentiment_volume(frame(), 360, DEFAULT)
    np.testing.assert_array_equal(votes[11], 1.0)  # .6 * 2 is beyond a full vote
    assert np.nanmax(np.abs(votes)) <= 1


def test_without_news_there_is_no_vote():
    assert np.isnan(sentiment_volume(frame().drop(columns="sentiment"), 360, DEFAULT)).all()
    some = frame()
    some.loc[40, "sentiment"] = NAN
    votes = sentiment_volume(some, 360, DEFAULT)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(votes)), [*range(7), 40])


def test_after_a_day_without_volume_the_change_is_not_known():
    volume = np.r_[np.zeros(4), np.ones(4)]
    assert np.isnan(volume_change(volume, 360)).all()


@pytest.mark.parametrize(
    ("minutes", "rows"), [(1, MOST_CANDLES), (5, 288), (60, 24), (1440, 1), (10_080, 1)]
)
def test_a_day_in_candles(minutes, rows):
    assert lookback(minutes) == 2 * rows - 1
