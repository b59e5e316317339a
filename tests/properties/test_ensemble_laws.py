"""Laws of the classical sources, the ensemble and its adaptive weights.

Past only, finite memory as declared, bounded, not known where an input is not, mirrored. A new
source joins by a row in SOURCES and inherits every law.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_quant.settings import Sentiment
from hydra_quant.signals import onchain, sentiment_volume
from hydra_quant.signals.adaptive import adaptive_weights
from hydra_quant.signals.adaptive import lookback as weights_lookback
from hydra_quant.signals.ensemble import disagreement, ensemble_vote
from hydra_quant.signals.trend import LOOKBACKS, donchian_state, trend
from hydra_quant.signals.trend import lookback as trend_lookback

HOUR = 60
COSTS = 0.001
WINDOW, HOLDING = 30, 3
REGIMES = ("trending_up", "ranging", "cascade")
WEIGHTS = {"a": 0.6, "b": 0.2, "c": 0.2}
quick = settings(max_examples=25, deadline=None)


class Law(NamedTuple):
    """A function from a frame to a vote (or a weight), and the rows it needs."""

    of: Callable[[pd.DataFrame], np.ndarray]
    lookback: int
    inputs: tuple[str, ...]


def close_of(frame):
    return frame["close"].to_numpy(float)


def votes_of(frame):
    return {name: frame[f"vote_{name}"].to_numpy(float) for name in WEIGHTS}


def weight(frame, of):
    return adaptive_weights(
        votes_of(frame),
        close_of(frame),
        WEIGHTS,
        candle_minutes=HOUR,
        window=WINDOW,
        round_trip_cost=COSTS,
        holding_candles=HOLDING,
    )[of]


def joint(frame):
    regime = frame["regime"].to_numpy(np.int8)
    return ensemble_vote(votes_of(frame), WEIGHTS, 0.5, regime=regime, regimes=REGIMES).total


SOURCES = {
    "trend": Law(lambda f: trend(close_of(f), HOUR, (5, 12), 0.5, 20), 20, ("close",)),
    "trend, default": Law(lambda f: trend(close_of(f), HOUR), trend_lookback(), ("close",)),
    "donchian_state": Law(lambda f: donchian_state(close_of(f), 9), 8, ("close",)),
    "onchain": Law(onchain.onchain, 0, ("btc_mvrv_zscore", "btc_sopr")),
    **{
        f"sentiment_volume, {variant}": Law(
            partial(
                sentiment_volume.sentiment_volume,
                candle_minutes=240,
                settings=Sentiment(volume=variant),
            ),
            sentiment_volume.lookback(240),
            ("sentiment", "volume"),
        )
        for variant in sentiment_volume.VARIANTS
    },
    "ensemble": Law(joint, 0, ()),
}
WEIGHINGS = {
    f"weight of {name}": Law(partial(weight, of=name), weights_lookback(WINDOW, HOLDING), ())
    for name in WEIGHTS
}
ALL = SOURCES | WEIGHINGS
over = partial(pytest.mark.parametrize, "name")


@st.composite
def frames(draw, longest=620):
    """A random walk with flat stretches, sources that speak now and then, on-chain, sentiment."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, longest))
    moves = rng.standard_t(3, n) * draw(st.sampled_from([1e-4, 3e-3, 0.03]))
    moves[rng.random(n) < draw(st.sampled_from([0.0, 0.3, 0.95]))] = 0.0
    said = rng.uniform(-1, 1, (3, n))
    said[rng.random((3, n)) < draw(st.sampled_from([0.0, 0.3, 0.97]))] = np.nan
    return pd.DataFrame(
        {
            "close": draw(st.sampled_from([1e-5, 1.0, 6e4]))
            * np.exp(np.clip(moves, -0.5, 0.5).cumsum()),
            "volume": np.exp(rng.standard_normal(n)),
            "btc_mvrv_zscore": rng.uniform(-1, 5, n),
            "btc_sopr": rng.uniform(0.9, 1.15, n),
            "sentiment": rng.uniform(-1, 1, n),
            "regime": rng.integers(-1, len(REGIMES), n).astype(np.int8),
            **{f"vote_{name}": vote for name, vote in zip(WEIGHTS, said, strict=True)},
        }
    )


