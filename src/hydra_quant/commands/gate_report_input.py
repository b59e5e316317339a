"""What ``gate report`` reads: backtests, what they wrote down of the gate, and candles."""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pandas import DataFrame, DatetimeIndex, read_feather

from hydra_quant.commands.opening import InputError, config_files, read_config
from hydra_quant.news.gate_prices import MINUTE_MS, Prices
from hydra_quant.news.gate_trades import SHARE, VERDICT, WANTED
from hydra_quant.report.prices import PriceError, read_price
from hydra_quant.report.results import Result, ResultError, newest, read_results

NEEDED = ["date", WANTED, VERDICT, SHARE]
SOURCE = "signal_source"
_MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10_080}


def find_results(args: argparse.Namespace) -> tuple[tuple[Result, ...], str]:
    """Backtests over the same candles: those of the named file, else the newest ones.

    Returns
    -------
    The results, and why there are none; a file that was named has to be readable.

    Raises
    ------
    InputError
        When the named one cannot be used.
    """
    try:
        if args.result is not None:
            return read_results(args.result), ""
        return newest(args.userdir / "backtest_results"), ""
    except ResultError as error:
        if args.result is not None:
            raise InputError(str(error)) from None
        return (), str(error)


def read_wanted(userdir: Path, result: Result) -> tuple[dict[str, DataFrame], str]:
    """What a strategy wanted and what the gate said, candle by candle of a backtest.

    Returns
    -------
    By pair, `NEEDED` (and ``signal_source`` where it has signals) of the backtest's candles; and
    why there is nothing.

    Raises
    ------
    InputError
        When a file is damaged.
    """
    folder = userdir / "hydra" / "reasons" / result.strategy
    frames = {}
    for pair in result.pairs:
        path = folder / f"{_stem(pair)}.feather"
        if path.exists():
            frame = _read_feather(path)
            if not set(NEEDED) <= set(frame):
                return {}, f"{result.strategy}: its reasons hold no gate; {_again()}"
            inside = (frame["date"] >= result.start) & (frame["date"] <= result.end)
            if not inside.any():
                return {}, f"{result.strategy}: its reasons are of another run; {_again()}"
            known = [*NEEDED, *([SOURCE] if SOURCE in frame else [])]
            frames[pair] = frame.loc[inside, known].reset_index(drop=True)
    return frames, "" if frames else f"{result.strategy}: no reasons in {folder}; {_again()}"


def _again() -> str:
    return "run freqtrade backtesting --export trades --cache none with one of HYDRA's strategies"


def _read_feather(path: Path) -> DataFrame:
    try:
        return read_feather(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}; run freqtrade backtesting again") from None


def find_market(args: argparse.Namespace, results: tuple[Result, ...]) -> tuple[Path | None, str]:
    """Folder of the candle files, and their width: the backtest's, else the configuration's."""
    if results:
        exchange, timeframe = results[0].exchange, results[0].timeframe
    else:
        config = read_config(config_files(args))
        exchange = config.get("exchange", {}).get("name", "")
        timeframe = config.get("timeframe", "5m")
    named: Path | None = args.datadir
    return named or (args.userdir / "data" / exchange if exchange else None), timeframe


def read_prices(
    folder: Path | None, pairs: Iterable[str], timeframe: str
) -> tuple[dict[str, Prices], str]:
    """Opens of the pairs as freqtrade stored them; and whose are not there, in words.

    Raises
    ------
    InputError
        When a file is damaged, or the width is none.
    """
    wanted, width = tuple(dict.fromkeys(pairs)), width_ms(timeframe)
    found = {pair: _read_opens(folder, pair, timeframe, width) for pair in wanted} if folder else {}
    prices = {pair: of for pair, of in found.items() if of is not None}
    missing = [pair for pair in wanted if pair not in prices]
    if not missing:
        return prices, ""
    where = f"in {folder}" if folder else "without an exchange in the configuration"
    return prices, (
        f"no {timeframe} candles {where}, so left out: {', '.join(missing)}; run freqtrade "
        "download-data, or give the folder with --datadir"
    )


def _read_opens(folder: Path, pair: str, timeframe: str, width: int) -> Prices | None:
    try:
        found = read_price(folder, pair, timeframe, "open")
    except PriceError as error:
        raise InputError(str(error)) from None
    if found is None or found.empty:
        return None
    found = found.sort_index()
    opened = DatetimeIndex(found.index).as_unit("ms").asi8
    return Prices(opened, found.to_numpy(np.float64), width)


def _stem(pair: str) -> str:
    return pair.replace("/", "_").replace(":", "_")


def width_ms(timeframe: str) -> int:
    """Width of a candle as freqtrade names it, ``'5m'``.

    Raises
    ------
    InputError
        For a name that is none.
    """
    number, unit = timeframe[:-1], timeframe[-1:]
    if unit not in _MINUTES or not number.isdecimal() or not int(number):
        raise InputError(f'timeframe "{timeframe}" is not known; expected one like 5m')
    return int(number) * _MINUTES[unit] * MINUTE_MS
