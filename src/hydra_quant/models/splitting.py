"""Cutting a training window into a training and a test block without leaks between them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split


def block_lengths(n_times: int, split: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many of `n_times` go to the first and to the second block.

    Parameters
    ----------
    split : Mapping
        FreqAI's ``data_split_parameters`` (``test_size``, ``train_size``: shares or counts). A
        ``test_size`` of 0 gives one block. Rounding is scikit-learn's, as in FreqAI.
    """
    if split.get("test_size", 0.1) == 0:
        return n_times, 0
    sizes = {key: split[key] for key in ("test_size", "train_size") if key in split}
    first, second = train_test_split(np.arange(n_times), shuffle=False, **sizes)
    return len(first), len(second)


def purged_split(
    candles: NDArray[np.int64],
    split: Mapping[str, Any],
    *,
    purge: int,
    embargo: int,
    test_first: bool = False,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split rows by time into train and test, dropping what would leak across the cut.

    A label at candle ``c`` is known at ``c + purge``. Rows of the earlier block whose label reaches
    the first candle of the later block are dropped from it; so are, where the earlier block is the
    test block, the first `embargo` candles of the training block after it. Where the earlier block
    is the training block, `embargo` widens the gap. Rows of one candle (several pairs) are never
    torn apart.

    Parameters
    ----------
    candles : NDArray of shape (n_rows,), int64
        Number of each row's candle, never decreasing; rows of different pairs share it.
    split : Mapping
        FreqAI's ``data_split_parameters``.
    purge, embargo : int
        Candles, 0 or more.
    test_first : bool
        FreqAI's ``reverse_train_test_order``: the test block is the older one.

    Returns
    -------
    train, test : NDArray of int
        Row numbers, ascending; `test` is empty when ``test_size`` is 0.
    """
    times = np.unique(candles)
    n_first, n_second = block_lengths(len(times), split)
    if n_second == 0:
        return np.arange(len(candles)), np.arange(0)
    cut = times[n_first]
    ends = times[n_first + n_second - 1]
    gap = purge if test_first else purge + embargo
    earlier = np.flatnonzero((candles < cut) & (candles + gap < cut if gap else candles < cut))
    wait = embargo if test_first else 0
    later = np.flatnonzero((candles >= cut + wait) & (candles <= ends))
    return (later, earlier) if test_first else (earlier, later)
