"""Markets whose best play is known: bad moods to stay out of, prices that revert."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger import Market, Rules, candles_of, together
from hydra_quant.rl.arena import Arena
from hydra_quant.rl.hierarchy.tape import Tape

FIVE_MINUTES_MS = 300_000
DRIFT, NOISE, FEE, TURN = 0.003, 0.001, 0.0005, 1.0 / 120.0
LEVELS = np.array([-20.0, 0.0, 20.0])  # basis points around the mean


def moody(rows: int, seed: int, **options: Any) -> Arena:
    """Candles that rise in a good mood and fall in a bad one; ``mood`` tells which, with noise."""
    rng = np.random.default_rng(seed)
    good = np.cumsum(rng.random(rows) < TURN) % 2 == 0
    moves = DRIFT * np.append(0, np.where(good, 1, -1)[:-1]) + NOISE * rng.normal(size=rows)
    closes = np.round(100.0 * np.exp(np.cumsum(moves - moves.mean())), 6)
    opens = np.append(100.0, closes[:-1])
    prices = np.stack([opens, np.maximum(opens, closes), np.minimum(opens, closes), closes], axis=1)
    mood = np.where(good, 1.0, -1.0) + 0.3 * rng.normal(size=rows)
    features = np.stack([mood, rng.normal(size=rows)], axis=1)[:, None]
    resized = {"position_adjustment_enable": True, "resize_beyond": 0.1}
    rules = Rules(fee_open=FEE, fee_close=FEE, balance=10_000.0, candle_minutes=5, **resized)
    return Arena(
        together([candles_of(np.arange(rows) * FIVE_MINUTES_MS, prices)]),
        features.astype(np.float32),
        *(("mood", "noise"), ("P/USDT:USDT",), (Market(tick=1e-6, step=1e-6),)),
        rules,
        **options,
    )


def always_long(observed: NDArray[np.float32]) -> NDArray[np.float64]:
    """A tactical level that knows nothing of moods."""
    return np.ones((len(observed), 1))


def out_when_bad(observed: NDArray[np.float32]) -> NDArray[np.float64]:
    """The best strategy above `always_long`: no risk where the last candles were bad ones.

    It costs two fees to be out of a mood that lasts 120 candles: that always pays.
    """
    budget = np.where(observed[:, 0] > 0.0, 1.0, -1.0)
    return np.stack([np.zeros(len(observed)), budget], axis=1)


def of_middles(middle: NDArray[np.float64], traded: float = 0.0, tick: float = 0.01) -> Tape:
    """A tape with a spread of two ticks around these prices."""
    n = len(middle)
    before = np.append(middle[:1], middle[:-1])
    size = np.ones(n)
    return Tape(
        *(np.arange(n), np.maximum(middle, before), np.minimum(middle, before)),
        *(traded * size, traded * size),
        *(middle - tick, middle + tick, size, size, size),
        *(0.001 * size, 1e9 * size, tick * size, np.arange(n - 1, -1, -1), np.zeros(n, dtype=int)),
    )


def reverting(rows: int, seed: int) -> Tape:
    """Each minute's price is drawn anew around the same mean; limit orders are never filled."""
    rng = np.random.default_rng(seed)
    return of_middles(100.0 * (1.0 + LEVELS[rng.integers(3, size=rows)] / 1e4))


def best_stop(minutes: int) -> float:
    """Basis points that the best moment to buy saves, on average, where prices are drawn anew.

    The value of stopping: the order may be filled at the price it came in at, or at any of the
    next `minutes`, the last of them paying nothing extra.
    """
    value = LEVELS.mean()
    for _ in range(minutes):
        value = float(np.minimum(LEVELS, value).mean())
    return float(LEVELS.mean() - value)
