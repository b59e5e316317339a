"""How extreme a quantity is, told in the same unit for fixed levels and for quantiles."""

import numpy as np
from pandas import DataFrame

from hydra_quant.signals.signal import Floats

LEVEL_SIGMAS = 1.645
"""Where a level lies by definition: 95 % of a normal distribution are below it."""

MOST_SIGMAS = 10.0
"""Scores are cut off here: levels may lie arbitrarily close together."""


def column(frame: DataFrame, name: str) -> Floats:
    """A column as floats, shape (n_candles,); NaN everywhere where the frame does not have it."""
    if name not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[name].to_numpy(dtype=np.float64, na_value=np.nan))


def score(frame: DataFrame, name: str) -> Floats:
    """Distance of a levelled quantity from the middle of its two levels, in standard deviations.

    A standard deviation is what it would be were the quantity normal and its levels the 5 % and
    95 % quantiles. So +1.645 is the upper level and -1.645 the lower, whether these are quantiles
    of the own past or the user's constants, and no single outlier of the past sets the scale as it
    would in a plain z-score.

    Parameters
    ----------
    frame : DataFrame
        Holds ``<name>``, ``<name>_low`` and ``<name>_high``, each as known at the candle's close.
    name : one of `positioning.names.LEVELLED`

    Returns
    -------
    array of shape (n_candles,), within ±10; NaN where one of the three is not known. Where the two
    levels are one, anything beyond it counts as exactly at the level.
    """
    value, low, high = (column(frame, f"{name}{end}") for end in ("", "_low", "_high"))
    off = value - (low + high) / 2
    sigma = (high - low) / (2 * LEVEL_SIGMAS)
    apart = sigma > 0
    scored = np.where(apart, off / np.where(apart, sigma, 1.0), np.sign(off) * LEVEL_SIGMAS)
    return np.clip(scored, -MOST_SIGMAS, MOST_SIGMAS)
