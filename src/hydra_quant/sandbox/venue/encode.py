"""Numbers as an exchange sends them: decimal text, never exponents, missing as null."""

import numpy as np
import orjson
from numpy.typing import NDArray
from pandas import DataFrame

Cell = str | int | None


def decimals(values: NDArray[np.float64]) -> list[str | None]:
    """Shortest decimal text that reads back as the same float; NaN becomes None.

    Parameters
    ----------
    values : ndarray of shape (n,)
    """
    if not len(values):
        return []
    # orjson writes the shortest text that reads back, several times faster than repr
    dumped = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    texts: list[str | None] = list(dumped[1:-1].decode().split(","))
    size = np.abs(values)
    odd = ~np.isfinite(values) | ((size < 1e-4) & (size > 0)) | (size >= 1e16)
    for row in np.flatnonzero(odd):
        value = values[row]
        texts[row] = np.format_float_positional(value, trim="-") if np.isfinite(value) else None
    return texts


def decimal(value: float) -> str | None:
    """One number of `decimals`."""
    return decimals(np.array([value], dtype=np.float64))[0]


def column(frame: DataFrame, name: str) -> NDArray[np.float64]:
    """A column as floats."""
    return frame[name].to_numpy(dtype=np.float64)


def kline_rows(candles: DataFrame, width_ms: int) -> list[tuple[Cell, ...]]:
    """Binance's twelve columns of a trade candle, one tuple a candle.

    Open time, open, high, low, close, volume, close time, quote volume, trades, taker-buy base
    volume, taker-buy quote volume, unused. A volume that the history does not hold is null.
    """
    opened = candles["time_ms"].to_numpy(dtype=np.int64)
    volume, quote = column(candles, "volume"), column(candles, "quote_volume")
    taker = column(candles, "taker_buy_volume")
    with np.errstate(invalid="ignore", divide="ignore"):
        taker_quote = np.where(volume > 0, taker * quote / volume, taker * 0.0)
    trades = [int(n) if np.isfinite(n) else None for n in column(candles, "trades").tolist()]
    return list(
        zip(
            opened.tolist(),
            *(decimals(column(candles, name)) for name in ("open", "high", "low", "close")),
            decimals(volume),
            (opened + width_ms - 1).tolist(),
            decimals(quote),
            trades,
            decimals(taker),
            decimals(taker_quote),
            ["0"] * len(candles),
            strict=True,
        )
    )


def mark_rows(candles: DataFrame, width_ms: int) -> list[tuple[Cell, ...]]:
    """Twelve columns of a mark price candle; the volume columns are "0", as on Binance."""
    opened = candles["time_ms"].to_numpy(dtype=np.int64)
    zero, none = ["0"] * len(candles), [0] * len(candles)
    return list(
        zip(
            opened.tolist(),
            *(decimals(column(candles, name)) for name in ("open", "high", "low", "close")),
            zero,
            (opened + width_ms - 1).tolist(),
            zero,
            none,
            zero,
            zero,
            zero,
            strict=True,
        )
    )
