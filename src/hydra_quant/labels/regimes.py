"""The state of the market over a window of time: what a regime classifier is taught."""

import math
from collections.abc import Callable

import bottleneck as bn
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.labels.errors import LabelError
from hydra_quant.settings import Regimes, Settings, Signals

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

REGIMES = (
    *("trending_up", "trending_down", "ranging", "high_vol", "cascade"),
    *("squeeze_long", "squeeze_short"),
)
"""The seven states; a label or a prediction is an index into this."""
UP, DOWN, RANGING, HIGH_VOL, CASCADE, SQUEEZE_LONG, SQUEEZE_SHORT = range(len(REGIMES))

# Levels of the "fixed" mode.
FIXED_LIQUIDATIONS = 0.05
FIXED_FUNDING = 0.001
FIXED_INTEREST = 0.02
FIXED_TREND = 0.02
# Quantile mode: what fixed levels are where the own past has no quantile.
CASCADE_SIGMAS = 4.0
TREND_FLOOR = 0.1
# Funding and open interest both beyond their 95 % quantiles would be as rare (0.1 % of hours) as
# the fixed levels that quantiles are there to replace: growth need be unusual only.
INTEREST_SIGMAS = 1.0


def same_window(
    frame: DataFrame, candle_minutes: int, regimes: Regimes, signals: Signals
) -> Floats:
    """Regime of the window of ``regimes.label_minutes`` that ends at each candle.

    The first that holds: liquidations force a cascade; funding and open interest are high and
    price fell (short squeeze, as the specification names it: longs pay and are squeezed out), or
    its mirror; volatility is beyond ``regimes.extreme_volatility`` of its own past; the sum of log
    returns is a trend; else ranging.

    Parameters
    ----------
    frame : DataFrame
        Candles with ``close``, oldest first, with the columns of `positioning.names.ADDED`. A class
        whose column is missing, or not known, does not occur.
    candle_minutes : int
    regimes : Regimes
    signals : Signals
        ``thresholds`` "fixed": an hour's liquidations beyond 5 % of open interest, funding beyond
        0.1 %, open interest beyond 2 %, sum of returns beyond 2 %. "quantile": liquidations beyond
        4 standard deviations of their past, funding beyond the frame's levels, the change of open
        interest beyond 1 standard deviation of its past, the sum of returns beyond
        ``regimes.trend_quantile`` of its own past sizes and a tenth of 2 %. Open interest is taken
        over ``signals.delta_minutes``, as the column is.

    Returns
    -------
    array of shape (n_candles,)
        Index into `REGIMES`; NaN in the first `lookback` rows. A function of the past: the same
        inputs that a model is given tell it, so it measures how well a rule can be copied.

    Raises
    ------
    LabelError
        When the candles are wider than the window.
    """
    rows = window_candles(candle_minutes, regimes)
    close = frame["close"].to_numpy(float)
    moves = np.full(len(close), np.nan)
    moves[1:] = np.diff(np.log(close))
    total = _per_window(moves, rows, np.sum)
    size = np.sqrt(_per_window(moves**2, rows, np.mean))
    shaken = _rank(size, regimes.window_candles)
    rank = _rank(np.abs(total), regimes.window_candles)
    trending = np.abs(total) > FIXED_TREND
    if signals.thresholds == "quantile":
        strong = rank >= regimes.trend_quantile
        trending = strong & (np.abs(total) > TREND_FLOOR * FIXED_TREND)
    longs_pay, shorts_pay = _crowded(frame, signals)
    states = (
        (_forced(frame, rows, signals), CASCADE),
        (longs_pay & (total < 0), SQUEEZE_SHORT),
        (shorts_pay & (total > 0), SQUEEZE_LONG),
        (shaken >= regimes.extreme_volatility, HIGH_VOL),
        (trending & (total > 0), UP),
        (trending & (total < 0), DOWN),
    )
    code = np.select([where for where, _ in states], [state for _, state in states], RANGING)
    return np.where(np.isfinite(shaken) & np.isfinite(rank), code.astype(np.float64), np.nan)


