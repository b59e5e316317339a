"""Windows of a panel as strided views: nothing is copied until a batch is asked for."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Panel:
    """All pairs on one grid of candles.

    Parameters
    ----------
    values : array of float32 and shape (time, pair, feature), oldest row first
        NaN where a value is not known; infinite values are refused. It is kept, not copied.
    opens_ms : array of int64 and shape (time,)
        When each candle opens. Evenly spaced: a missing candle is a row of NaN.
    pairs : names of the pairs
    names : names of the features

    Raises
    ------
    ValueError
        When shapes, types or times are not as said.
    """

    values: Floats
    opens_ms: Ints
    pairs: tuple[str, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.values.dtype != np.float32:
            raise ValueError(f"a panel holds float32, not {self.values.dtype}")
        wanted = (len(self.opens_ms), len(self.pairs), len(self.names))
        if self.values.shape != wanted:
            raise ValueError(
                f"values of shape {self.values.shape} do not fit times, pairs, names: {wanted}"
            )
        steps = np.diff(self.opens_ms)
        if len(steps) and (steps[0] <= 0 or (steps != steps[0]).any()):
            raise ValueError("times of a panel must rise evenly: a missing candle is a row of NaN")
        infinite = np.isinf(self.values).any(axis=(0, 1))
        if infinite.any():
            raise ValueError(f"infinite values in {self.names[int(infinite.argmax())]!r}")

    def __len__(self) -> int:
        return len(self.values)


class Windows:
    """The `length` rows that end at chosen rows of chosen pairs.

    Parameters
    ----------
    panel : Panel
    length : rows of a window; the last one is the chosen row
    at : array of int and shape (n, 2)
        (row, pair), both counted from 0.

    Raises
    ------
    ValueError
        When a window would begin before the panel, end after it, or is of no pair of it.
    """

    def __init__(self, panel: Panel, length: int, at: ArrayLike) -> None:
        self.panel, self.length = panel, length
        self.at: Ints = np.asarray(at, dtype=np.int64).reshape(-1, 2)
        _refuse_rows(self.at[:, 0], length, len(panel))
        pair = self.at[:, 1]
        if len(pair) and (pair.min() < 0 or pair.max() >= len(panel.pairs)):
            raise ValueError(f"pair {pair.min()} or {pair.max()} is not among {len(panel.pairs)}")
        self.view = _strided(panel.values, length)  # (start, pair, time, feature)

    def __len__(self) -> int:
        return len(self.at)

    def batch(self, indices: ArrayLike | slice) -> tuple[Tensor, Tensor]:
        """Return the windows of ``at[indices]``.

        Returns
        -------
        x : float32 Tensor of shape (batch, time, features), oldest row first; 0 where not known
        known : bool Tensor of the same shape
        """
        row, pair = self.at[_picked(indices)].T
        return _masked(self.view[row - self.length + 1, pair])

    @property
    def rows(self) -> Ints:
        """Row of the panel that each window ends with, of shape (n,)."""
        return self.at[:, 0]


class GroupedWindows:
    """The `length` rows that end at chosen rows, all pairs together.

    Parameters
    ----------
    panel : Panel
    length : rows of a window; the last one is the chosen row
    rows : array of int and shape (n,), counted from 0

    Raises
    ------
    ValueError
        When a window would begin before the panel or end after it.
    """

    def __init__(self, panel: Panel, length: int, rows: ArrayLike) -> None:
        self.panel, self.length = panel, length
        self.at: Ints = np.asarray(rows, dtype=np.int64).reshape(-1)
        _refuse_rows(self.at, length, len(panel))
        self.view = _strided(panel.values, length)  # (start, pair, time, feature)

    def __len__(self) -> int:
        return len(self.at)

    def batch(self, indices: ArrayLike | slice) -> tuple[Tensor, Tensor]:
        """Return the windows of ``rows[indices]``.

        Returns
        -------
        x : float32 Tensor of shape (batch, pair, time, feature), oldest first; 0 where not known
        known : bool Tensor of the same shape
        """
        return _masked(self.view[self.at[_picked(indices)] - self.length + 1])

    @property
    def rows(self) -> Ints:
        """Row of the panel that each window ends with, of shape (n,)."""
        return self.at


def _strided(values: Floats, length: int) -> Floats:
    """View (time, pair, feature) as (start, pair, time, feature), where a window can start."""
    if len(values) < length:
        return np.empty((0, values.shape[1], length, values.shape[2]), dtype=np.float32)
    return np.moveaxis(sliding_window_view(values, length, axis=0), -1, 2)


def _picked(indices: ArrayLike | slice) -> slice | NDArray[np.int64]:
    if isinstance(indices, slice):
        return indices
    found = np.asarray(indices).reshape(-1)
    if found.dtype.kind not in "iu" and len(found):
        raise ValueError(f"windows are picked by whole numbers, not {found.dtype}")
    return found.astype(np.int64)


def _masked(found: Floats) -> tuple[Tensor, Tensor]:
    x = np.ascontiguousarray(found)
    missing = np.isnan(x)
    x[missing] = 0.0
    return torch.from_numpy(x), torch.from_numpy(~missing)


def _refuse_rows(rows: Ints, length: int, total: int) -> None:
    if length < 1:
        raise ValueError(f"a window has at least one row, not {length}")
    if not len(rows):
        return
    if rows.min() < length - 1:
        raise ValueError(
            f"the {length} rows that end at row {rows.min()} would begin before the panel"
        )
    if rows.max() >= total:
        raise ValueError(f"row {rows.max()} is after the panel's last, {total - 1}")
