"""Prices at which what was known at a time could first be acted upon."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra_quant.news.gate import NONE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MINUTE_MS = 60_000
# A candle that opens later than this many widths after a time is no price of that time.
LATEST = 3


@dataclass(frozen=True)
class Prices:
    """Opens of one pair's candles.

    Attributes
    ----------
    open_ms : int array of shape (n_candles,), epoch ms, rising
    open : float array of shape (n_candles,), quote currency, above 0
    candle_ms : int
        Width of a candle.
    """

    open_ms: Ints
    open: Floats
    candle_ms: int

    def at(self, times_ms: Ints) -> Ints:
        """Row of the first candle that opens at or after each time; `NONE` where none does soon.

        Its open is the first price that whoever learned something at that time could have had.
        """
        found = np.searchsorted(self.open_ms, times_ms)
        late = np.append(self.open_ms, np.iinfo(np.int64).max)[found] - times_ms
        return np.where(late <= LATEST * self.candle_ms, found, NONE)

    def moved(self, times_ms: Ints, span_ms: Ints | int) -> Floats:
        """Return (fraction) from the first open at or after each time, over a span.

        The span counts from that open and ends at the first open at or after its end; NaN where
        either price is not there. Candles after the end of the span change nothing.
        """
        begin = self.at(times_ms)
        end = self.at(self.open_ms[begin] + span_ms)
        known = (begin >= 0) & (end >= 0)
        moved: Floats = self.open[end] / self.open[begin] - 1.0
        return np.where(known, moved, np.nan)
