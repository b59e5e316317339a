"""Laws of every source and yardstick: past only, bounded, warm-up, scale, mirror.

A new source joins by a row in SOURCES or YARDSTICKS and inherits every law.
"""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_quant.risk.volatility import horizon_atr, shock_sigmas
from hydra_quant.signals.mean_reversion import mean_reversion
from hydra_quant.signals.momentum import momentum
from hydra_quant.signals.soft_vote import soft_vote

SOURCES = {
    "momentum": (lambda h, lo, c: momentum(h, lo, c, (3, 5, 8)), 7),
    "momentum, default": (momentum, 199),
    "mean_reversion": (lambda h, lo, c: mean_reversion(c, 6), 5),
    "mean_reversion, default": (lambda h, lo, c: mean_reversion(c), 19),
}
YARDSTICKS = {
    "horizon_atr 1": (lambda h, lo, c: horizon_atr(h, lo, c, 1, 5), 5),
    "horizon_atr 12": (lambda h, lo, c: horizon_atr(h, lo, c, 12), 168),
    "shock_sigmas": (lambda h, lo, c: shock_sigmas(c, 10), 11),
    "shock_sigmas, default": (lambda h, lo, c: shock_sigmas(c), 61),
}
ALL = {**SOURCES, **YARDSTICKS}
over = partial(pytest.mark.parametrize, "name")
quick = settings(max_examples=25, deadline=None)


@st.composite
def markets(draw, longest=260):
    """High, low, close of a random walk with flat stretches and, sometimes, jumps."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(0, longest))
    moves = rng.standard_t(3, n) * draw(st.sampled_from([1e-4, 3e-3, 0.03]))
    moves[rng.random(n) < draw(st.sampled_from([0.0, 0.3, 0.95]))] = 0.0
    close = draw(st.sampled_from([1e-5, 1.0, 6e4])) * np.exp(np.cumsum(moves))
    wick = np.exp(np.abs(rng.standard_normal(n)) * 1e-3 * draw(st.integers(0, 1)))
    return close * wick, close / wick, close


def peeking(function):
    """The same function with a fault planted: it knows the mean of the whole history."""
    return lambda h, lo, c: function(h, lo, c) + 1e-3 * (c.mean() / c if len(c) else c)


def same_on_every_prefix(function, market):
    whole = function(*market)
    n = len(whole)
    for t in {*range(1, n, max(n // 7, 1)), n}:
        prefix = function(*(side[:t] for side in market))
        np.testing.assert_allclose(prefix, whole[:t], rtol=1e-9, atol=1e-12)


@over(ALL)
@given(market=markets())
@quick
def test_no_look_ahead(name, market):
    same_on_every_prefix(ALL[name][0], market)


def test_the_prefix_law_catches_a_look_ahead():
    close = np.linspace(1.0, 2.0, 50)
    with pytest.raises(AssertionError):
        same_on_every_prefix(peeking(ALL["mean_reversion"][0]), (close, close, close))


@over(ALL)
@given(market=markets())
@quick
def test_warm_up_is_the_lookback_and_no_row_after_it_is_missing(name, market):
    function, lookback = ALL[name]
    missing = np.isnan(function(*market))
    np.testing.assert_array_equal(missing, np.arange(len(missing)) < lookback)


@over(ALL)
@given(market=markets(), further=st.integers(1, 100))
@quick
def test_nothing_older_than_the_lookback_matters(name, market, further):
    function, lookback = ALL[name]
    if len(market[2]) > lookback + further:
        cut = [side[-(lookback + 1) :] for side in market]
        np.testing.assert_allclose(function(*cut)[-1], function(*market)[-1], rtol=1e-9, atol=1e-12)


@over(SOURCES)
@given(market=markets())
@quick
def test_votes_are_bounded(name, market):
    vote = SOURCES[name][0](*market)
    assert np.all(np.isnan(vote) | (np.abs(vote) <= 1.0))


@over(YARDSTICKS)
@given(market=markets())
@quick
def test_yardsticks_are_not_negative(name, market):
    measure = YARDSTICKS[name][0](*market)
    assert not np.any(measure < 0)


@over(ALL)
@given(market=markets())
@quick
def test_inputs_are_not_touched(name, market):
    before = [side.copy() for side in market]
    ALL[name][0](*market)
    for side, kept in zip(market, before, strict=True):
        np.testing.assert_array_equal(side, kept)


@over(ALL)
@given(market=markets(), doublings=st.integers(-20, 20))
@quick
def test_the_unit_of_price_does_not_matter(name, market, doublings):
    """Votes and shocks do not change with the unit; the ATR is measured in it."""
    function, unit = ALL[name][0], 2.0**doublings
    scaled = function(*(side * unit for side in market))
    wanted = function(*market) * (unit if "atr" in name else 1.0)
    # A return is a difference of logarithms, so the unit leaves a last digit in it.
    seen = ~(np.isnan(wanted) | (np.abs(wanted) > 1e3)) if "shock" in name else slice(None)
    np.testing.assert_allclose(scaled[seen], wanted[seen], rtol=1e-6, atol=1e-9)


@over(SOURCES)
@given(market=markets())
@quick
def test_a_market_turned_upside_down_turns_the_vote(name, market):
    high, low, close = market
    if len(close) == 0:
        return
    axis = 2 * (high.max() + 1e-9)
    mirrored = SOURCES[name][0](axis - low, axis - high, axis - close)
    vote = SOURCES[name][0](high, low, close)
    # Not where the window moved by less than the rounding of the reflection.
    calm = np.array([np.ptp(close[max(0, i - 4) : i + 1]) < 1e-6 * axis for i in range(len(close))])
    seen = ~np.isnan(vote) & ~calm
    np.testing.assert_allclose(mirrored[seen], -vote[seen], rtol=1e-3, atol=1e-5)


@given(market=markets())
@quick
def test_volatility_does_not_know_up_from_down(market):
    high, low, close = market
    np.testing.assert_allclose(
        horizon_atr(1e6 - low, 1e6 - high, 1e6 - close, 3),
        horizon_atr(high, low, close, 3),
        atol=1e-8,
    )


votes = st.lists(
    st.one_of(st.just(float("nan")), st.floats(-1, 1, allow_subnormal=False)),
    min_size=1,
    max_size=5,
)


@given(given_votes=votes, data=st.data())
@quick
def test_the_soft_vote_lies_between_its_sources_and_turns_with_them(given_votes, data):
    weight = st.floats(0.001, 1)
    sources = {str(i): np.array([vote]) for i, vote in enumerate(given_votes)}
    weights = {name: data.draw(weight) for name in sources}
    joint = soft_vote(sources, weights, 0.5)
    turned = soft_vote({k: -v for k, v in sources.items()}, weights, 0.5)
    there = [vote for vote in given_votes if not np.isnan(vote)]
    spoke = sum(abs(vote) >= 0.5 for vote in there)
    assert joint.agree[0] + joint.oppose[0] == spoke
    np.testing.assert_array_equal(turned.total, -joint.total)
    assert (turned.agree, turned.oppose) == (joint.agree, joint.oppose)
    if there:
        assert min(there) - 1e-12 <= joint.total[0] <= max(there) + 1e-12
    else:
        assert np.isnan(joint.total[0])
