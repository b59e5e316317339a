"""Theorems about the synthetic market: any seed, any order of questions."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame
from pandas.testing import assert_frame_equal

from hydra_quant.sandbox.market import CONTRACTS, MarketSpec, SyntheticMarket
from hydra_quant.sandbox.market.frames import WIDTHS
from hydra_quant.sandbox.market.spec import DAY_MS, MINUTE_MS

BTC = "BTC/USDT:USDT"
EPOCH = MarketSpec().epoch_ms
SHARED = SyntheticMarket(MarketSpec(seed=5))
seeds = st.integers(0, 2**32)
few = settings(max_examples=3, deadline=None)
many = settings(max_examples=40, deadline=None)
moments = st.integers(EPOCH, EPOCH + 6 * DAY_MS - 1)


def everything(market: SyntheticMarket, pair: str, end: int) -> dict:
    return {
        "1m": market.candles(pair, "1m", EPOCH, end),
        "mark": market.mark(pair, "5m", EPOCH, end),
        "funding": market.funding(pair, EPOCH, end),
        "interest": market.open_interest(pair, "5m", EPOCH, end),
        "ratios": market.ratios(pair, "5m", EPOCH, end),
        "forced": market.liquidations(pair, EPOCH, end),
    }


def assert_decimal(values: DataFrame, unit: float) -> None:
    """Every value is the double that its decimal with the unit's digits reads as."""
    digits = max(-Decimal(str(unit)).normalize().as_tuple().exponent, 0)
    flat = values.to_numpy().ravel().tolist()
    assert [value for value in flat if value != float(f"{value:.{digits}f}")] == []


def test_a_float_residue_is_not_a_decimal():
    with pytest.raises(AssertionError):
        assert_decimal(DataFrame({"volume": [13 * 0.001]}), 0.001)


@few
@given(seed=seeds, days=st.integers(1, 3), pair=st.sampled_from(list(CONTRACTS)))
def test_prefix_law_a_longer_history_begins_with_the_shorter(seed, days, pair):
    end = EPOCH + days * DAY_MS
    short, long = SyntheticMarket(MarketSpec(seed=seed)), SyntheticMarket(MarketSpec(seed=seed))
    long.extend(EPOCH + 6 * DAY_MS)
    before = everything(short, pair, end)
    short.extend(EPOCH + 5 * DAY_MS)
    for other in (everything(long, pair, end), everything(short, pair, end)):
        for name, frame in before.items():
            assert_frame_equal(frame, other[name], obj=name)


@few
@given(seed=seeds)
def test_seeds_differ(seed):
    one, two = (SyntheticMarket(MarketSpec(seed=s, pairs=(BTC,))) for s in (seed, seed + 1))
    args = (BTC, "1m", EPOCH, EPOCH + DAY_MS)
    assert not one.candles(*args)["close"].equals(two.candles(*args)["close"])


@few
@given(seed=seeds)
def test_candles_are_sane_on_every_seed(seed):
    market = SyntheticMarket(MarketSpec(seed=seed, crash_per_year=700.0, cascades_per_day=5.0))
    for pair in market.pairs:
        bars = market.candles(pair, "1m", EPOCH, EPOCH + 2 * DAY_MS)
        assert len(bars) == 2 * 1440
        assert (np.diff(bars["time_ms"]) == MINUTE_MS).all()
        assert np.isfinite(bars.to_numpy(dtype=float)).all()
        assert (bars["low"] > 0).all()
        assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
        assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
        assert (bars["volume"] > 0).all()
        assert (bars["trades"] >= 1).all()
        assert bars["taker_buy_volume"].between(0, bars["volume"] * (1 + 1e-12)).all()
        assert_decimal(bars[["open", "high", "low", "close"]], CONTRACTS[pair].tick)
        assert_decimal(bars[["volume", "taker_buy_volume"]], CONTRACTS[pair].step)
        ticks = bars["close"] / CONTRACTS[pair].tick
        np.testing.assert_allclose(ticks, np.rint(ticks), atol=1e-4)
        inside = bars["quote_volume"] / bars["volume"]
        assert inside.between(bars["low"] * (1 - 1e-9), bars["high"] * (1 + 1e-9)).all()


@many
@given(start=moments, length=st.integers(0, DAY_MS), width=st.sampled_from(list(WIDTHS)))
def test_a_question_gets_the_candles_that_open_in_it(start, length, width):
    step = WIDTHS[width] * MINUTE_MS
    bars = SHARED.candles(BTC, width, start, start + length)
    opens = np.arange(-(-start // step) * step, start + length, step)
    np.testing.assert_array_equal(bars["time_ms"], opens)


@many
@given(day=st.integers(0, 5), width=st.sampled_from(list(WIDTHS)))
def test_wide_candles_are_folded_from_minutes(day, width):
    start, end = EPOCH + day * DAY_MS, EPOCH + (day + 1) * DAY_MS
    minutes = SHARED.candles(BTC, "1m", start, end)
    wide = SHARED.candles(BTC, width, start, end)
    group = minutes.groupby((minutes["time_ms"] - start) // (WIDTHS[width] * MINUTE_MS))
    for column, how in {"open": "first", "high": "max", "low": "min", "close": "last"}.items():
        np.testing.assert_array_equal(wide[column], group[column].agg(how))
    for column in ("volume", "quote_volume", "trades", "taker_buy_volume"):
        np.testing.assert_allclose(wide[column], group[column].sum())


@many
@given(at=moments, pair=st.sampled_from(list(CONTRACTS)), levels=st.integers(1, 200))
def test_the_book_is_sorted_uncrossed_and_repeatable(at, pair, levels):
    bids, asks = SHARED.book(pair, at, levels)
    again = SHARED.book(pair, at, levels)
    np.testing.assert_array_equal(bids, again[0])
    np.testing.assert_array_equal(asks, again[1])
    assert 1 <= len(bids) <= levels
    assert 1 <= len(asks) <= levels
    assert (np.diff(bids[:, 0]) < 0).all()
    assert (np.diff(asks[:, 0]) > 0).all()
    assert bids[0, 0] < asks[0, 0]
    assert_decimal(DataFrame(np.vstack([bids, asks])[:, :1]), CONTRACTS[pair].tick)
    assert_decimal(DataFrame(np.vstack([bids, asks])[:, 1:]), CONTRACTS[pair].step)
    assert_decimal(DataFrame([SHARED.price_at(pair, at)]), CONTRACTS[pair].tick)
    assert (bids > 0).all()
    assert (asks > 0).all()
    minute = at - at % MINUTE_MS
    bar = SHARED.candles(pair, "1m", minute, minute + 1).iloc[0]
    assert bar["low"] * (1 - 1e-9) <= SHARED.price_at(pair, at) <= bar["high"] * (1 + 1e-9)
    assert 0.5 * (bids[0, 0] + asks[0, 0]) == pytest.approx(SHARED.price_at(pair, at), rel=2e-3)


@many
@given(at=moments)
def test_mark_stays_close_to_the_last_price(at):
    mark = SHARED.mark(BTC, "1m", at, at + 60 * MINUTE_MS)
    last = SHARED.candles(BTC, "1m", at, at + 60 * MINUTE_MS)
    np.testing.assert_allclose(mark["close"], last["close"], rtol=1.5e-4)
    assert (mark["low"] <= mark[["open", "close"]].min(axis=1)).all()
    assert (mark["high"] >= mark[["open", "close"]].max(axis=1)).all()
