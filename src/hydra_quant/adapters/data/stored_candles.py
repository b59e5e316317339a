"""Candles out of freqtrade's own data folder, for work outside the bot."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from freqtrade.data.history import get_datahandler
from freqtrade.enums import CandleType, TradingMode
from pandas import DataFrame

from hydra_quant.adapters.data.candle_files import read_candle_files
from hydra_quant.collectors.files import FileError
from hydra_quant.heads.candles import minutes_of, without_holes
from hydra_quant.memory import Lags, Series


def datadir_of(config: Mapping[str, Any], userdir: Path) -> Path:
    """Where ``freqtrade download-data`` puts candles: ``USERDIR/data/EXCHANGE``."""
    given = config.get("datadir")
    exchange = config.get("exchange", {}).get("name", "binance")
    return Path(given) if given else userdir / "data" / exchange


def stored_candles(
    config: Mapping[str, Any], datadir: Path, timeframe: str, pairs: Sequence[str], lags: Lags
) -> dict[str, tuple[DataFrame, dict[Series, DataFrame]]]:
    """Candles and freqtrade's other files of each pair that has any.

    Parameters
    ----------
    config : freqtrade's configuration: ``dataformat_ohlcv``, ``trading_mode``, ``exchange``
    datadir : where the files are
    timeframe : width of candles
    pairs : whose; the configuration's whitelist where none is named, else all that are stored
    lags : publication lags

    Returns
    -------
    dict by pair of candles (date, open, high, low, close, volume; missing ones filled flat) and
    facts as `memory.enrich.as_of` takes them.

    Raises
    ------
    FileError
        When there is none, naming the folder and freqtrade's command.
    """
    if not datadir.is_dir():
        raise FileError(f"{datadir}: no such folder; run freqtrade download-data, or give --data")
    form = config.get("dataformat_ohlcv", "feather")
    handler = get_datahandler(datadir, form)
    mode = TradingMode(config.get("trading_mode", "futures"))
    kind = CandleType.FUTURES if mode is TradingMode.FUTURES else CandleType.SPOT
    stored = {
        pair
        for pair, width, found in handler.ohlcv_get_available_data(datadir, mode)
        if (width, found) == (timeframe, kind)
    }
    wanted = list(pairs) or config.get("exchange", {}).get("pair_whitelist") or sorted(stored)
    missing = [pair for pair in pairs if pair not in stored]
    if missing or not stored.intersection(wanted):
        what = ", ".join(missing or wanted)
        raise FileError(
            f"{datadir}: no {form} candles of {timeframe} for {what or 'any pair'}; run freqtrade "
            f"download-data --timeframes {timeframe}, or give --data"
        )
    exchange = {"name": "binance", **config.get("exchange", {})}
    facts = {**config, "datadir": datadir, "exchange": exchange}
    found = {}
    for pair in sorted(stored.intersection(wanted)):
        candles = handler.ohlcv_load(
            pair, timeframe, candle_type=kind, fill_missing=False, warn_no_data=False
        )
        if not candles.empty:
            filled = without_holes(candles, minutes_of(timeframe))
            found[pair] = filled, read_candle_files(facts, pair, lags)
    return found
