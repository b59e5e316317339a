"""The generated days: extended on demand, never rewritten."""

from threading import Lock

import numpy as np
from numpy.typing import NDArray

from .kernel import run_day
from .spec import DAY_MS, MarketSpec
from .state import BIN_WIDTH, Output, blank_output, constants, draw, initial_state

WARM_UP_DAYS = 30
LEADER = "BTC/USDT:USDT"


class Blocks:
    """Days of output since the epoch; day ``k`` depends on the spec and on ``k`` alone.

    Each day has its own random generator and takes the state its predecessor left, so a longer
    history begins with the shorter one (prefix law). Thread-safe.
    """

    def __init__(self, spec: MarketSpec) -> None:
        self._spec = spec
        self._constants = constants(spec)
        self._state = initial_state(spec)
        self._days: list[Output] = []
        self._lock = Lock()
        self._warm = False

    def __len__(self) -> int:
        return len(self._days)

    def extend(self, days: int) -> None:
        """Make sure that the first ``days`` days exist."""
        if len(self._days) >= days:
            return
        with self._lock:
            if not self._warm:
                self._warm_up()
            while len(self._days) < days:
                self._days.append(self._run(len(self._days)))

    def _run(self, block: int) -> Output:
        out = blank_output(len(self._spec.pairs))
        leader = self._spec.pairs.index(LEADER) if LEADER in self._spec.pairs else -1
        run_day(self._constants, self._state, draw(self._spec, block), out, leader, block)
        return out

    def _warm_up(self) -> None:
        """Let herds, ladders and crowding forget their start, then put prices back on theirs."""
        for block in range(-WARM_UP_DAYS, 0):
            self._run(block)
        start = initial_state(self._spec)
        shift = start.log_price - np.log(self._state.tick_price * self._constants.tick)
        self._state.average[:, 0] += shift
        self._state.average[:, 2] += shift
        for ladder in (self._state.long_ladder, self._state.short_ladder):
            _shift_ladder(ladder, shift)
        self._state.log_price[:] = start.log_price
        self._state.tick_price[:] = start.tick_price
        self._warm = True

    def days(self, first: int, last: int) -> list[Output]:
        """Return days ``first`` to ``last`` (exclusive), generating what is missing."""
        self.extend(last)
        return self._days[first:last]


def _shift_ladder(ladder: NDArray[np.float64], shift: NDArray[np.float64]) -> None:
    """Move every pair's liquidation prices with its price, to the nearest bin."""
    for row, move in zip(ladder, np.rint(shift / BIN_WIDTH).astype(int), strict=True):
        row[:] = np.roll(row, move)


def day_range(epoch_ms: int, start_ms: int, end_ms: int) -> tuple[int, int]:
    """Days since the epoch that the half-open interval touches."""
    first = max((start_ms - epoch_ms) // DAY_MS, 0)
    return first, max(-((epoch_ms - end_ms) // DAY_MS), first)
