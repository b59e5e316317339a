"""Candle files reach freqtrade through its own download, real ones too."""

import os
from pathlib import Path

import pytest
from support.freqtrade_cli import Freqtrade
from support.history import HOUR, START_MS, WalkHistory, write
from support.venue import venue

from hydra_quant.sandbox.folder import FolderHistory
from hydra_quant.sandbox.venue.clock import moment_ms

pytestmark = pytest.mark.contract

BTC = "BTC/USDT:USDT"
OHLCV = ["open", "high", "low", "close", "volume"]
ALL = (0, 2**60)
REAL = Path(os.environ.get("HYDRA_DATA", Path(__file__).parents[3] / "shared" / "data"))


def same(stored, truth, columns):
    assert len(stored) == len(truth) > 0
    for name in ("time_ms", *columns):
        assert stored[name].tolist() == truth[name].tolist(), name


def test_a_folder_comes_back_row_for_row_and_again_from_freqtrades_own_store(tmp_path):
    walk, folder = WalkHistory(days=4), tmp_path / "candles"
    write(folder, "futures/BTC_USDT_USDT-5m", walk.candles(BTC, "5m", *ALL), columns=OHLCV)
    write(folder, "mark/BTC_USDT_USDT-1h-mark", walk.mark(BTC, "1h", *ALL))
    rates = walk.funding(BTC, *ALL).rename(columns={"rate": "funding_rate"})
    write(folder, "funding/BTC_USDT_USDT-funding", rates)
    with venue("--data", str(folder)) as running:
        assert running.get("/fapi/v1/time") == {"serverTime": walk.end_ms}
        info = running.get("/fapi/v1/exchangeInfo")["symbols"]
        assert [(s["symbol"], s["onboardDate"]) for s in info] == [("BTCUSDT", START_MS)]
        freqtrade = Freqtrade.at(tmp_path / "bot", running, (BTC,))
        done = freqtrade.run("download-data", "-t", "5m", "1h", "--timerange", "20241220-20250105")
        assert done.returncode == 0, done.stderr
        assert running.status()["unknown"] == {}
    stored = FolderHistory(tmp_path / "bot" / "user_data" / "data" / "binance")
    assert stored.pairs == (BTC,)
    same(stored.candles(BTC, "5m", *ALL), walk.candles(BTC, "5m", *ALL), OHLCV)
    hours = FolderHistory(folder).candles(BTC, "1h", *ALL)
    same(stored.candles(BTC, "1h", *ALL), hours, OHLCV)
    same(stored.mark(BTC, "1h", *ALL), walk.mark(BTC, "1h", *ALL), OHLCV[:4])
    # freqtrade itself puts a settlement that is stamped a little late on its full hour
    settled = walk.funding(BTC, *ALL)
    on_the_hour = settled.assign(time_ms=settled["time_ms"] // HOUR * HOUR)
    same(stored.funding(BTC, *ALL), on_the_hour, ["rate"])


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real market data at {REAL}; set HYDRA_DATA")
def test_real_candles_reach_freqtrade_unchanged(tmp_path):
    pairs = (BTC, "SOL/USDT:USDT")
    start, end = moment_ms("2024-03-10"), moment_ms("2024-03-17")
    with venue("--data", str(REAL), "--pairs", *pairs, "--now", "2024-04-01") as running:
        freqtrade = Freqtrade.at(tmp_path, running, pairs)
        done = freqtrade.run("download-data", "-t", "5m", "1h", "--timerange", "20240310-20240317")
        assert done.returncode == 0, done.stderr
    stored = FolderHistory(tmp_path / "user_data" / "data" / "binance")
    truth = FolderHistory(REAL)
    for pair in pairs:
        for timeframe in ("5m", "1h"):
            rows = stored.candles(pair, timeframe, start, end)
            same(rows, truth.candles(pair, timeframe, start, end), OHLCV)
        same(stored.mark(pair, "1h", start, end), truth.mark(pair, "1h", start, end), OHLCV[:4])
        same(stored.funding(pair, start, end), truth.funding(pair, start, end), ["rate"])
    # a level anyone can check: the record of March 2024
    assert stored.candles(BTC, "1h", start, end)["high"].max() == pytest.approx(73_881, abs=1)
