"""Rows a model learns from and answers: one shape for a single pair and for a whole panel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Rows:
    """Aligned rows, sorted by time and, within one time, by pair.

    Attributes
    ----------
    features : NDArray of shape (n_rows, n_features), float64
        Finite values only: incomplete rows are left out before.
    labels : NDArray of shape (n_rows, n_labels), float64
        What is to be learned, finite; of width 0 when rows are only to be answered.
    times : NDArray of shape (n_rows,), int64
        Open time of each row's candle, seconds since 1970 UTC, never decreasing.
    pairs : NDArray of shape (n_rows,), int16
        Which pair a row belongs to: index into `universe`.
    universe : tuple of str
        Pairs in sorted order; frozen for a training window.
    weights : NDArray of shape (n_rows,), float64, or None
        Sample weights; None means all equal.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.float64]
    times: NDArray[np.int64]
    pairs: NDArray[np.int16]
    universe: tuple[str, ...]
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.times)

    def take(self, where: NDArray[np.intp] | slice) -> "Rows":
        """Return the chosen rows, in the order asked for."""
        weights = None if self.weights is None else self.weights[where]
        return Rows(
            self.features[where],
            self.labels[where],
            self.times[where],
            self.pairs[where],
            self.universe,
            weights,
        )
