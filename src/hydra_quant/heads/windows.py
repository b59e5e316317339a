"""Walk-forward windows over signals: learn from what was known, judge what came next."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """One step of a walk.

    Attributes
    ----------
    train, later, test : NDArray of int
        Row numbers, ascending; `later` is for calibration, untouched by training.
    begin_s, end_s : int
        Times of test rows are from `begin_s`, below `end_s` (seconds since 1970 UTC).
    """

    train: NDArray[np.intp]
    later: NDArray[np.intp]
    test: NDArray[np.intp]
    begin_s: int
    end_s: int


def walk_forward(
    times: Ints,
    *,
    folds: int,
    purge_s: int,
    first: float = 0.4,
    later: float = 0.2,
    span_s: int | None = None,
) -> Iterator[Window]:
    """Cut time into a first training stretch and `folds` test blocks of equal length.

    A row of time ``t`` rests on candles up to its own close and its outcome is known at
    ``t + purge_s``; it may teach what begins then, and nothing earlier.

    Parameters
    ----------
    times : array of shape (n_rows,), open times in seconds, never decreasing
    folds : number of test blocks, 1 or more
    purge_s : seconds from a row's time to when the slowest outcome is known
    first : share of the whole time before the first test block, above 0 and below 1
    later : share of the time before a test block that calibrates, above 0 and below 1
    span_s : train on no more than this much time before a test block; None for all (expanding)

    Yields
    ------
    Window
        Oldest first; blocks without test rows are left out.
    """
    if not len(times):
        return
    begin, stop = int(times[0]), int(times[-1]) + 1
    edges = np.linspace(begin + first * (stop - begin), stop, folds + 1).astype(np.int64)
    for low, high in pairwise(edges):
        test = np.arange(*np.searchsorted(times, (int(low), int(high))))
        if not len(test):
            continue
        since = begin if span_s is None else max(begin, int(low) - span_s)
        train, calibrate = before(times, int(low), purge_s=purge_s, later=later, since_s=since)
        yield Window(train, calibrate, test, int(low), int(high))


def before(
    times: Ints, cut_s: int, *, purge_s: int, later: float, since_s: int | None = None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows that may teach what begins at `cut_s`: those to fit, and later ones to calibrate.

    Outcomes of the fitted rows are known before the first row to calibrate, and those of both
    before `cut_s`.

    Returns
    -------
    train, later : arrays of row numbers, ascending; both may be empty.
    """
    if not len(times):
        return np.arange(0), np.arange(0)
    since = int(times[0]) if since_s is None else since_s
    turn = since + round((1.0 - later) * (cut_s - since))
    known_by_turn, known_by_cut = np.searchsorted(times, (turn - purge_s, cut_s - purge_s), "right")
    first, from_turn = np.searchsorted(times, (since, turn))
    return np.arange(first, known_by_turn), np.arange(from_turn, known_by_cut)
