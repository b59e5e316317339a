"""Funding, open interest and premium index out of freqtrade's own candle files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from freqtrade.data.history import get_datahandler
from freqtrade.enums import CandleType, TradingMode
from freqtrade.exchange import timeframe_to_msecs
from pandas import DataFrame, DatetimeIndex

from hydra_quant.memory import Lags, Series

# freqtrade's candle type: the kind of fact, and freqtrade's columns by the kind's
READ: Mapping[CandleType, tuple[str, dict[str, str]]] = {
    CandleType.FUNDING_RATE: ("funding", {"rate": "funding_rate"}),
    CandleType.OPEN_INTEREST: (
        "open_interest",
        {"contracts": "open_interest_amount", "value": "open_interest_value"},
    ),
    CandleType.PREMIUMINDEX: (
        "premium_index",
        {name: name for name in ("open", "high", "low", "close")},
    ),
}


def read_candle_files(config: Mapping[str, Any], pair: str, lags: Lags) -> dict[Series, DataFrame]:
    """Facts that ``freqtrade download-data`` has stored for a pair.

    Parameters
    ----------
    config : freqtrade's configuration, with ``datadir``
    pair : ``'BTC/USDT:USDT'``
    lags : publication lags

    Returns
    -------
    dict of Series to DataFrame
        ``event_time``, ``known_at`` (epoch ms) and the kind's values. A bar is known when it is
        over and its lag has passed; a funding settlement has no width.
    """
    datadir = Path(config["datadir"])
    handler = get_datahandler(datadir, config.get("dataformat_ohlcv"))
    found = {}
    for timeframe, candle_type in _stored(handler, datadir, pair):
        kind, columns = READ[candle_type]
        period = 0 if kind == "funding" else timeframe_to_msecs(timeframe)
        series = Series(kind, config["exchange"]["name"], pair, period_ms=period)
        candles = handler.ohlcv_load(
            pair,
            timeframe,
            candle_type=candle_type,
            fill_missing=False,
            drop_incomplete=False,
            warn_no_data=False,
        )
        if not candles.empty:
            found[series] = _facts(candles, columns, period + lags.of(series))
    return found


def _stored(handler: Any, datadir: Path, pair: str) -> Iterator[tuple[str, CandleType]]:
    for name, timeframe, kind in handler.ohlcv_get_available_data(datadir, TradingMode.FUTURES):
        if name == pair and kind in READ:
            yield timeframe, kind


def _facts(candles: DataFrame, columns: Mapping[str, str], delay_ms: int) -> DataFrame:
    event_time = DatetimeIndex(candles["date"]).as_unit("ms").asi8
    values = {ours: candles[theirs].to_numpy(np.float64) for ours, theirs in columns.items()}
    return DataFrame({"event_time": event_time, "known_at": event_time + delay_ms, **values})
