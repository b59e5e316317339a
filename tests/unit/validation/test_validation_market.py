"""Candle files: reading each format freqtrade writes, continuity, liquidity."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame

from hydra_quant.validation.market.candle_files import (
    CandleFileError,
    Candles,
    find_candles,
    read_candles,
)
from hydra_quant.validation.market.check import check_market
from hydra_quant.validation.market.liquidity import LiquidityLimits, check_liquidity, daily
from hydra_quant.validation.market.wicks import WickLimits

START = pd.Timestamp("2024-01-01", tz="UTC")
THIN = LiquidityLimits(quote_volume=1e-9, amihud=1e9)  # nothing is too thin
BTC = "futures/BTC_USDT_USDT-1h-futures.feather"


def table(rows: int = 240, volume: float = 1e5) -> DataFrame:
    close = 100 + np.sin(np.arange(rows))
    open_ = np.concatenate([[100.0], close[:-1]])
    return DataFrame({
        "date": pd.date_range(START, periods=rows, freq="h").as_unit("ms"),
        "open": open_, "high": np.maximum(open_, close) + 0.1,
        "low": np.minimum(open_, close) - 0.1, "close": close, "volume": np.full(rows, volume),
    })  # fmt: skip


def put(root: Path, name: str, candles: DataFrame) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".feather"):
        candles.to_feather(path)
    elif name.endswith(".parquet"):
        candles.to_parquet(path)
    else:
        rows = candles.assign(date=candles["date"].astype("int64")).values.tolist()
        text = json.dumps(rows).encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)


def named(root: Path, limits: LiquidityLimits = THIN) -> list[tuple[str, str, str]]:
    report = check_market(find_candles(root), WickLimits(), limits)
    hours = START.value // 10**6
    return [
        (f.check, f"{(f.first - hours) // 3_600_000}-{(f.last - hours) // 3_600_000}", f.what)
        for f in report.findings
    ]


@pytest.mark.parametrize(
    ("name", "pair", "market"),
    [
        (BTC, "BTC/USDT:USDT", "futures"),
        ("futures/BTC_USDT_USDT-1h.parquet", "BTC/USDT:USDT", "futures"),
        ("futures/BTC_USDT_USDT-1h-mark.feather", "BTC/USDT:USDT", "mark"),
        ("mark/1000PEPE_USDT_USDT-1h-mark.parquet", "1000PEPE/USDT:USDT", "mark"),
        ("BTC_USDT-1h.feather", "BTC/USDT", "spot"),
        ("spot/BTC_USDT-1h.parquet", "BTC/USDT", "spot"),
        ("BTC_USDT-1h.json.gz", "BTC/USDT", "spot"),
        ("futures/BTC_USDT_USDT-1h-futures.json", "BTC/USDT:USDT", "futures"),
    ],
)
def test_files_of_every_format_are_found_and_read(tmp_path, name, pair, market):
    put(tmp_path, name, table())
    (file,) = find_candles(tmp_path)
    assert (file.pair, file.market, file.timeframe) == (pair, market, "1h")
    candles = read_candles(file)
    assert candles.close.tolist() == table()["close"].tolist()
    assert np.isnan(candles.volume).all() == (market == "mark")
    assert named(tmp_path) == []


def test_what_is_no_candle_is_passed_over(tmp_path):
    put(tmp_path, BTC, table())
    for kind in ("8h-funding_rate", "1h-premiumIndex", "1h-open_interest"):
        put(tmp_path, f"futures/BTC_USDT_USDT-{kind}.feather", table())
    assert [str(file) for file in find_candles(tmp_path)] == [BTC]


def test_a_folder_without_candles_is_one_line(tmp_path):
    for folder, says in ((tmp_path, "no candle files"), (tmp_path / "no", "no such folder")):
        with pytest.raises(CandleFileError, match=says):
            find_candles(folder)


def test_any_missing_candle_is_a_gap(tmp_path):
    put(tmp_path, BTC, table().drop(index=[5, 100, 101]).reset_index(drop=True))
    assert named(tmp_path) == [
        ("gap", "5-5", "1 candle missing"),
        ("gap", "100-101", "2 candles missing"),
    ]


def shifted(rows: DataFrame) -> DataFrame:
    dates = rows["date"].where(rows.index != 9, rows["date"] + pd.Timedelta("7min"))
    return rows.assign(date=dates)


@pytest.mark.parametrize(
    ("name", "change", "found"),
    [
        ("repeated", lambda rows: rows.iloc[[*range(240), 7]],
         ["out of order", "duplicate"]),
        ("shifted", shifted, ["off the grid", "gap"]),
        ("swapped", lambda rows: rows.iloc[[1, 0, *range(2, 240)]], ["out of order"]),
        ("high too low", lambda rows: rows.assign(high=rows["high"].where(rows.index != 3, 1.0)),
         ["impossible"]),
        ("no price", lambda rows: rows.assign(close=rows["close"].where(rows.index != 3)),
         ["impossible"]),
        ("price of zero", lambda rows: rows.assign(low=rows["low"].where(rows.index != 3, 0.0)),
         ["impossible"]),
        ("no volume", lambda rows: rows.assign(volume=rows["volume"].where(rows.index != 3)),
         ["impossible"]),
        ("negative", lambda rows: rows.assign(volume=rows["volume"].where(rows.index != 3, -1.0)),
         ["impossible"]),
    ],
)  # fmt: skip
def test_each_defect_is_named(tmp_path, name, change, found):
    put(tmp_path, BTC, change(table()).reset_index(drop=True))
    assert [check for check, *_ in named(tmp_path)] == found, name


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_checked(tmp_path):
    put(tmp_path, BTC, table().drop(index=[5]).reset_index(drop=True))
    put(tmp_path, "ETH_USDT-1h.feather", table())
    whole = (tmp_path / "ETH_USDT-1h.feather").read_bytes()
    (tmp_path / "ETH_USDT-1h.feather").write_bytes(whole[: len(whole) // 2])
    put(tmp_path, "XRP_USDT-1h.parquet", table().drop(columns="close"))
    (tmp_path / "ADA_USDT-1h.json.gz").write_bytes(b"no gzip")
    (tmp_path / "SOL_USDT-1h.json").write_text("[[1, 2]]")
    put(tmp_path, "LTC_USDT-1h.parquet", table().assign(date=range(240)))
    put(tmp_path, "BNB_USDT-1h.parquet", table().iloc[:0])
    checks = sorted(check for check, *_ in named(tmp_path))
    assert checks == ["gap", *["unreadable"] * 6]


def test_amihud_and_volume_of_whole_days(tmp_path):
    put(tmp_path, BTC, table(rows=60))
    candles = read_candles(find_candles(tmp_path)[0])
    days = daily(candles)
    assert len(days) == 2  # the third day has half of its candles
    quote = float((candles.close[24:48] * 1e5).sum())
    assert days["quote_volume"].iloc[1] == pytest.approx(quote)
    impact = abs(np.log(candles.close[47] / candles.close[23])) / (quote / 1e6)
    assert days["amihud"].iloc[1] == pytest.approx(impact)


def test_too_thin_months_are_named_in_runs(tmp_path):
    rows = table(rows=24 * 150)  # January to May
    month = rows["date"].dt.month
    rows["volume"] = np.select([month == 1, month.isin([3, 4])], [1e3, 2e3], 1e5)
    put(tmp_path, BTC, rows)
    limits = LiquidityLimits(quote_volume=1e7, amihud=1e9)
    (file,) = find_candles(tmp_path)
    found = check_liquidity(file, daily(read_candles(file)), limits)
    assert [(f.count, pd.Timestamp(f.first, unit="ms").month) for f in found] == [(1, 1), (2, 3)]
    assert found[0].what.startswith("too thin for 1 month: 2,4")  # 24 x 1000 x about 100
    assert "USDT traded a day, less than 10,000,000" in found[0].what
    costly = check_liquidity(file, daily(read_candles(file)), LiquidityLimits(1e-9, 1e-4))
    assert [f.count for f in costly] == [1, 2]
    assert "Amihud" in costly[0].what


def test_a_price_that_moves_without_trade_is_too_thin(tmp_path):
    put(tmp_path, BTC, table(volume=0.0))
    checks = [what for check, _, what in named(tmp_path, LiquidityLimits()) if check == "too thin"]
    assert any("Amihud inf" in what for what in checks)


def test_liquidity_is_judged_once_a_pair_by_its_longest_file(tmp_path):
    put(tmp_path, BTC, table(volume=1.0))
    short = table(rows=100, volume=1.0)
    short["date"] = pd.date_range(START, periods=100, freq="5min").as_unit("ms")
    put(tmp_path, "futures/BTC_USDT_USDT-5m-futures.feather", short)
    report = check_market(find_candles(tmp_path), WickLimits(), LiquidityLimits())
    thin = [f.where for f in report.findings if f.check == "too thin"]
    assert set(thin) == {BTC}


def test_candles_can_be_taken_in_part(tmp_path):
    put(tmp_path, BTC, table())
    candles = read_candles(find_candles(tmp_path)[0])
    some = candles.take(np.array([3, 5]))
    assert isinstance(some, Candles)
    assert some.close.tolist() == candles.close[[3, 5]].tolist()
