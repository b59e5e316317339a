"""News: rare large moves that the market learns of within the hour.

Arrival is stratified, not Poisson: exactly one item in every ``news_days`` days, on a random day of
that window and in the first minutes of a random hour (releases are scheduled). Sizes are Pareto
quantiles along a golden-ratio sequence, whose consecutive members spread evenly over (0, 1). Any
few months thus hold their share of large moves, as real samples of that length nearly always do,
while signs, days and hours stay random.
"""

import numpy as np
from numpy.typing import NDArray

from .jit import compiled
from .rng import hashed_uniforms
from .spec import MarketSpec

Array = NDArray[np.float64]
NEWS_MINUTES = 50
# Final move over the square root of summed squared minutes: 1 is a martingale's, more a trend's.
RESOLVE = 1.3
_GOLDEN = 0.6180339887498949
_LARGEST = 0.97  # quantile at which sizes are cut
_SALT = 404


def news_of(spec: MarketSpec, block: int) -> tuple[int, float]:
    """Return the minute at which one day's item breaks (-1: none) and its signed size.

    The size is the item's final move in quiet one-minute standard deviations; both are a pure
    function of (seed, block).
    """
    if spec.news_size <= 0.0:
        return -1, 0.0
    window, day = divmod(block, spec.news_days)
    where = hashed_uniforms(spec.seed, _SALT, 8 * window + np.arange(8))
    if day != int(where[0] * spec.news_days):
        return -1, 0.0
    shift = hashed_uniforms(spec.seed, _SALT + 1, np.zeros(1, np.int64))[0]
    quantile = _LARGEST * ((shift + window * _GOLDEN) % 1.0)
    size = spec.news_size * (1.0 - quantile) ** (-1.0 / spec.news_tail)
    minute = 60 * int(where[1] * 24) + int(where[2] * 8)
    return minute, float(size if where[3] < 0.5 else -size)


@compiled
def learn(news: Array, normal: float) -> float:
    """Return this minute's move from news; ``news`` is (minutes left, move so far, final move).

    A Brownian bridge from nothing to the final move, noisy enough that the direction shows late:
    inside these few hours a year the price has some momentum, elsewhere none.
    """
    left = news[0]
    if left <= 0.0:
        return 0.0
    noise = news[2] / (RESOLVE * np.sqrt(NEWS_MINUTES)) * np.sqrt((left - 1.0) / left)
    move = (news[2] - news[1]) / left + noise * normal
    news[0] -= 1.0
    news[1] += move
    return float(move)
