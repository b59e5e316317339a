"""What the regime classifier sees of a candle: 25 quantities without price scale."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex

from hydra_quant.features import averages, momentum, volatility
from hydra_quant.features.bars import Bars, lagged, ratio
from hydra_quant.features.decay import wilder_rows
from hydra_quant.features.windows import window_deviations, window_mean, window_sum
from hydra_quant.regimes.cascade import alarm_of

Floats = NDArray[np.float64]

NAMES = (
    *("return_1h", "return_4h", "return_24h", "sma_20_slope", "sma_50_slope"),
    *("price_vs_sma_20", "price_vs_sma_50", "adx_14", "volatility_5m", "volatility_1h"),
    *("volatility_24h", "volatility_zscore", "atr_14", "atr_zscore", "bollinger_width"),
    *("funding_rate", "funding_zscore", "oi_delta_pct", "oi_zscore", "long_short_ratio"),
    *("liq_velocity", "liq_imbalance", "cascade_probability", "volume_zscore", "cvd_momentum"),
)
"""In the order in which a model is given them."""
KNOWN_BY = NAMES.index("volatility_24h")
"""A row whose ``volatility_24h`` is finite is of use; anything else may be missing."""

PAST_CANDLES = 480
SLOPE_CANDLES = 5
CVD_CANDLES = 20
MOST_CANDLES = 900
"""Longest span: on one-minute candles a day is cut to 15 hours, so that a bot can load it."""
# Columns that are taken as they are.
GIVEN = (
    *("funding_rate", "funding_zscore", "oi_delta_pct", "oi_zscore", "liq_velocity"),
    "liq_imbalance",
)


def regime_features(frame: DataFrame, candle_minutes: int) -> DataFrame:
    """The features of every candle.

    Parameters
    ----------
    frame : DataFrame
        A thinking frame: date, open, high, low, close, volume, oldest first, with the columns of
        `positioning.names.ADDED` and ``cascade_alarm``; a missing column is not known.
    candle_minutes : int

    Returns
    -------
    DataFrame with the frame's index and the columns `NAMES`, float64
        Fractions, but for ``adx_14`` (0 to 100), ratios and z-scores. NaN where not known, and in
        the first `lookback` rows at most for those of candles alone. Uses the past only.

        ``return_*`` and ``volatility_*`` (root mean square of log returns, per candle) span 5
        minutes, hours or a day in whole candles, one at least: on hourly candles
        ``volatility_5m`` is ``volatility_1h``. Slopes are the average's change over 5 candles.
        z-scores of candles are against the last 480. ``cvd_momentum`` is volume bought minus volume
        sold by takers over all volume of 20 candles, -1 to 1.
    """
    bars = _bars(frame, candle_minutes)
    hour, day = span(60, candle_minutes), span(1440, candle_minutes)
    moves = _log_change(bars.close, 1)
    wild = _root_mean_square(moves, day)
    atr = volatility.atr_share(bars, 14)
    share = _column(frame, "long_share")
    found = {
        "return_1h": _log_change(bars.close, hour),
        "return_4h": _log_change(bars.close, span(240, candle_minutes)),
        "return_24h": _log_change(bars.close, day),
        "sma_20_slope": _log_change(averages.sma(bars, 20), SLOPE_CANDLES),
        "sma_50_slope": _log_change(averages.sma(bars, 50), SLOPE_CANDLES),
        "price_vs_sma_20": averages.price_vs_sma(bars, 20),
        "price_vs_sma_50": averages.price_vs_sma(bars, 50),
        "adx_14": momentum.adx(bars, 14),
        "volatility_5m": _root_mean_square(moves, span(5, candle_minutes)),
        "volatility_1h": _root_mean_square(moves, hour),
        "volatility_24h": wild,
        "volatility_zscore": _zscore(wild),
        "atr_14": atr,
        "atr_zscore": _zscore(atr),
        "bollinger_width": volatility.bollinger_width(bars, 20),
        "cascade_probability": alarm_of(frame),  # on one scale, whoever answers
        "long_short_ratio": ratio(share, 1.0 - share, np.nan),
        "volume_zscore": _zscore(np.log1p(bars.volume)),
        "cvd_momentum": _cvd_momentum(bars.volume, _column(frame, "taker_buy_share")),
        **{name: _column(frame, name) for name in GIVEN},
    }
    return DataFrame({name: found[name] for name in NAMES}, index=frame.index)


def usable(features: Floats) -> NDArray[np.bool_]:
    """Which rows (n, 25) can be learned from and answered: those whose volatility is known."""
    return np.isfinite(features[:, KNOWN_BY])


def span(minutes: int, candle_minutes: int) -> int:
    """Minutes in whole candles, 1 to `MOST_CANDLES`."""
    return min(max(1, minutes // candle_minutes), MOST_CANDLES)


def lookback(candle_minutes: int) -> int:
    """Leading candles that the features of candles depend on, at most 1400.

    That of the day's volatility against its past, or of the ADX, which is smoothed twice.
    """
    past = PAST_CANDLES - 1
    return max(span(1440, candle_minutes) + past, wilder_rows(14) + past, 2 * wilder_rows(14))


def _bars(frame: DataFrame, candle_minutes: int) -> Bars:
    minutes = DatetimeIndex(frame["date"]).as_unit("s").asi8 // 60
    names = ("open", "high", "low", "close", "volume")
    columns = {name: frame[name].to_numpy(float) for name in names}
    return Bars(columns, minutes, candle_minutes)


def _column(frame: DataFrame, name: str) -> Floats:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[name], dtype=np.float64)


def _log_change(values: Floats, rows: int) -> Floats:
    return np.asarray(np.log(values / lagged(values, rows)))


def _root_mean_square(moves: Floats, rows: int) -> Floats:
    return np.asarray(np.sqrt(window_mean(moves**2, rows)))


def _zscore(values: Floats) -> Floats:
    """Distance from the mean of the last 480 in their deviations; 0 where they are all equal."""
    deviation = np.sqrt(window_deviations(values, PAST_CANDLES) / PAST_CANDLES)
    return ratio(values - window_mean(values, PAST_CANDLES), deviation, 0.0)


def _cvd_momentum(volume: Floats, bought: Floats) -> Floats:
    """Cumulative volume delta of 20 candles over their volume; 0 where nothing traded."""
    signed = window_sum((2.0 * bought - 1.0) * volume, CVD_CANDLES)
    return ratio(signed, window_sum(volume, CVD_CANDLES), 0.0)
