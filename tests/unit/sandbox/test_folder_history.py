"""A folder as history: what is stored is served, what is not is built from whole candles."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.history import DAY, HOUR, MINUTE, START_MS, WalkHistory, write

from hydra_quant.sandbox.folder import FolderError, FolderHistory
from hydra_quant.sandbox.venue.resample import aggregate, sample

BTC, ETH = WalkHistory.pairs
ALL = (0, 2**60)
WALK = WalkHistory(days=12)


OHLCV = ("open", "high", "low", "close", "volume")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Own layout: BTC in 5m (last 3 days) and 1h, ETH in 1h, and derivatives of BTC."""
    root = tmp_path_factory.mktemp("data")
    late = START_MS + 9 * DAY
    five = WALK.candles(BTC, "5m", late, WALK.end_ms)
    write(root, "futures/BTC_USDT_USDT-5m", five, columns=OHLCV)
    for pair in (BTC, ETH):
        hours = WALK.candles(pair, "1h", *ALL)
        write(root, f"futures/{pair[:3]}_USDT_USDT-1h", hours, columns=OHLCV)
    write(root, "mark/BTC_USDT_USDT-1h-mark", WALK.mark(BTC, "1h", *ALL).assign(derived=False))
    rates = WALK.funding(BTC, *ALL).rename(columns={"rate": "funding_rate"})
    write(root, "funding/BTC_USDT_USDT-funding", rates)
    interest = WALK.open_interest(BTC, "1h", *ALL)
    names = {"contracts": "open_interest", "value": "open_interest_value"}
    write(root, "oi/BTC_USDT_USDT-1h-oi", interest.rename(columns=names))
    ratios = WALK.ratios(BTC, "4h", *ALL).rename(columns={"long_share": "long_ratio"})
    write(root, "bybit/BTC_USDT_USDT-4h-derivs", ratios, columns=("long_ratio",))
    return root


@pytest.fixture(scope="module")
def history(folder):
    return FolderHistory(folder)


def test_what_is_stored_is_served_as_it_is(history):
    for pair in (BTC, ETH):
        rows, truth = history.candles(pair, "1h", *ALL), WALK.candles(pair, "1h", *ALL)
        for name in ("time_ms", *OHLCV):
            assert rows[name].tolist() == truth[name].tolist()
        assert rows[["quote_volume", "trades", "taker_buy_volume"]].isna().all().all()
    assert (
        history.mark(BTC, "1h", *ALL)["low"].tolist() == WALK.mark(BTC, "1h", *ALL)["low"].tolist()
    )
    assert history.funding(BTC, *ALL).equals(WALK.funding(BTC, *ALL))
    assert history.open_interest(BTC, "1h", *ALL).equals(WALK.open_interest(BTC, "1h", *ALL))


def test_pairs_span_and_widths(history):
    assert history.pairs == (BTC, ETH)
    assert history.span(BTC) == history.span(ETH) == (START_MS, WALK.end_ms)
    assert history.timeframes(ETH) == ("1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w")
    assert "15m" in history.timeframes(BTC)
    assert "3m" not in history.timeframes(BTC)


def test_a_missing_width_is_built_from_the_source_that_reaches_back_furthest(history):
    rows, truth = history.candles(BTC, "4h", *ALL), WALK.candles(BTC, "4h", *ALL)
    for name in ("time_ms", "open", "high", "low", "close"):
        assert rows[name].tolist() == truth[name].tolist()
    np.testing.assert_allclose(rows["volume"], truth["volume"])


def test_weeks_begin_on_monday(history):
    weeks = pd.to_datetime(history.candles(BTC, "1w", *ALL)["time_ms"], unit="ms")
    assert [str(day.date()) for day in weeks] == ["2025-01-06"]


@settings(max_examples=50, deadline=None)
@given(start=st.integers(-DAY, 12 * DAY), length=st.integers(0, 2 * DAY))
def test_any_window_is_a_part_of_the_whole(history, start, length):
    low, high = START_MS + start, START_MS + start + length
    for timeframe in ("5m", "15m", "1h", "4h"):
        whole = history.candles(BTC, timeframe, *ALL)
        part = history.candles(BTC, timeframe, low, high)
        inside = whole[(whole["time_ms"] >= low) & (whole["time_ms"] < high)]
        assert part.equals(inside.reset_index(drop=True))


def test_snapshots_of_a_wider_period_are_those_on_its_grid(history):
    rows = history.open_interest(BTC, "4h", *ALL)
    assert rows.equals(WALK.open_interest(BTC, "4h", *ALL))
    assert history.open_interest(BTC, "5m", *ALL).empty
    shares = history.ratios(BTC, "12h", *ALL)
    assert shares["long_share"].tolist() == WALK.ratios(BTC, "4h", *ALL)["long_share"][::3].tolist()
    assert shares["top_account_long_share"].isna().all()


