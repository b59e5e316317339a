"""Cutting a training window into a training and a test block without leaks between them."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def block_lengths(n_times: int, split: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many of `n_times` go to the first and to the second block.

    Parameters
    ----------
    split : Mapping
        FreqAI's ``data_split_parameters`` (``test_size``, ``train_size``: shares or counts). A
        ``test_size`` of 0 gives one block; without either, the second block is a quarter.
        Defaults and rounding are scikit-learn's ``train_test_split``, which FreqAI uses.

    Raises
    ------
    ValueError
        When a block would be empty.
    """
    train, test = split.get("train_size"), split.get("test_size")
    if test == 0:
        return n_times, 0
    if test is None:
        test = 0.25 if train is None else n_times - _count(train, n_times, math.floor)
    second = _count(test, n_times, math.ceil)
    first = n_times - second if train is None else _count(train, n_times, math.floor)
    if first < 1 or second < 1 or first + second > n_times:
        raise ValueError(
            f"{n_times} candles cannot be cut into train_size {train} and test_size {test}"
        )
    return first, second


def _count(size: float, n_times: int, rounded: Callable[[float], int]) -> int:
    return rounded(size * n_times) if isinstance(size, float) else int(size)


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
    times = candles[np.flatnonzero(np.diff(candles, prepend=candles[:1] - 1))]
    n_first, n_second = block_lengths(len(times), split)
    if n_second == 0:
        return np.arange(len(candles)), np.arange(0)
    cut = times[n_first]
    ends = times[n_first + n_second - 1]
    gap = purge if test_first else purge + embargo
    wait = embargo if test_first else 0
    # both blocks are contiguous, as candles never decrease
    earlier = np.arange(np.searchsorted(candles, cut - gap))
    later = np.arange(*np.searchsorted(candles, (cut + wait, ends + 1)))
    return (later, earlier) if test_first else (earlier, later)
