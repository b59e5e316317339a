"""Laws of everything that tells the state of the market: past only, finite memory, warm-up."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.positions import crowded_frame

from hydra_quant.regimes import cascade, market, volatility
from hydra_quant.settings import Regimes, Signals

REGIMES = Regimes(window_candles=100)
# Of its own mind on every candle, and allowed to speak in the later half of them.
FITTED = replace(cascade.PRIOR, intercept=-7.0, slope=0.8, alarm_slope=1.5, alarm_offset=2.0)
KNOWN = pd.Timestamp("2024-01-22", tz="UTC")
quick = settings(max_examples=6, deadline=None)


def rule(signals):
    """The rule on candles, state and all."""

    def tell(frame):
        state = volatility.volatility_regime(frame["close"].to_numpy(), REGIMES)
        frame = frame.assign(volatility_regime=state)
        likely = cascade.cascade_probability(frame, 60)
        return market.rule_regime(frame.assign(cascade_probability=likely), REGIMES, signals)

    return tell, market.lookback(REGIMES, signals, 60)


# name: (from a frame to one value a candle, the lookback that it declares)
TELLERS = {
    "volatility_rank": (
        lambda f: volatility.volatility_rank(f["close"].to_numpy(), REGIMES),
        volatility.lookback(REGIMES),
    ),
    "volatility_regime": (
        lambda f: volatility.volatility_regime(f["close"].to_numpy(), REGIMES),
        volatility.lookback(REGIMES),
    ),
    "alarm behind a mask": (
        lambda f: cascade.told(f, 60, FITTED, (f["date"] >= KNOWN).to_numpy()).alarm,
        cascade.lookback(60),
    ),
    "cascade_probability": (lambda f: cascade.cascade_probability(f, 60), cascade.lookback(60)),
    "rule, fixed": rule(Signals(thresholds="fixed")),
    "rule, quantile": rule(Signals(thresholds="quantile")),
}
over = pytest.mark.parametrize("name", TELLERS)


def world(seed, n=720):
    """Candles with positioning, some of it missing here and there."""
    frame = crowded_frame(n, seed)
    rng = np.random.default_rng(seed)
    for name in ("liq_zscore", "oi_delta_zscore", "bid_depth_usd", "spread_bps", "funding_rate"):
        frame.loc[rng.random(n) < 0.2, name] = np.nan
    return frame


def same_on_prefixes(tell, frame):
    whole = tell(frame)
    for rows in (len(frame) - 1, len(frame) - 60, len(frame) // 2):
        np.testing.assert_array_equal(tell(frame.iloc[:rows]), whole[:rows])


def same_after_warm_up(tell, lookback, frame):
    whole = tell(frame)
    for first in (1, 37, len(frame) - lookback - 1):
        later = tell(frame.iloc[first:].reset_index(drop=True))
        np.testing.assert_array_equal(later[lookback:], whole[first + lookback :])


@over
@quick
@given(seed=st.integers(0, 2**32 - 1))
def test_the_future_changes_nothing(name, seed):
    same_on_prefixes(TELLERS[name][0], world(seed))


@over
@quick
@given(seed=st.integers(0, 2**32 - 1))
def test_what_came_before_the_lookback_changes_nothing(name, seed):
    tell, lookback = TELLERS[name]
    same_after_warm_up(tell, lookback, world(seed))


@over
def test_the_declared_lookback_is_the_warm_up(name):
    tell, lookback = TELLERS[name]
    told = np.asarray(tell(crowded_frame(720)), dtype=float)
    silent = np.isnan(told) | (told < 0)
    assert silent[:lookback].all()
    assert not silent[lookback:].any()


def test_the_laws_notice_a_glance_ahead_and_an_endless_memory():
    frame = world(1)
    tell, lookback = TELLERS["cascade_probability"]
    with pytest.raises(AssertionError):
        same_on_prefixes(lambda f: np.roll(tell(f), -1), frame)
    with pytest.raises(AssertionError):
        same_after_warm_up(lambda f: np.nancumsum(tell(f)), lookback, frame)
