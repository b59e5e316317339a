"""The planted predictable part: a known, public function of past one-minute closes.

For each pair keep, over one-minute log closes ``p``, an exponential mean with a time constant of 50
minutes and an exponential variance ``s**2`` of one-minute returns with one of 720 minutes. Then

    over_extension = clip((p - mean) / (5 s), -3, 3)        about unit variance
    driver         = -over_extension + 0.5 * over_extension of BTC     (BTC itself: no second term)

and the next minute's expected log return is ``edge * STRENGTH * s * driver``: a pair that ran ahead
of its own mean reverts, and follows BTC where BTC ran ahead (lead-lag). At ``edge = 0`` the term is
exactly zero. Distance to a moving average, RSI and Bollinger position are close relatives of the
driver, which is how a model on the usual features can find it.
"""

import numpy as np
from numpy.typing import NDArray

from .jit import compiled

MEAN_MINUTES = 50.0
VARIANCE_MINUTES = 720.0
LEAD = 0.5
LIMIT = 3.0
STRENGTH = 0.026


@compiled
def observe(average: NDArray[np.float64], log_close: float) -> None:
    """Move one pair's (mean, variance, previous log close) on by one closed minute, in place."""
    change = log_close - average[2]
    average[0] += (log_close - average[0]) / MEAN_MINUTES
    average[1] += (change * change - average[1]) / VARIANCE_MINUTES
    average[2] = log_close


@compiled
def over_extension(average: NDArray[np.float64]) -> float:
    """Distance of the last close from its mean, in standard deviations of that distance."""
    value = (average[2] - average[0]) / (5.0 * np.sqrt(average[1]) + 1e-12)
    return float(min(max(value, -LIMIT), LIMIT))


@compiled
def driver_now(average: NDArray[np.float64], pair: int, leader: int) -> float:
    """Return the driver of ``pair``; ``leader`` is BTC's row, or -1 where BTC is not traded."""
    value = -over_extension(average[pair])
    if leader >= 0 and leader != pair:
        value += LEAD * over_extension(average[leader])
    return value


@compiled
def _run(log_close: NDArray[np.float64], leader: int, out: NDArray[np.float64]) -> None:
    pairs, minutes = log_close.shape
    average = np.empty((pairs, 3))
    for i in range(pairs):
        average[i, 0] = average[i, 2] = log_close[i, 0]
        first = np.diff(log_close[i, :VARIANCE])
        average[i, 1] = np.mean(first * first)
    for t in range(minutes):
        for i in range(pairs):
            observe(average[i], log_close[i, t])
        for i in range(pairs):
            out[i, t] = driver_now(average, i, leader)


VARIANCE = int(VARIANCE_MINUTES)


def planted_driver(closes: NDArray[np.float64], leader: int = 0) -> NDArray[np.float64]:
    """Recompute the planted driver from public candles.

    Parameters
    ----------
    closes : float64 array of shape (pairs, minutes), one-minute closes, oldest first, no NaN.
    leader : row of BTC, or -1 where it is missing.

    Returns
    -------
    Array of the same shape: the value at ``t`` uses closes up to and including ``t``, in about
    standard units. The first day differs from the generator's own value, whose averages are
    older (the initial variance is the mean of the first 720 minutes).
    """
    out = np.empty_like(closes)
    _run(np.log(closes), leader, out)
    return out
