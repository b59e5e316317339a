"""What was known at the close of each candle: pure functions on arrays."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
NEVER = np.iinfo(np.int64).max


def latest(event_time: Ints, known_at: Ints, closes: Ints) -> Ints:
    """Find, for each close, the newest fact that was known by then.

    Newest means the latest `event_time`; of several revisions of one event the one known last. A
    correction of an *old* event that arrives late never hides a newer one.

    Parameters
    ----------
    event_time, known_at : int arrays of shape (n_rows,), in any order, same unit as `closes`
    closes : int array of shape (n_candles,), in any order

    Returns
    -------
    int array of shape (n_candles,): positions in the rows; -1 where nothing was known.
    """
    order = np.lexsort((event_time, known_at))
    times = event_time[order]
    leads = order[times >= np.maximum.accumulate(times)] if len(order) else order
    at = np.searchsorted(known_at[leads], closes, side="right") - 1
    return np.where(at >= 0, leads[at], -1) if len(leads) else np.full(len(closes), -1)


def pick(values: Floats, positions: Ints) -> Floats:
    """Values at these positions; NaN where the position is -1."""
    if not len(values):
        return np.full(len(positions), np.nan)
    return np.where(positions >= 0, values[positions], np.nan)


def age(event_time: Ints, positions: Ints, closes: Ints) -> Floats:
    """Time from the event to the close; NaN where nothing was known."""
    return closes - pick(event_time.astype(float), positions)


def replaced_at(fact: Ints, known_at: Ints) -> Ints:
    """When each revision was replaced by the next one of its fact.

    Parameters
    ----------
    fact : int array of shape (n_rows,)
        The same number for revisions of one fact.
    known_at : int array of shape (n_rows,)

    Returns
    -------
    int array of shape (n_rows,): the next revision's `known_at`; `NEVER` for the last one. Of two
    known at the same time the one further down replaces the other.
    """
    order = np.lexsort((known_at, fact))
    again = fact[order][1:] == fact[order][:-1]
    until = np.full(len(fact), NEVER)
    until[order[:-1][again]] = known_at[order][1:][again]
    return until


def sum_between(
    event_time: Ints, amount: Floats, valid: tuple[Ints, Ints], windows: tuple[Ints, Ints, Ints]
) -> Floats:
    """Sum the amounts of each window's own events, as they were known by its deadline.

    Parameters
    ----------
    event_time, amount : arrays of shape (n_rows,)
    valid : (known_at, replaced_at)
        When each row could first be read, and when a revision of the same fact took its place.
    windows : (opens, closes, deadline)
        int arrays of shape (n_windows,); opens strictly ascending. An event at `opens` is inside,
        one at `closes` is not.

    Returns
    -------
    float array of shape (n_windows,); 0.0 where nothing happened.
    """
    opens, closes, deadline = windows
    window = np.searchsorted(opens, event_time, side="right") - 1
    inside = window >= 0
    of = np.maximum(window, 0)
    if len(opens):
        inside &= (event_time < closes[of]) & (valid[0] <= deadline[of]) & (deadline[of] < valid[1])
    sums = np.bincount(window[inside], weights=amount[inside], minlength=len(opens))
    return sums.astype(np.float64)
