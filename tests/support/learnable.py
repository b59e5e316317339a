"""A market whose best policy is known: drifts that switch by chance, seen before they are paid.

The drift of the next candle is known at the close of this one, and so is how likely it is to
change; what comes on top of it is noise. Strong drifts pay for turning a position, weak ones do
not, so the best policy hangs on what is held. It is found by value iteration.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger import Market, Rules, candles_of, together
from hydra_quant.rl.arena import Arena
from hydra_quant.rl.desk import STATE
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.rewards import LogEquity
from hydra_quant.rl.spaces import Space

DRIFTS = np.array([-0.004, -0.0001, 0.0001, 0.004])
STAY, FEE, NOISE = 0.85, 0.002, 0.001
NAMES = ("drift", "noise")
HOUR_MS = 3_600_000
SIDES = np.array([-1.0, 0.0, 1.0])


def arena(rows: int, seed: int, *, length: int = 1, pairs: int = 1) -> Arena:
    """Return `rows` candles of this market."""
    rng = np.random.default_rng(seed)
    each = [_pair(rows, rng) for _ in range(pairs)]
    features = np.stack([features for _, features in each], axis=1)
    return Arena(
        together([candles for candles, _ in each]),
        features.astype(np.float32),
        NAMES,
        tuple(f"P{at}/USDT:USDT" for at in range(pairs)),
        tuple(Market(tick=1e-6, step=1e-6) for _ in range(pairs)),
        Rules(fee_open=FEE, fee_close=FEE, balance=10_000.0, max_open_trades=pairs),
        length,
    )


def _pair(rows: int, rng: np.random.Generator) -> tuple[NDArray[np.void], NDArray[np.float64]]:
    state = np.zeros(rows, dtype=int)
    for row in range(1, rows):
        state[row] = state[row - 1] if rng.random() < STAY else rng.integers(len(DRIFTS))
    # The candle of row + 1 moves by the drift that is known at the close of row.
    moves = np.append(0.0, DRIFTS[state[:-1]]) + NOISE * rng.normal(size=rows)
    moves -= moves.mean() - np.append(0.0, DRIFTS[state[:-1]]).mean()
    closes = np.round(100.0 * np.exp(np.cumsum(moves)), 6)
    opens = np.append(100.0, closes[:-1])
    prices = np.stack([opens, np.maximum(opens, closes), np.minimum(opens, closes), closes], axis=1)
    candles = candles_of(np.arange(rows) * HOUR_MS, prices)
    return candles, np.stack([DRIFTS[state] / 0.004, rng.normal(size=rows)], axis=1)


def best_sides() -> NDArray[np.float64]:
    """Return the best side for each drift and each side held, shape (4, 3), by value iteration.

    Of the mean reward a candle: ``side * drift - fee * |side - held|``.
    """
    n = len(DRIFTS)
    follow = STAY * np.eye(n) + (1.0 - STAY) / n
    pay = SIDES * DRIFTS[:, None]  # (drift, side)
    cost = FEE * np.abs(SIDES[:, None] - SIDES)  # (held, side)
    value = np.zeros((n, len(SIDES)))
    for _ in range(500):
        found = (pay + follow @ value)[:, None, :] - cost
        value = found.max(axis=2) - found.max()
    return SIDES[found.argmax(axis=2)]


class Best:
    """Acts as `best_sides` says."""

    def __init__(self) -> None:
        self.sides = best_sides()

    def __call__(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the targets of observations of length 1, shape (n, 1)."""
        drift = np.abs(observations[:, :1] * 0.004 - DRIFTS).argmin(axis=1)
        held = np.rint(observations[:, len(NAMES) + STATE.index("position")]).astype(int)
        return self.sides[drift, held + 1][:, None]


def earned(
    act: Callable[[NDArray[np.float32]], NDArray[Any]],
    where: Arena,
    space: Space,
    *,
    n_envs: int = 64,
    episode: int = 128,
    seed: int = 5,
) -> float:
    """Return the mean log growth of episodes that `act` goes through, the same ones for all."""
    env = Trading(where, n_envs, space=space, reward=LogEquity(), episode=episode)
    seen, total = env.reset(seed), 0.0
    for _ in range(episode):
        seen, reward, *_ = env.step(act(seen))
        total += reward.sum()
    return total / n_envs
