"""Candle files: recognised by name, read strictly, refused in one line."""

import numpy as np
import pandas as pd
import pytest

from hydra_quant.sandbox.venue.files import (
    FolderError,
    SeriesKey,
    find_files,
    key_of,
    read_series,
)

BTC = "BTC/USDT:USDT"
FIVE = SeriesKey(BTC, "candles", "5m")


def candles(rows=6):
    date = pd.date_range("2025-01-01", periods=rows, freq="5min", tz="UTC")
    close = 100.0 + np.arange(rows)
    return pd.DataFrame(
        {
            "date": date,
            "open": close - 1,
            "high": close + 2,
            "low": close - 2,
            "close": close,
            "volume": 5.0,
        }
    )


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("BTC_USDT_USDT-5m.parquet", FIVE),
        ("BTC_USDT_USDT-5m-futures.feather", FIVE),
        ("BTC_USDT_USDT-1m-20250127_20250226.parquet", SeriesKey(BTC, "candles", "1m")),
        ("BTC_USDT_USDT-1h-mark.feather", SeriesKey(BTC, "mark", "1h")),
        ("BTC_USDT_USDT-funding.parquet", SeriesKey(BTC, "funding", "")),
        ("BTC_USDT_USDT-8h-funding_rate.feather", SeriesKey(BTC, "funding", "")),
        ("BTC_USDT_USDT-1h-oi.parquet", SeriesKey(BTC, "open_interest", "1h")),
        ("BTC_USDT_USDT-5m-open_interest.feather", SeriesKey(BTC, "open_interest", "5m")),
        ("BTC_USDT_USDT-4h-derivs.parquet", SeriesKey(BTC, "ratios", "4h")),
        ("1000PEPE_USDT_USDT-1h.parquet", SeriesKey("1000PEPE/USDT:USDT", "candles", "1h")),
        ("BTC_USDT-1h.parquet", None),
        ("BTC_USDT_USDT-trades.feather", None),
        ("BTC_USDT_USDT-1h-premiumIndex.feather", None),
        ("BTC_USDT_USDT-7m.parquet", None),
        ("BTC_USDT_USDT-5m.csv", None),
    ],
)
def test_what_a_name_says(name, key):
    assert key_of(name) == key


def test_another_venues_candles_are_not_mixed_in(tmp_path):
    for folder in ("futures", "bybit"):
        (tmp_path / folder).mkdir()
        candles().to_parquet(tmp_path / folder / "BTC_USDT_USDT-5m.parquet")
    (tmp_path / "bybit" / "BTC_USDT_USDT-4h-derivs.parquet").touch()
    found = find_files(tmp_path)
    assert found[FIVE].parent.name == "futures"
    assert set(found) == {FIVE, SeriesKey(BTC, "ratios", "4h")}


def test_one_series_in_two_files_is_refused(tmp_path):
    candles().to_parquet(tmp_path / "BTC_USDT_USDT-5m.parquet")
    candles().to_feather(tmp_path / "BTC_USDT_USDT-5m-futures.feather")
    with pytest.raises(FolderError, match="holds the same series"):
        find_files(tmp_path)


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_without_candles_is_refused(tmp_path, make):
    folder = tmp_path / "data"
    if make:
        folder.mkdir()
    with pytest.raises(FolderError, match="futures"):
        find_files(folder)


@pytest.mark.parametrize("suffix", ["parquet", "feather"])
@pytest.mark.parametrize("naive", [False, True])
@pytest.mark.parametrize("unit", ["ns", "ms"])
def test_times_and_values_survive(tmp_path, suffix, naive, unit):
    path, frame = tmp_path / f"BTC_USDT_USDT-5m.{suffix}", candles()
    frame["date"] = (frame["date"].dt.tz_localize(None) if naive else frame["date"]).dt.as_unit(
        unit
    )
    getattr(frame, f"to_{suffix}")(path)
    series = read_series(path, FIVE)
    assert series.time_ms.tolist() == [1_735_689_600_000 + n * 300_000 for n in range(6)]
    assert series.columns["close"].tolist() == frame["close"].tolist()


