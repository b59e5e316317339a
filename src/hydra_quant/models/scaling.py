"""Min-max scaling to (−1, 1) with constant columns left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Ranges below this count as constant: scikit-learn's rule, which FreqAI's pipeline inherits.
_NO_RANGE = 10 * np.finfo(np.float64).eps
# Below this a squared deviation can underflow to 0, and a variance test sees a constant.
_UNDERFLOW = 1e-150


@dataclass(frozen=True)
class RangeScaler:
    """Maps each training column to (−1, 1), bit for bit as FreqAI's default pipeline does.

    That pipeline is datasieve's ``VarianceThreshold(0)`` followed by scikit-learn's
    ``MinMaxScaler((-1, 1))``: ``x * scale + offset`` with ``scale = 2 / (max - min)`` and
    ``offset = -1 - min * scale``. Values outside the training range map outside (−1, 1).

    Attributes
    ----------
    kept : NDArray of shape (n_columns,), bool
        Columns that vary in the training rows.
    scale, offset : NDArray of shape (n_kept,), float64
    """

    kept: NDArray[np.bool_]
    scale: NDArray[np.float64]
    offset: NDArray[np.float64]

    @classmethod
    def fit(cls, values: NDArray[np.float64], drop_constant: bool = True) -> "RangeScaler":
        """Learn the ranges of the training rows.

        Parameters
        ----------
        values : NDArray of shape (n_rows, n_columns), finite, at least one row
        drop_constant : bool
            False keeps columns without variance (labels are never dropped).

        Raises
        ------
        ValueError
            When every column is constant: nothing can be learned from such rows.
        """
        low, high = values.min(axis=0), values.max(axis=0)
        kept = _varies(values, high - low) if drop_constant else np.ones(len(low), dtype=bool)
        if not kept.any():
            raise ValueError(f"none of the {len(low)} features varies in {len(values)} rows")
        low, span = low[kept], (high - low)[kept]
        scale = 2.0 / np.where(span < _NO_RANGE, 1.0, span)
        return cls(kept, scale, -1.0 - low * scale)

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return scaled copies of the kept columns, shape (n_rows, n_kept)."""
        scaled = values.copy() if self.kept.all() else values[:, self.kept]
        scaled *= self.scale
        scaled += self.offset
        return scaled

    def undo(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values in their own unit again, shape as given (kept columns only)."""
        values = scaled - self.offset
        values /= self.scale
        return values


def _varies(values: NDArray[np.float64], span: NDArray[np.float64]) -> NDArray[np.bool_]:
    varies: NDArray[np.bool_] = span > 0
    tiny = varies & (span < _UNDERFLOW)
    if tiny.any():
        varies[tiny] = values[:, tiny].var(axis=0) > 0
    return varies
