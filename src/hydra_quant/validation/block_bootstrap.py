"""How far a figure could be luck: whole blocks of time are drawn again, all pairs together."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Weights of one call, in numbers: 32 MB.
_CHUNK = 4_000_000


class Interval(NamedTuple):
    """A figure and the interval that covers it, in the figure's unit; NaN bounds: not known."""

    value: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether `value` cannot be told from the figure; unknown bounds tell nothing apart."""
        return not (self.low > value or self.high < value)


def draws_of(times: Ints, block_seconds: int, draws: int, seed: int) -> Iterator[Floats]:
    """Draw blocks of time with replacement (Carlstein 1986), as many as there are.

    Rows of one block stay together whatever their pair, so dependence within a block, along time
    and across pairs, is in the interval. Blocks that hold no row do not count.

    Parameters
    ----------
    times : array of shape (n_rows,), seconds, in any order
    block_seconds : length of a block, counted from the oldest row
    draws : how many
    seed : same seed, same draws

    Yields
    ------
    array of shape (some draws, n_rows): how often each row was drawn.
    """
    blocks = np.unique((times - times.min()) // block_seconds, return_inverse=True)[1]
    n_blocks = int(blocks.max()) + 1
    rng = np.random.default_rng(seed)
    even = np.full(n_blocks, 1.0 / n_blocks)
    size = max(1, _CHUNK // len(times))
    for start in range(0, draws, size):
        counts = rng.multinomial(n_blocks, even, size=min(size, draws - start))
        yield counts[:, blocks].astype(np.float64)


def intervals(
    measure: Callable[[Floats], Mapping[str, Floats]],
    times: Ints,
    *,
    block_seconds: int,
    draws: int = 500,
    confidence: float = 0.95,
    seed: int = 7,
) -> dict[str, Interval]:
    """Percentile intervals of several figures from the same draws.

    Parameters
    ----------
    measure : callable
        From weights of shape (n_draws, n_rows) to figures of shape (n_draws,) each.
    times : array of shape (n_rows,), seconds, at least one row
    block_seconds : longer than what rows share with their neighbours (labels that overlap, say)
    draws, confidence, seed : of the bootstrap

    Returns
    -------
    dict of Interval
        The figure of the rows as they are, between its quantiles over the draws. Draws in which it
        is not defined do not count; with fewer than two blocks the bounds are NaN.
    """
    plain = {name: float(found[0]) for name, found in measure(np.ones((1, len(times)))).items()}
    if (times.max() - times.min()) // block_seconds < 1:
        return {name: Interval(value, np.nan, np.nan) for name, value in plain.items()}
    found: dict[str, list[Floats]] = {name: [] for name in plain}
    for weights in draws_of(times, block_seconds, draws, seed):
        for name, values in measure(weights).items():
            found[name].append(values)
    tail = (1.0 - confidence) / 2.0
    return {
        name: Interval(plain[name], *_bounds(np.concatenate(values), tail))
        for name, values in found.items()
    }


def _bounds(values: Floats, tail: float) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if not len(values):
        return np.nan, np.nan
    low, high = np.quantile(values, (tail, 1.0 - tail))
    return float(low), float(high)
