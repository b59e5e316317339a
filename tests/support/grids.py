"""Grids of sequence features with the candles that they were computed from."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from support.freqai_world import BAR, candles

from hydra_quant.adapters.freqai.frames import open_times
from hydra_quant.adapters.freqai.net_rows import Grid, bare_frame, grid_of
from hydra_quant.heads.sequence_features import NAMES, sequence_features
from hydra_quant.labels import direction, forward_return
from hydra_quant.models.rows import Rows

HORIZON = 3
Ask = Callable[[Grid, NDArray[np.int64]], NDArray[np.float64]]


def grid_from(frames: dict[str, pd.DataFrame]) -> Grid:
    """The features of candles on one grid, as an ensemble has them."""
    shown = {
        pair: bare_frame(
            pair,
            open_times(frame),
            sequence_features(frame, 60).to_numpy(),
            [f"%-{name}" for name in NAMES],
        )
        for pair, frame in frames.items()
    }
    return grid_of(shown, {pair: slice(0, len(frame)) for pair, frame in frames.items()}, BAR)


def market(n: int, pairs: int = 2, planted: float = 2.0) -> dict[str, pd.DataFrame]:
    """Candles of pairs A, B, … with a planted signal."""
    return {chr(64 + seed): candles(seed, n, planted) for seed in range(1, pairs + 1)}


def rows_of(grid: Grid, frames: dict[str, pd.DataFrame], first: int, last: int) -> Rows:
    """Rows first to last - 1 of every pair with their labels, by time, then by pair."""
    at, pairs = np.meshgrid(np.arange(first, last), np.arange(len(frames)), indexing="ij")
    labels = []
    for frame in frames.values():
        close = frame["close"].to_numpy()
        labels.append(np.column_stack([forward_return(close, HORIZON), direction(close, HORIZON)]))
    told = np.stack(labels, axis=1)[at.ravel(), pairs.ravel()]
    times = grid.begins + grid.bar * at.ravel()
    universe = grid.panel.pairs
    return Rows(np.empty((at.size, 0)), told, times, pairs.ravel().astype(np.int16), universe)


def after(grid: Grid, row: int, known: bool = True) -> Grid:
    """The grid with other candles after a row, or with none."""
    values = grid.panel.values.copy()
    values[row + 1 :] = np.nan
    if known:
        other = grid_from(market(len(values), values.shape[1], planted=0.0)).panel.values
        values[row + 1 :] = other[row + 1 :]
    return grid._replace(panel=replace(grid.panel, values=values))


def reads_ahead(ask: Ask, grid: Grid, rows: list[int]) -> bool:
    """Whether an answer to a row changes when all features after it do."""
    for row in rows:
        at = np.stack([np.arange(row + 1).repeat(2), np.tile([0, 1], row + 1)], axis=1)
        told = ask(grid, at)
        for other in (after(grid, row), after(grid, row, known=False)):
            if not np.array_equal(ask(other, at), told, equal_nan=True):
                return True
    return False
