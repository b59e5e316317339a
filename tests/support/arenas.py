"""Small arenas of random walks for agents to be tried in."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger import Market, Rules, candles_of, together
from hydra_quant.rl.arena import Arena

START_MS = 1_735_689_600_000
HOUR_MS = 3_600_000
FUNDED_EVERY = 8


def walk(rng: np.random.Generator, rows: int, size: float = 0.01) -> NDArray[np.float64]:
    """Closes of a random walk around 100, on ticks of a cent."""
    return np.round(100.0 * np.exp(np.cumsum(rng.normal(0.0, size, rows))), 2)


def bars(closes: NDArray[np.float64], reach: float = 0.0) -> NDArray[np.float64]:
    """Open, high, low, close: each candle opens where the last one closed, and reaches beyond."""
    closes = np.round(closes, 2)
    opens = np.concatenate([closes[:1], closes[:-1]])
    high = np.round(np.maximum(opens, closes) * (1.0 + reach), 2)
    low = np.round(np.minimum(opens, closes) * (1.0 - reach), 2)
    return np.column_stack([opens, high, low, closes])


def arena_of(
    closes: list[NDArray[np.float64]],
    *,
    reach: float = 0.0,
    funding: float = 0.0,
    n_features: int = 3,
    length: int = 1,
    step: float = 0.001,
    seed: int = 0,
    **rules: Any,
) -> Arena:
    """An arena of these closes, one list a pair; `funding` is the rate every eight hours."""
    n = len(closes[0])
    opens_ms = START_MS + HOUR_MS * np.arange(n)
    paid = slice(None, None, FUNDED_EVERY)
    tables = [
        candles_of(opens_ms, bars(own, reach), opens_ms[paid], funding * own[paid])
        for own in closes
    ]
    rng = np.random.default_rng(seed)
    return Arena(
        together(tables),
        rng.normal(0.0, 1.0, (n, len(closes), n_features)).astype(np.float32),
        tuple(f"feature{i}" for i in range(n_features)),
        tuple(f"P{i}/USDT:USDT" for i in range(len(closes))),
        tuple(Market(step=step) for _ in closes),
        Rules(**rules),
        length,
    )


def walks(rows: int = 120, pairs: int = 2, seed: int = 0, **options: Any) -> Arena:
    """An arena of random walks."""
    rng = np.random.default_rng(seed)
    return arena_of([walk(rng, rows) for _ in range(pairs)], seed=seed, **options)


def resized(**rules: Any) -> dict[str, Any]:
    """Rules by which the stake follows the target, with a stop that is hit now and then."""
    found = {"position_adjustment_enable": True, "resize_beyond": 0.1, "stoploss": -0.04}
    return found | rules


def with_features(arena: Arena, features: NDArray[np.float32]) -> Arena:
    """The same arena with other features."""
    return replace(arena, features=features)
