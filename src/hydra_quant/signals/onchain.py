"""The on-chain regime: what holders of coins have gained, and whether they sell at it."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

Floats = NDArray[np.float64]

ONCHAIN_REGIMES = ("euphoria", "accumulation", "bullish", "bearish", "neutral")
VOTES = {
    "euphoria": -1.0,
    "accumulation": 1.0,
    "bullish": 0.5,
    "bearish": -0.5,
    "neutral": 0.0,
}
EUPHORIA_Z, EUPHORIA_SOPR = 3.7, 1.05
LOW_Z, HIGH_Z = 1.0, 2.5


def onchain_regime(mvrv_zscore: Floats, sopr: Floats) -> NDArray[np.int8]:
    """Regime of the chain.

    Euphoria: Z above 3.7 and SOPR above 1.05 (holders sit on large gains and take them).
    Accumulation: Z below 1 and SOPR below 1 (coins change hands at a loss, near their cost).
    Bullish and bearish: Z from 1 to 2.5 with SOPR above and below 1. Else neutral.

    Parameters
    ----------
    mvrv_zscore : array of shape (n_candles,)
        The *Z-score*: (market value - realised value) / standard deviation of market value. The
        thresholds are levels of it, not of the ratio MVRV, for which 3.7 and 1 are used as well.
    sopr : array of shape (n_candles,)
        Spent output profit ratio: 1 is sold at cost.

    Returns
    -------
    array of shape (n_candles,), index into `ONCHAIN_REGIMES`, -1 where an input is not known.
    """
    middle = (mvrv_zscore >= LOW_Z) & (mvrv_zscore <= HIGH_Z)
    unknown = np.isnan(mvrv_zscore) | np.isnan(sopr)
    told = [
        unknown,
        (mvrv_zscore > EUPHORIA_Z) & (sopr > EUPHORIA_SOPR),
        (mvrv_zscore < LOW_Z) & (sopr < 1.0),
        middle & (sopr > 1.0),
        middle & (sopr < 1.0),
    ]
    return np.select(told, [-1, 0, 1, 2, 3], default=4).astype(np.int8)


def onchain(frame: DataFrame) -> Floats:
    """Vote of the on-chain regime: against euphoria, with accumulation, half with the rest.

    Parameters
    ----------
    frame : candles with ``btc_mvrv_zscore`` and ``btc_sopr`` as they were known at each close
        (Bitcoin's, for every pair: the chain whose holders move the market)

    Returns
    -------
    array of shape (n_candles,) in [-1, 1], NaN where an input is missing. A row uses itself only.
    """
    if not {"btc_mvrv_zscore", "btc_sopr"} <= {*frame.columns}:
        return np.full(len(frame), np.nan)
    zscore, sopr = (frame[name].to_numpy(float) for name in ("btc_mvrv_zscore", "btc_sopr"))
    code = onchain_regime(zscore, sopr)
    votes = np.array([*(VOTES[name] for name in ONCHAIN_REGIMES), np.nan])
    return votes[code]


def lookback() -> int:
    """Leading rows without a vote."""
    return 0
