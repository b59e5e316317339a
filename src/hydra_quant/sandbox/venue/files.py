"""Candle files on disk: finding them, reading them, and saying plainly what is wrong with one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.sandbox.venue.intervals import INTERVAL_MS, anchor_ms

# Where files are looked for below the folder. Another venue's candles (``bybit/``) count for their
# positioning only: mixed into the candles they would be prices from another market.
FOLDERS = ("", "futures", "futures_1m", "mark", "funding", "oi", "bybit")
_ONLY_RATIOS = ("bybit",)

_NAME = re.compile(r"^(?P<pair>[A-Z0-9]+_[A-Z0-9]+_[A-Z0-9]+)-(?P<rest>[\w-]+)\.(parquet|feather)$")
_KINDS = (
    (re.compile(r"^(?P<tf>\d+[mhdw])(-futures|-\d{8}_\d{8})?$"), "candles"),
    (re.compile(r"^(?P<tf>\d+[mhdw])-mark$"), "mark"),
    (re.compile(r"^((?P<tf>\d+[mhdw])-)?funding(_rate)?$"), "funding"),
    (re.compile(r"^(?P<tf>\d+[mhdw])-(oi|open_interest)$"), "open_interest"),
    (re.compile(r"^(?P<tf>\d+[mhdw])-derivs$"), "ratios"),
)

_OHLC = ("open", "high", "low", "close")
# What each kind must hold, under the names of our own layout or of freqtrade's (old and new).
_NEEDED: dict[str, tuple[dict[str, str], ...]] = {
    "candles": ({name: name for name in (*_OHLC, "volume")},),
    "mark": ({name: name for name in _OHLC},),
    "funding": ({"funding_rate": "rate"}, {"open": "rate"}),
    "open_interest": (
        {"open_interest": "contracts", "open_interest_value": "value"},
        {"open_interest_amount": "contracts", "open_interest_value": "value"},
    ),
    "ratios": ({"long_ratio": "long_share"},),
}
_EXTRA = {
    "candles": {
        "quote_volume": "quote_volume",
        "turnover": "quote_volume",
        "trades": "trades",
        "taker_buy_volume": "taker_buy_volume",
    }
}
_REPAIR = "download it again, or move it out of the folder"


class FolderError(ValueError):
    """A folder or file that cannot be served: one line with the file, the problem, the remedy."""


@dataclass(frozen=True)
class SeriesKey:
    """Which series a file holds; `timeframe` is ``''`` for funding."""

    pair: str
    kind: str
    timeframe: str


@dataclass(frozen=True)
class Series:
    """One file's rows.

    Parameters
    ----------
    time_ms : ndarray of int64, shape (n,), strictly rising
    columns : dict of ndarray of float64, shape (n,)
    """

    time_ms: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64]]

    @property
    def nbytes(self) -> int:
        """Memory held, bytes."""
        return self.time_ms.nbytes + sum(values.nbytes for values in self.columns.values())

    def frame(self, start_ms: int, end_ms: int, columns: Sequence[str]) -> DataFrame:
        """Rows with start <= time < end, as a fresh frame; columns not held are NaN."""
        low, high = np.searchsorted(self.time_ms, (start_ms, max(start_ms, end_ms)))
        rows = {
            name: self.columns[name][low:high]
            if name in self.columns
            else np.full(high - low, np.nan)
            for name in columns
        }
        return DataFrame({"time_ms": self.time_ms[low:high], **rows}, copy=True)


def find_files(root: Path) -> dict[SeriesKey, Path]:
    """Every series file below `root`.

    Raises
    ------
    FolderError
        If the folder does not exist, holds no candle file, or holds one series twice.
    """
    if not root.is_dir():
        raise FolderError(f"{root}: no such folder; give the folder that holds futures/")
    found: dict[SeriesKey, Path] = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).glob("*-*.*")):
            key = key_of(path.name)
            if key is None or (folder in _ONLY_RATIOS and key.kind != "ratios"):
                continue
            if key in found:
                raise FolderError(
                    f"{path}: {found[key]} holds the same series; move one of them away"
                )
            found[key] = path
    if not any(key.kind == "candles" for key in found):
        raise FolderError(
            f"{root}: no candle files; expected futures/BTC_USDT_USDT-5m.parquet or "
            "futures/BTC_USDT_USDT-5m-futures.feather"
        )
    return found


def key_of(name: str) -> SeriesKey | None:
    """What a file of this name holds; None for a file that is none of ours."""
    match = _NAME.match(name)
    if match is None:
        return None
    base, quote, settle = match["pair"].split("_")
    for pattern, kind in _KINDS:
        inner = pattern.match(match["rest"])
        if inner is None:
            continue
        timeframe = "" if kind == "funding" else inner["tf"]
        if timeframe and timeframe not in INTERVAL_MS:
            return None
        return SeriesKey(f"{base}/{quote}:{settle}", kind, timeframe)
    return None


def read_series(path: Path, key: SeriesKey) -> Series:
    """Read and check one file; nothing in it is repaired.

    Rows of funding, open interest and ratios whose value is unknown are left out. A candle with an
    unknown or impossible price makes the file unusable.

    Raises
    ------
    FolderError
        Naming the file, the problem and the remedy.
    """
    raw = _read(path)
    time_ms = _times(path, raw)
    columns = _columns(path, raw, key.kind)
    if key.kind in ("candles", "mark"):
        _check_grid(path, time_ms, key.timeframe)
        _check_prices(path, time_ms, columns)
        return Series(time_ms, columns)
    whole = np.logical_and.reduce([np.isfinite(values) for values in columns.values()])
    return Series(time_ms[whole], {name: values[whole] for name, values in columns.items()})


def _read(path: Path) -> DataFrame:
    try:
        return pd.read_feather(path) if path.suffix == ".feather" else pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's own errors are subclasses of ValueError
        reason = str(error).splitlines()[0]
        kind = path.suffix[1:]
        raise FolderError(f"{path}: not a readable {kind} file ({reason}); {_REPAIR}") from None


def _times(path: Path, raw: DataFrame) -> NDArray[np.int64]:
    if "date" not in raw.columns:
        raise FolderError(f"{path}: column 'date' is missing; {_REPAIR}")
    if not pd.api.types.is_datetime64_any_dtype(raw["date"]):
        raise FolderError(f"{path}: column 'date' is {raw['date'].dtype}, not a time; {_REPAIR}")
    if raw["date"].isna().any():
        raise FolderError(f"{path}: column 'date' has empty cells; {_REPAIR}")
    dates = raw["date"] if raw["date"].dt.tz is not None else raw["date"].dt.tz_localize("UTC")
    times = dates.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[ms]")
    time_ms: NDArray[np.int64] = times.astype(np.int64)
    if not len(time_ms):
        raise FolderError(f"{path}: no rows; {_REPAIR}")
    steps = np.diff(time_ms)
    for problem, bad in (("duplicate", steps == 0), ("unsorted", steps < 0)):
        if bad.any():
            at = raw["date"].iloc[int(np.argmax(bad)) + 1]
            raise FolderError(f"{path}: {problem} time {at}; {_REPAIR}")
    return time_ms


def _columns(path: Path, raw: DataFrame, kind: str) -> dict[str, NDArray[np.float64]]:
    layout = next((n for n in _NEEDED[kind] if set(n) <= set(raw.columns)), None)
    if layout is None:
        lacking = [name for name in _NEEDED[kind][0] if name not in raw.columns]
        raise FolderError(f"{path}: column '{lacking[0]}' is missing; {_REPAIR}")
    extra = {n: to for n, to in _EXTRA.get(kind, {}).items() if n in raw.columns}
    columns = {}
    for name, known_as in {**layout, **extra}.items():
        if not pd.api.types.is_numeric_dtype(raw[name]):
            raise FolderError(
                f"{path}: column '{name}' is {raw[name].dtype}, not numbers; {_REPAIR}"
            )
        columns[known_as] = raw[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return columns


def _check_grid(path: Path, time_ms: NDArray[np.int64], timeframe: str) -> None:
    off = (time_ms - anchor_ms(timeframe)) % INTERVAL_MS[timeframe] != 0
    if off.any():
        raise FolderError(
            f"{path}: {_at(time_ms, off)} is no {timeframe} candle's opening time; {_REPAIR}"
        )


def _check_prices(
    path: Path, time_ms: NDArray[np.int64], columns: dict[str, NDArray[np.float64]]
) -> None:
    prices = np.stack([columns[name] for name in _OHLC])
    top, low = columns["high"], columns["low"]
    wrong: dict[str, NDArray[np.bool_]] = {
        "an empty or infinite price": np.any(~np.isfinite(prices), axis=0, keepdims=True)[0],
        "a price that is not above zero": np.any(prices <= 0, axis=0, keepdims=True)[0],
        "a high or low that another price exceeds": np.any(
            (prices > top) | (prices < low), axis=0, keepdims=True
        )[0],
    }
    if "volume" in columns:
        wrong["a volume that is empty or negative"] = ~(columns["volume"] >= 0)
    for problem, bad in wrong.items():
        if bad.any():
            raise FolderError(f"{path}: {problem} at {_at(time_ms, bad)}; {_REPAIR}")


def _at(time_ms: NDArray[np.int64], bad: NDArray[np.bool_]) -> str:
    return str(pd.Timestamp(int(time_ms[int(np.argmax(bad))]), unit="ms", tz="UTC"))
