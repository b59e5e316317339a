"""Candle files as freqtrade stores them, read without judging what is in them."""

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.sandbox.venue.intervals import INTERVAL_MS

Floats = NDArray[np.float64]
PRICES = ("open", "high", "low", "close")
# freqtrade's folders, and the layout of `hydra-quant import`, where spot has a folder of its own.
FOLDERS = ("", "futures", "futures_1m", "mark", "spot")
_NAME = re.compile(
    r"(?P<pair>[A-Za-z0-9]+(_[A-Za-z0-9]+){1,2}(-\d{6})?)-(?P<width>\d+[mhdw])"
    r"(-(?P<type>futures|mark|\d{8}_\d{8}))?\.(?P<suffix>feather|parquet|json|json\.gz)"
)


class CandleFileError(ValueError):
    """A folder or file of candles that cannot be read: one line."""


@dataclass(frozen=True)
class CandleFile:
    """A file of candles.

    Attributes
    ----------
    path : Path
    pair : str
        ``'BTC/USDT:USDT'``.
    market : 'spot', 'futures' or 'mark'
    timeframe : str
    """

    path: Path
    pair: str
    market: str
    timeframe: str

    @property
    def asset(self) -> str:
        """Base and quote: what spot, perpetual and mark price have in common."""
        return self.pair.partition(":")[0]

    @property
    def width_ms(self) -> int:
        """Width of a candle."""
        return INTERVAL_MS[self.timeframe]

    def __str__(self) -> str:
        folder = self.path.parent.name
        return f"{folder}/{self.path.name}"


@dataclass(frozen=True)
class Candles:
    """Candles of one file, in its order.

    Attributes
    ----------
    file : CandleFile
    time_ms : int array of shape (n,), epoch ms
    open, high, low, close : float arrays of shape (n,), quote currency
    volume : float array of shape (n,), base currency; all NaN for mark prices
    """

    file: CandleFile
    time_ms: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.time_ms)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Candles":
        """Some of the candles."""
        columns = {name: getattr(self, name)[rows] for name in (*PRICES, "volume")}
        return Candles(self.file, self.time_ms[rows], **columns)


def find_candles(root: Path) -> list[CandleFile]:
    """Every candle file of a data directory, by timeframe.

    Raises
    ------
    CandleFileError
        When there is no such folder or none of its files holds candles.
    """
    if not root.is_dir():
        raise CandleFileError(f"{root}: no such folder; give freqtrade's user_data/data/EXCHANGE")
    paths = (path for folder in FOLDERS for path in sorted((root / folder).glob("*-*.*")))
    found = [file for file in map(_file, paths) if file is not None]
    if not found:
        raise CandleFileError(
            f"{root}: no candle files; expected names like BTC_USDT-5m.feather or "
            "futures/BTC_USDT_USDT-5m-futures.feather"
        )
    return sorted(found, key=lambda file: INTERVAL_MS[file.timeframe])


def _file(path: Path) -> CandleFile | None:
    match = _NAME.fullmatch(path.name)
    if match is None or match["width"] not in INTERVAL_MS:
        return None
    base, quote, *settle = match["pair"].split("_")
    pair = f"{base}/{quote}" + (f":{settle[0]}" if settle else "")
    market = "mark" if match["type"] == "mark" else "futures" if settle else "spot"
    return CandleFile(path, pair, market, match["width"])


def read_candles(file: CandleFile) -> Candles:
    """Read a file; whatever is wrong in its rows is for the checks to say.

    Raises
    ------
    CandleFileError
        When it cannot be read, or lacks a column.
    """
    table = _table(file.path)
    needed = ("date", *PRICES, *(("volume",) if file.market != "mark" else ()))
    for name in needed:
        if name not in table.columns:
            raise CandleFileError(f"{file.path}: column '{name}' is missing")
        if name != "date" and not pd.api.types.is_numeric_dtype(table[name]):
            raise CandleFileError(f"{file.path}: column '{name}' is {table[name].dtype}")
    if table.empty:
        raise CandleFileError(f"{file.path}: no rows")
    if not pd.api.types.is_datetime64_any_dtype(table["date"]) or table["date"].isna().any():
        raise CandleFileError(f"{file.path}: column 'date' is not all times")
    time_ms = pd.DatetimeIndex(table["date"]).as_unit("ms").asi8
    table = table if file.market != "mark" else table.assign(volume=np.nan)
    names = (*PRICES, "volume")
    columns = {name: table[name].to_numpy(np.float64, na_value=np.nan) for name in names}
    return Candles(file, time_ms, **columns)


def _table(path: Path) -> DataFrame:
    try:
        if path.suffix == ".feather":
            return pd.read_feather(path)
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return _from_json(path)
    except (OSError, EOFError, ValueError, TypeError, OverflowError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CandleFileError(f"{path}: not readable ({reason})") from None


def _from_json(path: Path) -> DataFrame:
    """freqtrade's JSON: rows of date (epoch ms), open, high, low, close, volume."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    table = DataFrame(json.loads(text), columns=["date", *PRICES, "volume"])
    return table.assign(date=pd.to_datetime(table["date"], unit="ms", utc=True))