def same_on_every_prefix(function, frame):
    whole, n = function(frame), len(frame)
    for t in {*range(1, n, max(n // 6, 1)), n}:
        prefix = function(frame.iloc[:t])
        np.testing.assert_allclose(prefix, whole[:t], rtol=1e-9, atol=1e-12)


@over(ALL)
@given(frame=frames())
@quick
def test_no_look_ahead(name, frame):
    same_on_every_prefix(ALL[name].of, frame)


def some_frame(n=620):
    rng = np.random.default_rng(1)
    drawn = {f"vote_{name}": rng.uniform(-1, 1, n) for name in WEIGHTS}
    return pd.DataFrame({"close": np.exp(0.01 * rng.standard_normal(n).cumsum()), **drawn})


@over(["trend", *WEIGHINGS])
def test_the_prefix_law_catches_a_look_ahead(name):
    """The same function on closes that are shifted by one candle."""

    def peeking(frame):
        return ALL[name].of(frame.assign(close=frame["close"].shift(-1).ffill()))

    with pytest.raises(AssertionError):
        same_on_every_prefix(peeking, some_frame())


@over(ALL)
@given(frame=frames(), further=st.integers(1, 100))
@quick
def test_nothing_older_than_the_lookback_matters(name, frame, further):
    function, lookback, _ = ALL[name]
    if len(frame) > lookback + further:
        cut = frame.iloc[-(lookback + 1) :]
        np.testing.assert_allclose(function(cut)[-1], function(frame)[-1], rtol=1e-9, atol=1e-12)


@over(["trend", "trend, default", *WEIGHINGS])
def test_the_lookback_is_no_longer_than_it_must_be(name):
    """One row less, and something changes on some candle."""
    function, lookback, _ = ALL[name]
    frame = some_frame()
    whole = function(frame)
    one_less = [function(frame.iloc[t - lookback + 1 : t + 1])[-1] for t in range(590, 620)]
    assert not np.allclose(one_less, whole[590:], rtol=1e-9, equal_nan=True)


@over(SOURCES)
@given(frame=frames())
@quick
def test_votes_are_bounded(name, frame):
    vote = SOURCES[name].of(frame)
    assert vote.shape == (len(frame),)
    assert np.all(np.isnan(vote) | (np.abs(vote) <= 1.0))


@over(WEIGHINGS)
@given(frame=frames())
@quick
def test_weights_are_known_and_never_negative(name, frame):
    assert np.all(WEIGHINGS[name].of(frame) >= 0)


@over([name for name, law in SOURCES.items() if law.inputs])
@given(frame=frames(), data=st.data())
@quick
def test_what_is_not_known_has_no_vote(name, frame, data):
    function, _, inputs = SOURCES[name]
    row = data.draw(st.integers(0, len(frame) - 1))
    column = data.draw(st.sampled_from(inputs))
    holed = frame.assign(**{column: frame[column].where(np.arange(len(frame)) != row)})
    assert np.isnan(function(holed)[row])


@over(SOURCES)
@given(frame=frames())
@quick
def test_the_warm_up_ends_where_it_is_declared(name, frame):
    function, lookback, inputs = SOURCES[name]
    if inputs:
        missing = np.isnan(function(frame))
        np.testing.assert_array_equal(missing, np.arange(len(frame)) < lookback)


@over(ALL)
@given(frame=frames(120))
@quick
def test_inputs_are_not_touched(name, frame):
    before = frame.copy(deep=True)
    ALL[name].of(frame)
    pd.testing.assert_frame_equal(frame, before)


@over(["trend", "trend, default", "donchian_state"])
@given(frame=frames())
@quick
def test_a_market_turned_upside_down_turns_the_vote(name, frame):
    """The mirror image of a price is its reciprocal.

    Prices are rounded to a coarse grid of logarithms, so that ties are ties in both.
    """
    function = SOURCES[name].of
    steps = np.round(np.log(close_of(frame)) * 64) / 64
    vote = function(frame.assign(close=np.exp(steps)))
    mirrored = function(frame.assign(close=np.exp(-steps)))
    # exactly in the middle of a channel, rounding says which side
    apart = np.abs(mirrored + vote) > 1e-9
    assert np.array_equal(np.isnan(vote), np.isnan(mirrored))
    assert not np.any(apart & ~_in_a_middle(steps))


def _in_a_middle(steps):
    """Where the last price may lie in the middle of some channel."""
    found = np.zeros(len(steps), bool)
    for rows in {5, 9, 12, *LOOKBACKS}:
        window = pd.Series(steps).rolling(rows)
        found |= (2 * steps == window.max() + window.min()).to_numpy()
    return found


@given(frame=frames())
@quick
def test_votes_turned_around_turn_the_ensemble_and_not_its_disagreement(frame):
    turned = frame.assign(**{f"vote_{name}": -frame[f"vote_{name}"] for name in WEIGHTS})
    np.testing.assert_array_equal(joint(turned), -joint(frame))
    np.testing.assert_array_equal(
        disagreement(votes_of(turned), WEIGHTS), disagreement(votes_of(frame), WEIGHTS)
    )


@given(frame=frames())
@quick
def test_opposite_votes_in_an_opposite_market_earn_the_same_weights(frame):
    returns = np.diff(close_of(frame)) / close_of(frame)[:-1]
    start = close_of(frame)[0]
    against = frame.assign(close=start * np.r_[1.0, np.cumprod(1.0 - returns)])
    against = against.assign(**{f"vote_{name}": -frame[f"vote_{name}"] for name in WEIGHTS})
    for law in WEIGHINGS.values():
        np.testing.assert_allclose(law.of(against), law.of(frame), rtol=1e-5)


@given(frame=frames())
@quick
def test_disagreement_is_a_share_and_a_source_that_agrees_makes_none(frame):
    found = disagreement(votes_of(frame), WEIGHTS)
    assert np.all(np.isnan(found) | ((found >= 0) & (found <= 1)))
    same = {name: np.abs(vote) for name, vote in votes_of(frame).items()}
    calm = disagreement(same, WEIGHTS)
    np.testing.assert_allclose(calm[~np.isnan(calm)], 0, atol=1e-12)
    np.testing.assert_array_equal(np.isnan(calm), np.isnan(found))


@given(frame=frames(), factor=st.sampled_from([0.5, 3.0, 10.0]))
@quick
def test_only_the_proportions_of_weights_matter(frame, factor):
    scaled = {name: weight * factor for name, weight in WEIGHTS.items()}
    np.testing.assert_allclose(
        disagreement(votes_of(frame), scaled), disagreement(votes_of(frame), WEIGHTS), atol=1e-12
    )
