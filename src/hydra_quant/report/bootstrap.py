"""How far a mean of daily returns could be luck."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DRAWS = 4000
SEED = 7


class Interval(NamedTuple):
    """A mean with the interval that covers it, in the unit of the data."""

    mean: float
    low: float
    high: float


def mean_interval(
    daily: NDArray[np.float64], *, confidence: float = 0.95, draws: int = DRAWS, seed: int = SEED
) -> Interval:
    """Percentile interval of the mean by the stationary bootstrap (Politis & Romano 1994).

    Blocks of geometric length keep the dependence between neighbouring days; their mean length is
    the cube root of the number of days, the rate at which the method is consistent.

    Parameters
    ----------
    daily : array of shape (n_days,), oldest first, finite
    confidence : coverage of the interval
    draws : resampled histories
    seed : same seed, same interval

    Returns
    -------
    Interval; NaN bounds for fewer than two days.
    """
    days = len(daily)
    if days < 2:
        return Interval(float(np.mean(daily)) if days else np.nan, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    means = daily[_blocks(rng, days, draws)].mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(np.mean(daily)), float(low), float(high))


def _blocks(rng: np.random.Generator, days: int, draws: int) -> NDArray[np.int64]:
    """Day numbers of shape (draws, days): runs of neighbours, wrapping round at the end."""
    length = max(1.0, days ** (1 / 3))
    fresh = rng.random((draws, days)) < 1 / length
    fresh[:, 0] = True
    starts = rng.integers(0, days, (draws, days))
    since = np.arange(days) - np.maximum.accumulate(np.where(fresh, np.arange(days), 0), axis=1)
    first = np.take_along_axis(starts, np.arange(days) - since, axis=1)
    return np.asarray((first + since) % days, dtype=np.int64)
