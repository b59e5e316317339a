"""Prices from freqtrade's candle files."""

from collections.abc import Callable
from pathlib import Path

from pandas import DataFrame, Series, read_feather, read_parquet

_READERS: dict[str, Callable[..., DataFrame]] = {"feather": read_feather, "parquet": read_parquet}


class PriceError(ValueError):
    """A candle file is damaged; the text names the file and the remedy."""


def read_price(datadir: Path, pair: str, timeframe: str, column: str = "close") -> Series | None:
    """One price of each of a pair's candles as freqtrade stored them.

    Parameters
    ----------
    datadir : freqtrade's data directory, e.g. ``user_data/data/binance``
    pair : ``BTC/USDT:USDT`` (futures) or ``BTC/USDT`` (spot)
    timeframe : ``5m``
    column : ``open``, ``high``, ``low`` or ``close``

    Returns
    -------
    Series indexed by the candle's open time (UTC), oldest first, quote currency; None when there
    is no such file.

    Raises
    ------
    PriceError
        When the file cannot be read.
    """
    for ending, reader in _READERS.items():
        path = _path(datadir, pair, timeframe, ending)
        if path.exists():
            try:
                frame = reader(path, columns=["date", column])
            except (OSError, ValueError, KeyError) as error:
                raise PriceError(
                    f"{path}: cannot be read as candles ({error}); delete it and run "
                    f"freqtrade download-data --pairs {pair} --timeframes {timeframe} again"
                ) from None
            return frame.set_index("date")[column].astype(float)
    return None


def _path(datadir: Path, pair: str, timeframe: str, ending: str) -> Path:
    stem = pair.replace("/", "_").replace(":", "_")
    if ":" in pair:
        return datadir / "futures" / f"{stem}-{timeframe}-futures.{ending}"
    return datadir / f"{stem}-{timeframe}.{ending}"
