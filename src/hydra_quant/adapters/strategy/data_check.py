"""Candle files before a backtest, and holes in candles: an error or a refusal, not a quiet filler.

freqtrade fills missing candles with the last price, and drops a pair whose file cannot be read.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from freqtrade.configuration import TimeRange
from freqtrade.data.history import get_datahandler
from freqtrade.enums import CandleType
from freqtrade.enums.runmode import OPTIMIZE_MODES
from freqtrade.exceptions import OperationalException
from freqtrade.exchange import timeframe_to_seconds
from pandas import DataFrame, DatetimeIndex, Timestamp

logger = logging.getLogger(__name__)
PRICES = ["open", "high", "low", "close"]
READERS: dict[str, Callable[[Path], DataFrame]] = {
    ".feather": pd.read_feather,
    ".parquet": pd.read_parquet,
}
DAY = 86_400


def check_candles(
    config: Mapping[str, Any], *, timeframe: str, startup: int, train_days: int, max_gap: int
) -> None:
    """Refuse a backtest or hyperopt whose candle files are damaged or have a hole where used.

    To be called before freqtrade loads the files, which logs a damaged one with its stack trace.
    Files that do not exist are left to `require_candles`, formats other than feather and parquet
    to freqtrade. Nothing is changed on disk.

    Parameters
    ----------
    config : freqtrade's configuration
    timeframe : of the strategy
    startup : candles needed before the timerange
    train_days : days of training before that (0 without a model)
    max_gap : longest hole that is taken, candles; shorter ones are reported in one line a pair

    Raises
    ------
    OperationalException
        Naming the file, what is wrong, where, and the remedy.
    """
    for pair, path in _files(config, timeframe).items():
        if path.suffix in READERS and path.is_file():
            dates = _read(path, pair, timeframe)
            used = _within(dates, config, startup * timeframe_to_seconds(timeframe), train_days)
            _check_holes(used, path, pair, timeframe, max_gap, first=dates[:1])


def require_candles(config: Mapping[str, Any], timeframe: str) -> None:
    """Refuse a backtest or hyperopt on pairs without a candle file: it would run on the others.

    Raises
    ------
    OperationalException
        Naming the pairs, where their candles were looked for, and the command that brings them.
    """
    files = _files(config, timeframe)
    missing = [pair for pair, path in files.items() if not path.is_file()]
    if missing:
        raise OperationalException(
            f"no {timeframe} candles of {', '.join(missing)} in {files[missing[0]].parent}. "
            f"Remedy: {_download(' '.join(missing), timeframe)}."
        )


def longest_hole(frame: DataFrame, candles: int) -> int:
    """Longest run of candles that freqtrade has filled in among the last ``candles`` rows.

    Parameters
    ----------
    frame : open, high, low, close, volume, oldest first; a filled candle has one price, no volume
    candles : how far to look back

    Returns
    -------
    Number of candles; 0 without a hole.
    """
    recent = frame.iloc[-candles:]
    flat = recent["high"].to_numpy() == recent["low"].to_numpy()
    filled = np.r_[False, flat & (recent["volume"].to_numpy() == 0), False]
    edges = np.flatnonzero(filled[1:] != filled[:-1])
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _files(config: Mapping[str, Any], timeframe: str) -> dict[str, Path]:
    """Candle file of every pair that a backtest names; none in any other mode."""
    if config.get("runmode") not in OPTIMIZE_MODES or "datadir" not in config:
        return {}
    handler = get_datahandler(config["datadir"], config.get("dataformat_ohlcv"))
    kind = config.get("candle_type_def", CandleType.SPOT)
    exchange = config["exchange"]
    wanted = [p for p in exchange["pair_whitelist"] if p not in exchange.get("pair_blacklist", [])]
    return {
        pair: handler._pair_data_filename(config["datadir"], pair, timeframe, kind)
        for pair in wanted
        if not set("*+?^$[](){}|\\") & set(pair)  # patterns are resolved by freqtrade
    }


def _read(path: Path, pair: str, timeframe: str) -> DatetimeIndex:
    """Sorted opening times of a file whose every price has been read and is possible."""
    remedy = f"Remedy: move it away and {_download(pair, timeframe)}."
    try:
        frame = READERS[path.suffix](path)
        dates = DatetimeIndex(frame["date"])
        prices = frame[PRICES].to_numpy(float)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise OperationalException(
            f"{path} is not a readable candle file ({reason}). {remedy}"
        ) from None
    possible = np.logical_and(np.isfinite(prices), prices > 0).all(axis=1)
    if not possible.all():
        at = dates[int(np.argmin(possible))]
        raise OperationalException(f"{path}: the candle of {_minute(at)} has no price. {remedy}")
    return dates.unique().sort_values()


def _within(
    dates: DatetimeIndex, config: Mapping[str, Any], startup: int, train_days: int
) -> DatetimeIndex:
    span = TimeRange.parse_timerange(config.get("timerange"))
    if span.startts:
        before = startup + train_days * DAY
        dates = dates[dates >= Timestamp(span.startts - before, unit="s", tz="UTC")]
    if span.stopts:
        dates = dates[dates <= Timestamp(span.stopts, unit="s", tz="UTC")]
    return dates


def _check_holes(
    dates: DatetimeIndex,
    path: Path,
    pair: str,
    timeframe: str,
    max_gap: int,
    first: DatetimeIndex,
) -> None:
    bar = pd.Timedelta(seconds=timeframe_to_seconds(timeframe))
    lacking = np.asarray((dates[1:] - dates[:-1]) // bar) - 1
    holes = np.flatnonzero(lacking > 0)
    if not len(holes):
        return
    worst = int(holes[np.argmax(lacking[holes])])
    size, begin, end = int(lacking[worst]), dates[worst] + bar, dates[worst + 1] - bar
    if size > max_gap:
        raise OperationalException(
            f"{path}: {size} candle(s) of {pair} are missing from {_minute(begin)} to "
            f"{_minute(end)}, more than hydra.gates.max_gap_candles ({max_gap}). Remedy: "
            f"{_download(pair, timeframe)} --erase --timerange {first[0]:%Y%m%d}-, or a timerange "
            "without them, or a higher max_gap_candles (freqtrade fills in the last price)."
        )
    logger.warning(
        f"{pair}: {int(lacking[holes].sum())} candle(s) missing in {len(holes)} hole(s), the "
        f"longest {size} at {_minute(begin)}; freqtrade fills them with the last price."
    )


def _download(pairs: str, timeframe: str) -> str:
    return f"freqtrade download-data --pairs {pairs} --timeframes {timeframe}"


def _minute(time: Timestamp) -> str:
    return f"{time:%Y-%m-%d %H:%M}"
