"""Market data with bursts of forced selling in it: violent hours, and open interest that falls."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame
from support.crowded_folder import PAIRS
from support.market_files import put

EVERY, HOURS = 75, 4
"""A burst of so many hours about every so many."""
SIGMA = 0.004


def burst_frame(hours: int, seed: int) -> DataFrame:
    """Candles with ``open_interest`` (contracts); an hour after which the next falls stands out."""
    rng = np.random.default_rng(seed)
    burst = _bursts(rng, hours)
    moves = SIGMA * rng.standard_normal(hours)
    moves[burst] = rng.choice((-1, 1), burst.sum()) * SIGMA * rng.uniform(5, 12, burst.sum())
    flow = 0.002 * rng.standard_normal(hours)
    flow[burst] = -rng.uniform(0.01, 0.05, burst.sum())
    flow[~burst] -= flow.mean()  # what was closed by force is opened again in time
    close = 100 * np.exp(np.cumsum(moves))
    opened = np.r_[close[:1], close[:-1]]
    return DataFrame({
        "date": pd.date_range("2024-01-01", periods=hours, freq="h", tz="UTC"),
        "open": opened, "high": np.maximum(opened, close), "low": np.minimum(opened, close),
        "close": close, "volume": np.exp(rng.standard_normal(hours)),
        "open_interest": 1e6 * np.exp(np.cumsum(flow)),
    })  # fmt: skip


def cascade_folder(root: Path, hours: int = 3000, pairs: tuple[str, ...] = PAIRS) -> Path:
    """Hourly candles and open interest of `burst_frame`, a pair each."""
    for seed, stem in enumerate(pairs):
        frame = burst_frame(hours, seed)
        put(root / f"futures/{stem}-1h.parquet", frame.drop(columns="open_interest"))
        interest = frame[["date", "open_interest"]]
        value = interest["open_interest"] * frame["close"]
        put(root / f"oi/{stem}-1h-oi.parquet", interest.assign(open_interest_value=value))
    return root


def _bursts(rng: np.random.Generator, hours: int) -> NDArray[np.bool_]:
    starts = np.flatnonzero(rng.random(hours) < 1 / EVERY)
    burst = np.zeros(hours, bool)
    for hour in range(HOURS):
        burst[np.minimum(starts + hour, hours - 1)] = True
    return burst
