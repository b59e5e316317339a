"""What a cascade of forced selling or buying can be told from, in units of the own past."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.features.windows import window_sum
from hydra_quant.regimes.volatility import VOLATILITY_CANDLES, realized_volatility

Floats = NDArray[np.float64]

CASCADE_MINUTES = 60
"""How fast a cascade is: 70 % of the liquidations of 10 October 2025 fell into 40 minutes."""
PAST_CANDLES = 480
"""Past that volatility and depth are measured against."""
MIN_DEPTHS = 48
"""Known readings of that past from which depth's own mean is one."""
MOST = 5.0
"""Inputs count up to here on either side, the shock up to twice that: fat tails."""

INPUTS = (
    *("shock", "volatility", "liquidations", "interest_fall", "interest_level"),
    *("funding", "thinness"),
)
"""
- ``shock``: size of the last hour's return, in standard deviations of such returns before it
- ``volatility``: log of the realised volatility of 24 candles over that of 480
- ``liquidations``: ``liq_zscore``, an hour's liquidations over open interest, standardised
- ``interest_fall``: ``-oi_delta_zscore``
- ``interest_level``: ``oi_zscore``
- ``funding``: size of ``funding_zscore``, whichever side pays
- ``thinness``: log of the usual depth (bid and ask) over the present one; where depth is not known,
  log of the present spread over the usual one
"""


def cascade_inputs(frame: DataFrame, candle_minutes: int) -> Floats:
    """The columns `INPUTS`, as far as they are known.

    Parameters
    ----------
    frame : DataFrame
        Candles with ``close``, oldest first, and any of `positioning.names.ADDED`; a missing column
        counts as not known.
    candle_minutes : int

    Returns
    -------
    array of shape (n_candles, 7), NaN where not known; ``shock`` and ``volatility`` from row
    `lookback` on. Uses the past only.
    """
    close = frame["close"].to_numpy(float)
    limits = np.array([2 * MOST, *[MOST] * (len(INPUTS) - 1)])
    inputs = np.column_stack(
        (
            _shock(close, hour_candles(candle_minutes)),
            _log_ratio(realized_volatility(close), realized_volatility(close, PAST_CANDLES)),
            column(frame, "liq_zscore"),
            -column(frame, "oi_delta_zscore"),
            column(frame, "oi_zscore"),
            np.abs(column(frame, "funding_zscore")),
            _thinness(frame),
        )
    )
    return np.asarray(np.clip(inputs, -limits, limits))


def hour_candles(candle_minutes: int) -> int:
    """Candles of `CASCADE_MINUTES`, at least one."""
    return max(1, CASCADE_MINUTES // candle_minutes)


def lookback(candle_minutes: int) -> int:
    """Leading candles that the inputs of a candle depend on."""
    return max(PAST_CANDLES + hour_candles(candle_minutes), VOLATILITY_CANDLES)


def column(frame: DataFrame, name: str) -> Floats:
    """A column as floats; NaN where the frame has none."""
    if name not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[name], dtype=np.float64)


def past_sigma(close: Floats, candles: int) -> Floats:
    """Usual size of a return over so many candles, from the `PAST_CANDLES` returns until then."""
    return np.asarray(realized_volatility(close, PAST_CANDLES) * np.sqrt(candles))


def _shock(close: Floats, candles: int) -> Floats:
    """Size of the last return over usual ones before it; 0 where nothing ever moved."""
    moved, usual = np.full(len(close), np.nan), np.full(len(close), np.nan)
    moved[candles:] = np.abs(np.log(close[candles:] / close[: max(len(close) - candles, 0)]))
    usual[candles:] = past_sigma(close, candles)[: max(len(close) - candles, 0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(moved == 0, 0.0 * usual, moved / usual)


def _log_ratio(over: Floats, under: Floats) -> Floats:
    """Log of a quotient; 0 where both are 0, and far below where only the upper one is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((over == 0) & (under == 0), 0.0, np.log(over / under))


def _thinness(frame: DataFrame) -> Floats:
    depth = column(frame, "bid_depth_usd") + column(frame, "ask_depth_usd")
    thin = -_against_past(depth)
    wide = _against_past(column(frame, "spread_bps"))
    return np.where(np.isfinite(thin), thin, wide)


def _against_past(values: Floats) -> Floats:
    """Log of a positive quantity over its mean in the past, as far as that is known."""
    known = np.isfinite(values) & (values > 0)
    count = window_sum(known.astype(np.float64), PAST_CANDLES)
    total = window_sum(np.where(known, values, 0.0), PAST_CANDLES)
    told = known & (count >= MIN_DEPTHS)
    mean = np.divide(total, count, out=np.full(len(values), np.nan), where=told)
    share = np.divide(values, mean, out=np.full(len(values), np.nan), where=told)
    return np.asarray(np.log(share))
