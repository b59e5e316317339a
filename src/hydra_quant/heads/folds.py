"""Folds in the order of time: train on what was known, judge what came after it."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Rowset = NDArray[np.intp]


@dataclass(frozen=True)
class Fold:
    """Row numbers of one step, ascending: every outcome of `train` is known when `test` begins."""

    train: Rowset
    test: Rowset


def purged_folds(times: NDArray[np.int64], folds: int, purge_s: int) -> list[Fold]:
    """Cut rows into a first stretch and `folds` test blocks of about as many rows each.

    A fold trains on all rows (expanding, the first stretch on) whose outcome is known before its
    test block begins. Nothing after a test block teaches it, so that no embargo is needed. Rows of
    one candle, of several pairs, stay together.

    Parameters
    ----------
    times : array of shape (n_rows,), open times in seconds, never decreasing
    folds : number of test blocks, 1 or more
    purge_s : seconds from a row's time to when the slowest outcome is known

    Returns
    -------
    list of Fold
        Oldest first; fewer than `folds` where a block or what could teach it is empty.
    """
    if not len(times):
        return []
    at = np.arange(folds + 2) * len(times) // (folds + 1)
    edges = np.searchsorted(times, times[np.minimum(at, len(times) - 1)])
    edges[-1] = len(times)
    found = []
    for first, stop in pairwise(edges[1:].tolist()):
        if first >= stop:
            continue
        known = min(first, int(np.searchsorted(times, times[first] - purge_s, side="right")))
        if known:
            found.append(Fold(np.arange(known), np.arange(first, stop)))
    return found