def next_window(
    frame: DataFrame, candle_minutes: int, regimes: Regimes, signals: Signals
) -> Floats:
    """Regime of the window that begins after each candle: `same_window` that much later.

    Returns
    -------
    array of shape (n_candles,)
        Index into `REGIMES`; NaN in the last `window_candles` rows, whose window is not over.
    """
    rows = window_candles(candle_minutes, regimes)
    ahead = np.full(len(frame), np.nan)
    ahead[:-rows] = same_window(frame, candle_minutes, regimes, signals)[rows:]
    return ahead


def one_hot_regime(frame: DataFrame, settings: Settings, candle_minutes: int) -> DataFrame:
    """The label that ``settings.regimes.label`` names, as a column for each of `REGIMES`.

    Returns
    -------
    DataFrame with the frame's index: 1.0 in the column of the label and 0.0 in the others, NaN in
    all where there is no label.
    """
    label = {"same": same_window, "next": next_window}[settings.regimes.label]
    code = label(frame, candle_minutes, settings.regimes, settings.signals)
    hot = (code[:, None] == np.arange(len(REGIMES))).astype(np.float64)
    hot[np.isnan(code)] = np.nan
    return DataFrame(hot, index=frame.index, columns=list(REGIMES))


def window_candles(candle_minutes: int, regimes: Regimes) -> int:
    """Candles of ``regimes.label_minutes``, rounded up.

    Raises
    ------
    LabelError
        When the candles are wider than the window.
    """
    if candle_minutes > regimes.label_minutes:
        raise LabelError(
            f"hydra.regimes.label_minutes is {regimes.label_minutes}, less than one candle "
            f"({candle_minutes} minutes): give at least that"
        )
    return math.ceil(regimes.label_minutes / candle_minutes)


def lookback(candle_minutes: int, regimes: Regimes) -> int:
    """Leading candles without a label of their own window."""
    return window_candles(candle_minutes, regimes) + regimes.window_candles - 1


def _per_window(values: Floats, rows: int, measure: Callable[..., Floats]) -> Floats:
    """A measure of the last `rows` values; NaN without a full window."""
    out = np.full(len(values), np.nan)
    if len(values) >= rows:
        out[rows - 1 :] = measure(sliding_window_view(values, rows), axis=1)
    return out


def _rank(values: Floats, rows: int) -> Floats:
    """Share of the last `rows` values below each, 0 to 1; equal ones count half."""
    if len(values) < rows:
        return np.full(len(values), np.nan)
    return np.asarray((bn.move_rank(values, rows) + 1.0) / 2.0)


def _forced(frame: DataFrame, rows: int, signals: Signals) -> Bools:
    """Whether liquidations were extreme at some time in the window."""
    fixed = signals.thresholds == "fixed"
    name, level = ("liq_velocity", FIXED_LIQUIDATIONS) if fixed else ("liq_zscore", CASCADE_SIGMAS)
    beyond = (_column(frame, name) > level).astype(np.float64)
    return np.asarray(bn.move_max(beyond, min(rows, max(len(beyond), 1)), min_count=1) > 0)


def _crowded(frame: DataFrame, signals: Signals) -> tuple[Bools, Bools]:
    """Whether longs, and whether shorts, pay much while open interest has grown much."""
    if signals.thresholds == "quantile":
        return crowded_past(frame)
    funding, much = _column(frame, "funding_rate"), _column(frame, "oi_delta_pct") > FIXED_INTEREST
    return much & (funding > FIXED_FUNDING), much & (funding < -FIXED_FUNDING)


def crowded_past(frame: DataFrame) -> tuple[Bools, Bools]:
    """Whether longs, and whether shorts, pay much for their own past while open interest grows.

    Parameters
    ----------
    frame : DataFrame
        ``funding_rate`` with its two levels, ``oi_delta_zscore``; missing columns are not known.

    Returns
    -------
    two arrays of shape (n_candles,), bool; False where something is not known.
    """
    much = _column(frame, "oi_delta_zscore") > INTEREST_SIGMAS
    funding, low, high = (_column(frame, f"funding_rate{end}") for end in ("", "_low", "_high"))
    return much & (funding > high), much & (funding < low)


def _column(frame: DataFrame, name: str) -> Floats:
    """A column as floats; NaN, which is beyond no level, where the frame has none."""
    if name not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[name], dtype=np.float64)
