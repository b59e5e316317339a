"""One market for both sides of the RL measurements: equal candles, features and window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

WINDOW, FEATURES, PAIR = 10, 40, "P0/USDT:USDT"
DRIFTS = np.array([-0.004, -0.0001, 0.0001, 0.004])
STAY, FEE, NOISE = 0.85, 0.001, 0.001
HIDDEN = (128, 128)
HOUR_MS = 3_600_000


def market(rows: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Prices and features: the first feature is the drift of the next candle, the others noise."""
    rng = np.random.default_rng(seed)
    state = np.zeros(rows, dtype=int)
    for row in range(1, rows):
        state[row] = state[row - 1] if rng.random() < STAY else rng.integers(len(DRIFTS))
    moves = np.append(0.0, DRIFTS[state[:-1]]) + NOISE * rng.normal(size=rows)
    closes = np.round(100.0 * np.exp(np.cumsum(moves)), 6)
    opens = np.append(100.0, closes[:-1])
    ends = {"high": np.maximum(opens, closes), "low": np.minimum(opens, closes)}
    prices = pd.DataFrame({"open": opens, **ends, "close": closes})
    noise = 0.5 * rng.normal(size=(rows, FEATURES - 1))
    values = np.column_stack([DRIFTS[state] / 0.004, noise]).astype(np.float32)
    return prices, pd.DataFrame(values, columns=[f"%-f{at}" for at in range(FEATURES)])


def arena(rows: int, seed: int, window: int = WINDOW) -> Any:
    """The same as HYDRA takes it."""
    from hydra_quant.ledger import Market, Rules, candles_of, together
    from hydra_quant.rl.arena import Arena

    prices, features = market(rows, seed)
    order = ["open", "high", "low", "close"]
    candles = candles_of(np.arange(rows) * HOUR_MS, prices[order].to_numpy())
    return Arena(
        together([candles]),
        features.to_numpy()[:, None, :],
        tuple(features.columns),
        (PAIR,),
        (Market(tick=1e-6, step=1e-6),),
        Rules(fee_open=FEE, fee_close=FEE, balance=10_000.0),
        window,
    )


def trading(where: Any, n_envs: int) -> Any:
    from hydra_quant.rl.environment import Trading
    from hydra_quant.rl.rewards import LogEquity
    from hydra_quant.rl.spaces import Discrete

    return Trading(where, n_envs, space=Discrete(), reward=LogEquity(), episode=128)


def earned(act: Any, rows: int = 4000) -> float:
    """Mean log growth of 64 episodes of 128 candles that nobody has learned from."""
    env = trading(arena(rows, 99), 64)
    seen, total = env.reset(5), 0.0
    for _ in range(128):
        seen, reward, *_ = env.step(act(seen))
        total += float(reward.sum())
    return total / 64