def test_what_is_not_held_is_empty_with_its_columns(history):
    assert list(history.funding(ETH, *ALL)) == ["time_ms", "rate"]
    assert history.mark(ETH, "1h", *ALL).empty
    assert history.candles(ETH, "5m", *ALL).empty
    assert list(history.liquidations(ETH, *ALL)) == ["time_ms", "side", "price", "amount"]
    bids, asks = history.book(BTC, START_MS, 5)
    assert bids.shape == asks.shape == (0, 2)


def test_a_pair_that_is_not_held_is_a_key_error(history):
    with pytest.raises(KeyError, match="FOO"):
        history.candles("FOO/USDT:USDT", "1h", *ALL)


def test_answers_are_fresh_and_repeatable(history):
    first = history.candles(BTC, "1h", *ALL)
    first.loc[:, "close"] = 0.0
    assert (history.candles(BTC, "1h", *ALL)["close"] > 0).all()


def test_freqtrades_own_directory(tmp_path):
    write(tmp_path, "futures/BTC_USDT_USDT-1h-futures", WALK.candles(BTC, "1h", *ALL), "feather")
    write(tmp_path, "futures/BTC_USDT_USDT-1h-mark", WALK.candles(BTC, "1h", *ALL), "feather")
    rates = WALK.funding(BTC, *ALL).rename(columns={"rate": "funding_rate"})
    write(tmp_path, "futures/BTC_USDT_USDT-1h-funding_rate", rates, "feather")
    names = {"contracts": "open_interest_amount", "value": "open_interest_value"}
    interest = WALK.open_interest(BTC, "1h", *ALL).rename(columns=names)
    write(tmp_path, "futures/BTC_USDT_USDT-1h-open_interest", interest, "feather")
    for root in (tmp_path, tmp_path / "futures"):
        history = FolderHistory(root)
        assert history.candles(BTC, "1h", *ALL).equals(WALK.candles(BTC, "1h", *ALL))
        assert history.mark(BTC, "1h", *ALL).equals(WALK.mark(BTC, "1h", *ALL))
        assert history.funding(BTC, *ALL).equals(WALK.funding(BTC, *ALL))
        assert history.open_interest(BTC, "1h", *ALL).equals(WALK.open_interest(BTC, "1h", *ALL))


def test_files_are_read_when_asked_for_and_memory_is_bounded(folder):
    history = FolderHistory(folder, cache_bytes=20_000)
    assert not history._cache
    history.candles(ETH, "1h", *ALL)
    assert len(history._cache) == 1
    history.verify()
    assert sum(series.nbytes for series in history._cache.values()) <= 20_000
    assert history.span(BTC) == (START_MS, WALK.end_ms)
    assert not set(history.candles(BTC, "1h", *ALL)) - set(WALK.candles(BTC, "1h", *ALL))


def test_verify_finds_the_bad_file_of_a_wanted_pair_only(tmp_path):
    write(tmp_path, "futures/BTC_USDT_USDT-1h", WALK.candles(BTC, "1h", *ALL))
    (tmp_path / "futures" / "ETH_USDT_USDT-1h.parquet").write_bytes(b"rotten")
    history = FolderHistory(tmp_path)
    history.verify((BTC,))
    with pytest.raises(FolderError, match="ETH_USDT_USDT-1h"):
        history.verify()


def test_half_a_candle_is_no_candle():
    minutes = WALK.candles(BTC, "1m", START_MS, START_MS + 15 * MINUTE)
    assert len(aggregate(minutes, "1m", "5m")) == 3
    assert aggregate(minutes.drop(index=7), "1m", "5m")["time_ms"].tolist() == [
        START_MS,
        START_MS + 10 * MINUTE,
    ]


def test_a_sum_with_an_unknown_part_is_unknown():
    minutes = WALK.candles(BTC, "1m", START_MS, START_MS + 10 * MINUTE)
    minutes.loc[7, "taker_buy_volume"] = np.nan
    wide = aggregate(minutes, "1m", "5m")
    assert wide["taker_buy_volume"].isna().tolist() == [False, True]
    assert wide["volume"].notna().all()


@settings(max_examples=30, deadline=None)
@given(first=st.integers(0, 300), rows=st.integers(1, 700))
def test_aggregation_agrees_with_pandas(first, rows):
    minutes = WALK.base[BTC].iloc[first : first + rows].reset_index(drop=True)
    ours = aggregate(minutes, "1m", "15m")
    indexed = minutes.set_index(pd.to_datetime(minutes["time_ms"], unit="ms"))
    bars = indexed.resample("15min")
    theirs = bars.agg({"open": "first", "high": "max", "low": "min", "close": "last"})
    theirs = theirs[bars.size() == 15]
    for name in ("open", "high", "low", "close"):
        assert ours[name].tolist() == theirs[name].tolist()
    assert sample(minutes, "1h")["time_ms"].mod(HOUR).eq(0).all()