def test_frames_are_fresh(tmp_path):
    path = tmp_path / "BTC_USDT_USDT-5m.parquet"
    candles().to_parquet(path)
    series = read_series(path, FIVE)
    given = series.frame(0, 2**60, ["close"])
    given.loc[:, "close"] = -1.0
    assert series.columns["close"].min() == 100.0


def _set(column, value, row=2):
    def spoil(frame):
        frame.loc[row, column] = value
        return frame

    return spoil


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda f: f.drop(columns="close"), "column 'close' is missing"),
        (lambda f: f.drop(columns="date"), "column 'date' is missing"),
        (lambda f: f.assign(date=range(len(f))), "not a time"),
        (lambda f: f.assign(close=f["close"].astype(str)), "not numbers"),
        (lambda f: f.iloc[::-1].reset_index(drop=True), "unsorted time"),
        (lambda f: pd.concat([f.head(3), f.tail(5)], ignore_index=True), "duplicate time"),
        (lambda f: f.head(0), "no rows"),
        (lambda f: f.assign(date=f["date"] + pd.Timedelta("1min")), "opening time"),
        (_set("close", np.nan), "empty or infinite price at 2025-01-01 00:10"),
        (_set("high", np.inf), "empty or infinite price"),
        (_set("low", 0.0), "not above zero"),
        (_set("high", 90.0), "another price exceeds"),
        (_set("volume", -1.0), "volume that is empty or negative"),
    ],
)
def test_a_bad_file_is_one_line_with_file_problem_and_remedy(tmp_path, spoil, problem):
    path = tmp_path / "BTC_USDT_USDT-5m.parquet"
    spoil(candles(rows=7)).to_parquet(path)
    with pytest.raises(FolderError, match=problem) as error:
        read_series(path, FIVE)
    text = str(error.value)
    assert "\n" not in text
    assert str(path) in text
    assert "download it again" in text


@pytest.mark.parametrize("suffix", ["parquet", "feather"])
@pytest.mark.parametrize("content", [b"", b"not a candle file" * 100])
def test_a_file_of_another_kind_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"BTC_USDT_USDT-5m.{suffix}"
    path.write_bytes(content)
    with pytest.raises(FolderError, match=f"not a readable {suffix} file") as error:
        read_series(path, FIVE)
    assert "\n" not in str(error.value)


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "BTC_USDT_USDT-5m.parquet"
    candles().to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FolderError, match="not a readable parquet file"):
        read_series(path, FIVE)


def test_gaps_are_real_and_stay(tmp_path):
    path = tmp_path / "BTC_USDT_USDT-5m.parquet"
    candles().drop(index=3).to_parquet(path)
    assert len(read_series(path, FIVE).time_ms) == 5


@pytest.mark.parametrize(
    ("kind", "columns", "known_as"),
    [
        ("funding", {"funding_rate": [1e-4, np.nan, -2e-4]}, ["rate"]),
        ("funding", {"open": [1e-4, np.nan, -2e-4], "close": 0.0}, ["rate"]),
        (
            "open_interest",
            {"open_interest": [1.0, np.nan, 3.0], "open_interest_value": 7.0},
            ["contracts", "value"],
        ),
        (
            "open_interest",
            {"open_interest_amount": [1.0, 2.0, 3.0], "open_interest_value": [5.0, np.nan, 7.0]},
            ["contracts", "value"],
        ),
        ("ratios", {"long_ratio": [0.4, np.nan, 0.6], "open": 1.0}, ["long_share"]),
    ],
)
def test_unknown_values_of_derivative_series_are_left_out(tmp_path, kind, columns, known_as):
    # a real settlement may be stamped some milliseconds late; that time is kept
    date = pd.to_datetime([0, 28_800_007, 57_600_000], unit="ms", utc=True)
    path = tmp_path / "any.parquet"
    pd.DataFrame({"date": date, **columns}).to_parquet(path)
    series = read_series(path, SeriesKey(BTC, kind, "4h"))
    assert series.time_ms.tolist() == [0, 57_600_000]
    assert list(series.columns) == known_as
