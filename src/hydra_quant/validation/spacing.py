"""Holes in a series of times."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
DAY_MS = 86_400_000
# A row may come half a step late (settlements and snapshots are not on the dot).
TOLERANCE = 1.5


@dataclass(frozen=True)
class Gaps:
    """Holes, oldest first.

    Attributes
    ----------
    before, after : int arrays of shape (n_gaps,), epoch ms
        The rows on both sides.
    missing : int array of shape (n_gaps,)
        Steps that are not there.
    """

    before: Ints
    after: Ints
    missing: Ints

    @property
    def total(self) -> int:
        """Steps missing in all."""
        return int(self.missing.sum())


def usual_step(event_time: Ints, period_ms: int) -> int:
    """Median distance of different times, at least the period; 0 for fewer than three times.

    Robust while less than half of the steps are missing. A window of 15 minutes every 8 hours has a
    step of 8 hours.
    """
    times = np.unique(event_time)
    return max(int(np.median(np.diff(times))), period_ms) if len(times) > 2 else 0


def gaps(event_time: Ints, period_ms: int) -> Gaps:
    """Where steps are missing between the first and the last time.

    Parameters
    ----------
    event_time : int array of shape (n_rows,), epoch ms, in any order, repeated or not
    period_ms : width of a row's period; 0 for instants

    Notes
    -----
    A daily series without any row on a weekend is a market's: its weekends, and single days off,
    are no gaps.
    """
    times = np.unique(event_time)
    step = usual_step(times, period_ms)
    if not step:
        none = np.empty(0, np.int64)
        return Gaps(none, none, none)
    steps = np.diff(times)
    if step == DAY_MS and not _weekend(times).any():
        days = times.astype("datetime64[ms]").astype("datetime64[D]")
        missing = np.asarray(np.busday_count(days[:-1], days[1:]) - 1, dtype=np.int64)
        wide = missing > 1
    else:
        missing = np.rint(steps / step).astype(np.int64) - 1
        wide = steps > TOLERANCE * step
    return Gaps(times[:-1][wide], times[1:][wide], np.maximum(missing[wide], 1))


def _weekend(times: Ints) -> NDArray[np.bool_]:
    return np.asarray((times // DAY_MS + 3) % 7 >= 5, dtype=np.bool_)  # 1970-01-01: a Thursday
