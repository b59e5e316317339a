"""Candles out of folders: as stored, filled as freqtrade fills, or put together."""

import pandas as pd
import pytest
from pandas import DataFrame
from support.market_files import dates, put

from hydra_quant.collectors.files import FileError
from hydra_quant.heads import candles

STEM = "BTC_USDT_USDT"


def hourly(n=48, freq="h"):
    at = dates(n, freq)
    close = [100.0 + i for i in range(n)]
    return DataFrame({
        "date": at, "open": close, "high": [c + 2 for c in close], "low": [c - 2 for c in close],
        "close": [c + 1 for c in close], "volume": 10.0,
    })  # fmt: skip


def test_wide_candles_are_made_of_narrow_ones(tmp_path):
    put(tmp_path / f"futures/{STEM}-1h.parquet", hourly().iloc[1:])
    found, venue = candles.read_candles(tmp_path, STEM, "4h")
    assert venue == "binance"
    # the first four hours lack one: only whole candles count
    assert found["date"].iloc[0] == dates(1, "h")[0] + pd.Timedelta("4h")
    assert found.iloc[0][["open", "high", "low", "close", "volume"]].tolist() == [
        *(104.0, 109.0, 102.0, 108.0, 40.0)
    ]
    assert len(found) == 11
    assert str(found["date"].dt.tz) == "UTC"


def test_the_width_that_is_stored_comes_first(tmp_path):
    put(tmp_path / f"futures/{STEM}-1h.parquet", hourly())
    put(tmp_path / f"bybit/{STEM}-4h-derivs.parquet", hourly(12, "4h").assign(long_ratio=0.5))
    found, venue = candles.read_candles(tmp_path, STEM, "4h")
    assert (venue, len(found), found["close"].iloc[-1]) == ("bybit", 12, 112.0)
    assert candles.read_candles(tmp_path, STEM, "1h")[1] == "binance"
    assert candles.read_candles(tmp_path, STEM, "15m") is None  # never from wider ones


def test_holes_are_filled_as_freqtrade_fills_them(tmp_path):
    put(tmp_path / f"futures/{STEM}-1h.csv", hourly().drop(index=[5, 6]))
    found, _ = candles.read_candles(tmp_path, STEM, "1h")
    assert len(found) == 48
    assert found.iloc[5][["open", "high", "low", "close", "volume"]].tolist() == [105.0] * 4 + [0.0]


def test_pairs_are_found_by_their_files(tmp_path):
    put(tmp_path / f"futures/{STEM}-1h.parquet", hourly())
    put(tmp_path / "futures/notes.parquet", hourly())
    put(tmp_path / "bybit/SOL_USDT_USDT-4h-derivs.parquet", hourly(12, "4h"))
    found = candles.find_pairs(tmp_path)
    assert found == {"BTC/USDT:USDT": STEM, "SOL/USDT:USDT": "SOL_USDT_USDT"}
    assert list(candles.choose(found, ["SOL"], tmp_path)) == ["SOL/USDT:USDT"]
    assert candles.choose(found, [], tmp_path) == found
    with pytest.raises(FileError, match="no candles of ETH/USDT; there are: SOL"):
        candles.choose(found, ["ETH/USDT"], tmp_path)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(FileError, match="no such folder"):
        candles.find_pairs(tmp_path / "nowhere")
    with pytest.raises(FileError, match="no candles; looked for names like"):
        candles.choose(candles.find_pairs(tmp_path), [], tmp_path)
    with pytest.raises(FileError, match="timeframe '3h' is not known; one of 1m"):
        candles.minutes_of("3h")
    put(tmp_path / f"futures/{STEM}-1h.parquet", hourly().drop(columns="volume"))
    with pytest.raises(FileError, match=r"BTC_USDT_USDT-1h.parquet: column 'volume' is missing"):
        candles.read_candles(tmp_path, STEM, "1h")
    put(tmp_path / f"futures/{STEM}-1h.parquet", hourly().assign(low=0.0))
    with pytest.raises(FileError, match="prices must be above 0"):
        candles.read_candles(tmp_path, STEM, "1h")


def test_only_candles_that_closed_by_then_count():
    found = candles.until(hourly(), dates(1, "h")[0] + pd.Timedelta("10h"), 60)
    assert len(found) == 10
