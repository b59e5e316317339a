"""Sums over a sliding window that forget what has left it."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def window_sums(values: Floats, window: int) -> Floats:
    """Return the sum of the last `window` values at every time.

    Blocks of 1, 2, 4 ... values are added, so a sum costs ``log2(window)`` additions and holds
    nothing of a value that has left the window, as a running sum would. A NaN reaches the sums
    of its window and no other.

    Parameters
    ----------
    values : array of shape (..., time), oldest first
    window : number of values, at least 1

    Returns
    -------
    array of the same shape; before the first value there are zeros
    """
    if window < 1:
        raise ValueError(f"a window has at least one value, not {window}")
    total: Floats | None = None
    block, size, behind = values, 1, 0
    while True:
        if window & size:
            total = block.copy() if total is None else _add_shifted(total, block, behind)
            behind += size
        if behind == window:
            return total if total is not None else block
        block = _add_shifted(block.copy(), block, size)
        size *= 2


def _add_shifted(onto: Floats, values: Floats, behind: int) -> Floats:
    """Add to `onto`, in place, what `values` were `behind` rows ago."""
    if behind < values.shape[-1]:
        onto[..., behind:] += values[..., : values.shape[-1] - behind]
    return onto
