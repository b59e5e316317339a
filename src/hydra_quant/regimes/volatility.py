"""Volatility regime: how much price moves of late, against its own past."""

import numpy as np
from numpy.typing import NDArray

from hydra_quant.features.windows import window_deviations
from hydra_quant.regimes.rank import past_rank
from hydra_quant.settings import Regimes

Floats = NDArray[np.float64]

VOLATILITY_CANDLES = 24
"""Returns of one reading: long enough that one candle does not decide it alone, short enough that
a cascade shows within hours on hourly candles."""
LOW_VOLATILITY = 0.2
"""Rank below which volatility is low: the mirror of `Regimes.high_volatility`'s default."""

LOW, NORMAL, HIGH, EXTREME = 0.0, 1.0, 2.0, 3.0


def realized_volatility(close: Floats, rows: int = VOLATILITY_CANDLES) -> Floats:
    """Sample standard deviation of the last `rows` log returns.

    Parameters
    ----------
    close : array of shape (n_candles,), oldest first, quote currency, positive
    rows : returns of one reading, 2 or more

    Returns
    -------
    array of shape (n_candles,), per candle, not annualised; the first `rows` rows are NaN, and
    those whose window holds a NaN. Depends on its window bit for bit, and on nothing else.
    """
    returns = np.full(len(close), np.nan)
    returns[1:] = np.diff(np.log(close))
    return np.asarray(np.sqrt(window_deviations(returns, rows) / (rows - 1)))


def volatility_rank(close: Floats, settings: Regimes) -> Floats:
    """Share of the last `settings.window_candles` readings that were calmer than this one.

    Returns
    -------
    array of shape (n_candles,): 0 (calmest) to 1; 0.5 in a market that never moved; the first
    `lookback` rows are NaN. Uses the past only.
    """
    return past_rank(realized_volatility(close), settings.window_candles)


def volatility_regime(close: Floats, settings: Regimes) -> Floats:
    """Volatility as a state: 0 low, 1 normal, 2 high, 3 extreme; NaN while warming up.

    Parameters
    ----------
    close : array of shape (n_candles,), oldest first, quote currency, positive
    settings : Regimes
        Rank below `LOW_VOLATILITY` is low, from `high_volatility` high, from `extreme_volatility`
        extreme.

    Returns
    -------
    array of shape (n_candles,); the first `lookback` rows are NaN. Uses the past only.
    """
    rank = volatility_rank(close, settings)
    state = (
        (rank >= LOW_VOLATILITY).astype(np.float64)
        + (rank >= settings.high_volatility)
        + (rank >= max(settings.extreme_volatility, settings.high_volatility))
    )
    return np.where(np.isnan(rank), np.nan, state)


def lookback(settings: Regimes) -> int:
    """Leading candles that a reading depends on."""
    return settings.window_candles - 1 + VOLATILITY_CANDLES
