"""Candles out of a folder of market data: the widths that it holds, and wider ones from them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame

from hydra_quant.collectors.files.layout import PAIR
from hydra_quant.collectors.files.table import SUFFIXES, FileError, numbers, read_table, times

MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "8h": 480}
PRICES = ("open", "high", "low", "close", "volume")
# Folder, name, whose candles: the first that a pair has is taken. The venue whose accounts are
# counted comes first, as its prices belong to them.
PLACES = (
    ("bybit", "{pair}-{width}-derivs", "bybit"),
    ("futures", "{pair}-{width}", "binance"),
    ("bybit", "{pair}-{width}", "bybit"),
)
MIN_CANDLES = 50


def minutes_of(timeframe: str) -> int:
    """Width of a candle.

    Raises
    ------
    FileError
        For a width that is not known.
    """
    if timeframe not in MINUTES:
        raise FileError(f"timeframe '{timeframe}' is not known; one of {', '.join(MINUTES)}")
    return MINUTES[timeframe]


def find_pairs(root: Path) -> dict[str, str]:
    """Pairs with candles below a folder: ``'BTC/USDT:USDT'`` by its file name's beginning.

    Raises
    ------
    FileError
        When there is no such folder.
    """
    if not root.is_dir():
        raise FileError(f"{root}: no such folder; give the one that holds futures/, funding/, oi/")
    found = {}
    for folder in sorted({place[0] for place in PLACES}):
        for path in sorted((root / folder).glob("*")):
            match = re.fullmatch(rf"({PAIR})-\w+(-derivs)?", path.stem)
            if match and path.suffix in SUFFIXES:
                settle = f":{match['settle']}" if match["settle"] else ""
                found[f"{match['base']}/{match['quote']}{settle}"] = match[1]
    return found


def read_candles(root: Path, stem: str, timeframe: str) -> tuple[DataFrame, str] | None:
    """Candles of a pair, and whose they are.

    Of this width as they are stored; else put together from the widest narrower ones.

    Parameters
    ----------
    root : Path
    stem : beginning of the pair's file names, ``'BTC_USDT_USDT'``
    timeframe : one of `MINUTES`

    Returns
    -------
    (DataFrame, str) or None
        date (open time, UTC), open, high, low, close, volume, oldest first, without holes (see
        `without_holes`); and the venue. None when no file could give them.

    Raises
    ------
    FileError
        When a file is damaged or lacks a column.
    """
    found = next(_fitting(root, stem, timeframe), None)
    if found is None:
        return None
    path, venue, width = found
    candles = without_holes(_read(path), MINUTES[width])
    return (candles if width == timeframe else widened(candles, MINUTES[timeframe])), venue


def has(root: Path, stem: str, timeframe: str) -> bool:
    """Whether a pair's candles of this width are there or can be put together."""
    return any(True for _ in _fitting(root, stem, timeframe))


def _fitting(root: Path, stem: str, timeframe: str) -> Iterator[tuple[Path, str, str]]:
    """Files that could give candles of this width, the best first: path, venue, own width."""
    wanted = minutes_of(timeframe)
    for width in sorted(MINUTES, key=MINUTES.__getitem__, reverse=True):
        if wanted % MINUTES[width] == 0:
            yield from ((path, venue, width) for path, venue in _stored(root, stem, width))


def _stored(root: Path, stem: str, width: str) -> Iterator[tuple[Path, str]]:
    for folder, name, venue in PLACES:
        for suffix in SUFFIXES:
            path = root / folder / f"{name.format(pair=stem, width=width)}{suffix}"
            if path.is_file():
                yield path, venue


def _read(path: Path) -> DataFrame:
    table = read_table(path)
    at = pd.DatetimeIndex(times(path, table).astype("datetime64[ms]"), tz="UTC")
    found = DataFrame({"date": at, **{name: numbers(path, table, name) for name in PRICES}})
    found = found.dropna(subset=["close"]).drop_duplicates("date", keep="last")
    found = found.sort_values("date", ignore_index=True)
    if found.empty or not (found[["open", "high", "low", "close"]] > 0).all(axis=None):
        raise FileError(f"{path}: prices must be above 0; fetch it again")
    return found


def without_holes(candles: DataFrame, minutes: int) -> DataFrame:
    """Fill missing candles as freqtrade does: flat at the last close, without volume."""
    at = candles["date"].dt.as_unit("ms")
    width = pd.Timedelta(minutes=minutes)
    grid = pd.date_range(at.iloc[0].floor(width), at.iloc[-1], freq=width, unit="ms", name="date")
    filled = candles.set_index(at).reindex(grid)[list(PRICES)]
    filled["close"] = filled["close"].ffill()
    for name in ("open", "high", "low"):
        filled[name] = filled[name].fillna(filled["close"])
    filled["volume"] = filled["volume"].fillna(0.0)
    whole: DataFrame = filled.dropna().reset_index()
    return whole


def widened(candles: DataFrame, minutes: int) -> DataFrame:
    """Wider candles, aligned to midnight UTC, out of narrower ones; incomplete ends are left out.

    Parameters
    ----------
    candles : DataFrame without holes
    minutes : their new width
    """
    step = candles["date"].diff().min()
    bucket = candles["date"].dt.floor(pd.Timedelta(minutes=minutes))
    wide = candles.groupby(bucket, sort=True).agg(
        open=("open", "first"), high=("high", "max"), low=("low", "min"), close=("close", "last"),
        volume=("volume", "sum"), parts=("close", "size"),
    )  # fmt: skip
    whole = wide["parts"].to_numpy() == round(pd.Timedelta(minutes=minutes) / step)
    found: DataFrame = wide.loc[whole, list(PRICES)].rename_axis("date").reset_index()
    return found


def choose(found: dict[str, str], asked: Sequence[str], root: Path) -> dict[str, str]:
    """Those of the pairs that were asked for; all without a wish.

    ``BTC`` and ``BTC/USDT`` mean every pair that begins so.

    Raises
    ------
    FileError
        When one is not there, naming what is.
    """
    if not found:
        raise FileError(
            f"{root}: no candles; looked for names like futures/BTC_USDT_USDT-1h.parquet"
        )
    if not asked:
        return found
    chosen = {}
    for wish in asked:
        fitting = [pair for pair in found if wish in (pair, pair.split(":")[0], pair.split("/")[0])]
        if not fitting:
            raise FileError(f"{root}: no candles of {wish}; there are: {', '.join(found)}")
        chosen.update({pair: found[pair] for pair in fitting})
    return chosen


def until(candles: DataFrame, last_close: pd.Timestamp | None, minutes: int) -> DataFrame:
    """Candles that closed by then."""
    if last_close is None:
        return candles
    closes = candles["date"] + np.timedelta64(minutes, "m")
    return candles[closes <= last_close].reset_index(drop=True)
