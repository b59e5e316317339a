"""Laws of the behavioural signals: past only, finite memory, mirror, silence, bounds, health."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.eventful import eventful, mirrored
from support.positions import LIQUIDATED

from hydra_quant.settings import SIGNALS, Signals
from hydra_quant.signals import behavioural
from hydra_quant.signals.signal import health

QUICK = Signals(
    outcome_candles=60,
    funding_squeeze_minutes=300,
    liquidation_reversal_minutes=60,
    oi_divergence_minutes=120,
    crowding_fade_minutes=600,
    funding_carry_minutes=1440,
    shrinkage=5.0,
)
ROWS = 700
LOOKBACK = behavioural.lookback(QUICK, 60)
NEEDS = {
    "funding_squeeze": ("close", "funding_rate", "funding_rate_high", "oi_delta_pct"),
    "liquidation_reversal": ("liq_velocity", "liq_imbalance", "liq_velocity_high", "high"),
    "oi_divergence": ("close", "oi_delta_pct", "oi_delta_pct_low"),
    "crowding_fade": ("close", "long_share", "long_share_low", "long_share_high"),
    "funding_carry": ("close", "funding_rate", "funding_annualized", "funding_momentum"),
}
seeds = st.integers(0, 10_000)
minutes = st.sampled_from([15, 60, 240])
examples = settings(max_examples=12, deadline=None)


def flat(signals, rows=slice(None)):
    """Everything that is told, as arrays by name."""
    told = {}
    for name, signal in signals.items():
        told |= {f"{name} {field}": getattr(signal, field)[rows] for field in FIELDS}
        told |= {f"{name} {part}": support[rows] for part, support in signal.thesis.items()}
    chosen = behavioural.strongest(signals)
    return told | {field: getattr(chosen, field)[rows] for field in chosen._fields}


FIELDS = ("side", "confidence", "known", "expected_return", "expected_adverse")


def same(one, other):
    for name, values in one.items():
        np.testing.assert_allclose(
            values.astype(float), other[name].astype(float), rtol=1e-9, atol=1e-12, err_msg=name
        )


def fire(frame, candle_minutes=60):
    return behavioural.fire(frame, QUICK, candle_minutes)


def test_every_signal_fires_both_ways_in_the_market_these_laws_are_tested_on():
    sides = {name: set() for name in SIGNALS}
    for seed in range(4):
        for name, signal in fire(eventful(ROWS, seed)).items():
            sides[name] |= set(signal.side.tolist())
    assert sides == {name: {-1, 0, 1} for name in SIGNALS}


def no_look_ahead(function, frame, cut):
    same(flat(function(frame.iloc[:cut])), flat(function(frame), slice(cut)))


@given(seed=seeds, cut=st.integers(0, ROWS), candle_minutes=minutes)
@examples
def test_no_look_ahead(seed, cut, candle_minutes):
    no_look_ahead(lambda f: fire(f, candle_minutes), eventful(ROWS, seed, candle_minutes), cut)


def finite_memory(function, frame, start, lookback):
    later = flat(function(frame.iloc[start:].reset_index(drop=True)), slice(lookback, None))
    same(later, flat(function(frame), slice(start + lookback, None)))


@given(seed=seeds, start=st.integers(1, ROWS - 1), candle_minutes=minutes)
@examples
def test_nothing_older_than_the_lookback_matters(seed, start, candle_minutes):
    frame, lookback = (
        eventful(ROWS, seed, candle_minutes),
        behavioural.lookback(QUICK, candle_minutes),
    )
    finite_memory(lambda f: fire(f, candle_minutes), frame, start, lookback)


def test_these_laws_catch_a_peek_and_a_memory_that_never_ends():
    frame = eventful(ROWS, 1)

    def peeks(candles):
        return fire(candles.assign(close=candles["close"].shift(-1)))

    def remembers(candles):
        return fire(candles.assign(oi_delta_pct=candles["oi_delta_pct"].cumsum()))

    with pytest.raises(AssertionError):
        no_look_ahead(peeks, frame, ROWS - 50)
    with pytest.raises(AssertionError):
        finite_memory(remembers, frame, 150, LOOKBACK)


def test_expectations_reach_back_exactly_as_far_as_the_lookback_says():
    frame = eventful(ROWS, 2)
    told = behavioural.fire(frame, QUICK, 60)
    for signal in told.values():
        missing = np.isnan(signal.expected_return)
        np.testing.assert_array_equal(missing, np.arange(ROWS) < LOOKBACK)
        np.testing.assert_array_equal(np.isnan(signal.expected_adverse), missing)


@given(seed=seeds)
@examples
def test_a_mirrored_market_gets_the_mirrored_signal(seed):
    frame = eventful(ROWS, seed)
    signals, turned = fire(frame), fire(mirrored(frame))
    for name in SIGNALS:
        np.testing.assert_array_equal(turned[name].side, -signals[name].side)
        np.testing.assert_allclose(turned[name].confidence, signals[name].confidence, atol=1e-9)
        for part, support in signals[name].thesis.items():
            np.testing.assert_allclose(turned[name].thesis[part], -support, atol=1e-7)


@given(seed=seeds, candle_minutes=minutes)
@examples
def test_confidence_is_at_least_one_half_where_a_signal_fires_and_nothing_elsewhere(
    seed, candle_minutes
):
    for signal in fire(eventful(ROWS, seed, candle_minutes), candle_minutes).values():
        fired = signal.side != 0
        assert np.all((signal.confidence[fired] >= 0.5) & (signal.confidence[fired] <= 1))
        assert not signal.confidence[~fired].any()
        assert np.all(signal.known[fired])


@given(seed=seeds)
@examples
def test_the_whole_thesis_holds_at_entry(seed):
    for name, signal in fire(eventful(ROWS, seed)).items():
        assert tuple(sorted(signal.thesis)) == tuple(sorted(behavioural.PARTS[name]))
        fired = signal.side != 0
        support = np.stack([signal.thesis[part][fired] for part in behavioural.PARTS[name]])
        np.testing.assert_array_equal(health(support, support, signal.side[fired]), 1.0)


@given(seed=seeds, data=st.data())
@examples
def test_a_signal_without_one_of_its_inputs_is_silent_and_says_so(seed, data):
    name = data.draw(st.sampled_from(SIGNALS))
    missing = data.draw(st.sampled_from(NEEDS[name]))
    frame = eventful(ROWS, seed).assign(**{missing: np.nan})
    if missing not in ("close", "high") and data.draw(st.booleans()):
        frame = frame.drop(columns=missing)
    signal = fire(frame)[name]
    assert not signal.known.any()
    assert not signal.side.any()
    assert not signal.confidence.any()


@given(seed=seeds, row=st.integers(LOOKBACK, ROWS - 1), data=st.data())
@examples
def test_an_input_that_is_missing_for_a_candle_silences_that_candle(seed, row, data):
    name = data.draw(st.sampled_from(SIGNALS))
    missing = data.draw(st.sampled_from(NEEDS[name][1:]))
    whole, holed = eventful(ROWS, seed), eventful(ROWS, seed)
    holed.loc[row, missing] = np.nan
    before, after = fire(whole)[name], fire(holed)[name]
    assert before.known[row]
    assert not after.known[row]
    assert after.side[row] == 0
    if missing != "high":  # of which later candles know the last four hours'
        np.testing.assert_array_equal(np.delete(after.known, row), np.delete(before.known, row))


def test_candles_alone_leave_all_silent_for_want_of_data():
    frame = eventful(ROWS, 3)[["date", "open", "high", "low", "close", "volume"]]
    chosen = behavioural.strongest(fire(frame))
    assert not chosen.known.any()
    assert np.all(chosen.source == -1)
    assert not chosen.side.any()


def test_without_liquidations_only_the_signal_that_needs_them_is_silent():
    frame = eventful(ROWS, 3, liquidations=False)
    whole = eventful(ROWS, 3)
    frame[list(LIQUIDATED)] = np.nan
    with_them, without = fire(whole), fire(frame)
    assert not without["liquidation_reversal"].known.any()
    assert with_them["liquidation_reversal"].side.any()
    for name in set(SIGNALS) - {"liquidation_reversal"}:
        np.testing.assert_array_equal(with_them[name].side, without[name].side)


@given(seed=seeds)
@examples
def test_the_unit_of_price_does_not_matter(seed):
    frame = eventful(ROWS, seed)
    prices = ["open", "high", "low", "close"]
    other = frame.assign(**{name: frame[name] * 1024.0 for name in prices})
    one, two = fire(frame), fire(other)
    for name in SIGNALS:
        np.testing.assert_array_equal(one[name].side, two[name].side)
        np.testing.assert_allclose(
            one[name].expected_return, two[name].expected_return, rtol=1e-9, atol=1e-12
        )
