"""How much of what a label saw was seen by it alone: weights for labels that overlap."""

import numpy as np
from numpy.typing import NDArray

from hydra_quant.labels.errors import LabelError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def uniqueness(start: Ints, stop: Ints, group: NDArray[np.integer]) -> Floats:
    """Mean uniqueness of each label over its span.

    At a time that c labels of its group share, a label's uniqueness is 1 / c; the weight is the
    mean of that over its span (López de Prado, "Advances in Financial Machine Learning", 2018,
    chapter 4). Labels of a signal that stays on for hours see nearly the same future: together
    they count as little more than one.

    Parameters
    ----------
    start, stop : arrays of shape (n_rows,), in any order
        When a label's span begins and ends, in any unit; the stop is not part of it.
    group : array of shape (n_rows,)
        Labels of different groups (pairs) do not overlap.

    Returns
    -------
    array of shape (n_rows,) in (0, 1]: 1 for a label that shares nothing. Looks at all rows: a
    weight for training, not a feature.

    Raises
    ------
    LabelError
        When a span is empty.
    """
    start, stop = np.asarray(start, dtype=np.int64), np.asarray(stop, dtype=np.int64)
    if (stop <= start).any():
        row = int(np.argmax(stop <= start))
        raise LabelError(f"label {row} spans {start[row]} to {stop[row]}: it must end later")
    weights = np.empty(len(start))
    for one in np.unique(group):
        own = group == one
        weights[own] = _of_group(start[own], stop[own])
    return weights


def _of_group(start: Ints, stop: Ints) -> Floats:
    """Integrate 1 / concurrency, which is constant between the times at which a label changes."""
    times = np.unique(np.concatenate([start, stop]))
    first, last = np.searchsorted(times, start), np.searchsorted(times, stop)
    steps = np.bincount(first, minlength=len(times)) - np.bincount(last, minlength=len(times))
    shared = np.cumsum(steps)[:-1]  # labels alive from each time to the next
    part = np.where(shared > 0, np.diff(times) / np.maximum(shared, 1), 0.0)
    integral = np.concatenate([[0.0], np.cumsum(part)])
    mean = (integral[last] - integral[first]) / (stop - start)
    return np.asarray(np.minimum(mean, 1.0))  # rounded parts can exceed it by a hair
