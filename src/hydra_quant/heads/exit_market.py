"""What the exit predictor reads of the market: one thinking frame as arrays, made once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex

from hydra_quant.features.windows import window_mean
from hydra_quant.regimes.cascade import alarm_of
from hydra_quant.signals.behavioural import PARTS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PART_NAMES: tuple[str, ...] = tuple(sorted({part for of in PARTS.values() for part in of}))
"""Thesis parts in the order of `Market.support`."""
FEWEST = 12
"""An hour of wide candles holds too few to tell volatility: at least so many are looked at."""


@dataclass(frozen=True)
class Market:
    """The market on every candle; NaN where not known.

    Attributes
    ----------
    open, close : NDArray of shape (n_candles,), quote currency
    hours : NDArray of shape (n_candles,)
        Close time of each candle, hours since 1970 UTC.
    funding_rate : NDArray of shape (n_candles,), fraction per settlement
    funding_paid : NDArray of shape (n_candles,), fraction that longs paid during the candle
    oi_delta : NDArray of shape (n_candles,), fraction
    liq_velocity, cascade_probability, volatility_regime : NDArray of shape (n_candles,)
    regime : NDArray of shape (n_candles,), int64
        Index into `regimes.market.REGIMES`; -1 where not known.
    volatility : NDArray of shape (n_candles,)
        Realised volatility of one hour (fraction): of the last hour, or of the last `FEWEST`
        candles where an hour has fewer.
    return_1h, return_15m : NDArray of shape (n_candles,)
        Log return of the market over that time; over one candle where it is longer.
    support : NDArray of shape (n_parts, n_candles)
        Of each of `PART_NAMES`, signed as `signals.signal.Signal.thesis`.
    """

    open: Floats
    close: Floats
    hours: Floats
    funding_rate: Floats
    funding_paid: Floats
    oi_delta: Floats
    liq_velocity: Floats
    cascade_probability: Floats
    volatility_regime: Floats
    regime: Ints
    volatility: Floats
    return_1h: Floats
    return_15m: Floats
    support: Floats

    def __len__(self) -> int:
        return len(self.close)


def lookback(candle_minutes: int) -> int:
    """Leading candles that a candle of `market_of` depends on, beside the frame's columns."""
    return max(FEWEST, _candles(60, candle_minutes))


def market_of(frame: DataFrame, candle_minutes: int) -> Market:
    """Read a thinking frame.

    Parameters
    ----------
    frame : DataFrame
        Candles (date, open, close), oldest first, with the columns of `positioning.names.ADDED`
        and of `heads.think.think`; a column that is missing counts as not known.
    candle_minutes : int

    Returns
    -------
    Market
        Each row uses that row and the `lookback` before it only, bit for bit.
    """
    n_candles = len(frame)

    def column(name: str) -> Floats:
        if name not in frame.columns:
            return np.full(n_candles, np.nan)
        return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)

    close = column("close")
    opens = DatetimeIndex(frame["date"]).as_unit("ms").asi8
    known = column("regime")
    log = np.log(np.where(close > 0, close, np.nan))
    return Market(
        open=column("open"),
        close=close,
        hours=(opens + candle_minutes * 60_000) / 3.6e6,
        funding_rate=column("funding_rate"),
        funding_paid=column("funding_paid"),
        oi_delta=column("oi_delta_pct"),
        liq_velocity=column("liq_velocity"),
        cascade_probability=alarm_of(frame),
        volatility_regime=column("volatility_regime"),
        regime=np.where(np.isfinite(known), known, -1).astype(np.int64),
        volatility=_volatility(log, candle_minutes),
        return_1h=_change(log, _candles(60, candle_minutes)),
        return_15m=_change(log, _candles(15, candle_minutes)),
        support=np.stack([column(f"thesis_{part}") for part in PART_NAMES]),
    )


def _candles(minutes: int, candle_minutes: int) -> int:
    return max(1, minutes // candle_minutes)


def _change(log: Floats, candles: int) -> Floats:
    change = np.full(len(log), np.nan)
    change[candles:] = log[candles:] - log[:-candles]
    return change


def _volatility(log: Floats, candle_minutes: int) -> Floats:
    """Root of the mean squared return, without its mean, scaled to an hour."""
    rows = max(FEWEST, _candles(60, candle_minutes))
    squares = _change(log, 1) ** 2
    if len(log) <= rows:
        return np.full(len(log), np.nan)
    return np.asarray(np.sqrt(window_mean(squares, rows) * (60 / candle_minutes)))
