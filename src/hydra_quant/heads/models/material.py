"""What models are judged on: one panel of all pairs, and what came after each of its rows."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hydra_quant.heads.dataset import Dataset, Told, silent
from hydra_quant.heads.models.volatility import day_sums
from hydra_quant.heads.sequence_features import NAMES, sequence_features
from hydra_quant.labels.returns import forward_return
from hydra_quant.memory.series import MINUTE_MS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HOURS = (1, 4, 24)
DAY = 1440
# Rows that the longest window reads, and days that HAR's slowest variance looks back.
LONGEST, MONTH = 168, 30


@dataclass(frozen=True, eq=False)
class Material:
    """All pairs on one grid of candles, with the returns that follow.

    Attributes
    ----------
    values : array of float32 and shape (time, pair, feature); NaN where not known
    opens_ms : array of shape (time,)
    pairs, names : of pairs and features
    candle_minutes : int
    delay : candles between a decision, at its candle's close, and the price it gets
    hours : of the horizons
    returns : array of shape (time, pair)
        Log return of the candle itself.
    targets : array of shape (time, pair, horizon)
        Log return from `delay` candles after the row's close; NaN where not known.
    variances : array of shape (time, pair, 3)
        Log realised variance per day of the last day, week and month, up to the row's close.
    ahead : array of shape (time, pair)
        Log realised variance of the day that begins where the targets do.
    notes : what the reader should know of the data, a line each
    """

    values: NDArray[np.float32]
    opens_ms: Ints
    pairs: tuple[str, ...]
    names: tuple[str, ...]
    candle_minutes: int
    delay: int
    hours: tuple[int, ...]
    returns: Floats
    targets: Floats
    variances: Floats
    ahead: Floats
    notes: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[int, ...]:
        """Candles of each horizon."""
        return tuple(hours * 60 // self.candle_minutes for hours in self.hours)

    @property
    def purge_s(self) -> int:
        """Seconds from a row's time to when its slowest outcome is known, at a candle's close."""
        return 60 * self.candle_minutes * (1 + self.delay + DAY // self.candle_minutes)

    def rows(self) -> Ints:
        """(row, pair) that can be judged, by time, then by pair; of shape (n, 2).

        The candle itself and every return after it are known, and the pair has been there for as
        long as the slowest model looks back.
        """
        known = np.asarray(~np.isnan(self.values).all(axis=2))
        first = np.where(known.any(axis=0), known.argmax(axis=0), len(known))
        warm = max(LONGEST, MONTH * DAY // self.candle_minutes)
        old = np.arange(len(known))[:, None] >= first + warm
        return np.argwhere(known & old & ~np.isnan(self.targets).any(axis=2))

    def shuffled(self, seed: int) -> "Material":
        """Give the rows each other's outcomes: what chance alone would print."""
        at = self.rows()
        other = np.random.default_rng(seed).permutation(len(at))
        targets, ahead = self.targets.copy(), self.ahead.copy()
        targets[at[:, 0], at[:, 1]] = targets[at[other, 0], at[other, 1]]
        ahead[at[:, 0], at[:, 1]] = ahead[at[other, 0], at[other, 1]]
        return replace(self, targets=targets, ahead=ahead)


def material(
    values: Floats,
    close: Floats,
    opens_ms: Ints,
    pairs: tuple[str, ...],
    names: tuple[str, ...],
    *,
    candle_minutes: int = 60,
    delay: int = 1,
    notes: tuple[str, ...] = (),
) -> Material:
    """Put features beside what followed.

    Parameters
    ----------
    values : array of shape (time, pair, feature), NaN where not known
    close : array of shape (time, pair), NaN where not known
    opens_ms : array of shape (time,), evenly spaced
    pairs, names : of pairs and features
    candle_minutes : width, a divisor of a day of 4 hours at most
    delay : candles between a decision and the price it gets

    Raises
    ------
    ValueError
        When no horizon but the day's could be told apart on such candles.
    """
    if candle_minutes > 240 or 240 % candle_minutes:
        raise ValueError(f"candles of {candle_minutes} minutes do not make up 4 hours")
    hours = tuple(h for h in HOURS if h * 60 % candle_minutes == 0)
    returns = np.full(close.shape, np.nan)
    returns[1:] = np.log(close[1:] / close[:-1])
    targets = np.stack(
        [
            np.column_stack(
                [
                    _later(forward_return(prices, h * 60 // candle_minutes), delay)
                    for prices in close.T
                ]
            )
            for h in hours
        ],
        axis=2,
    )
    day = DAY // candle_minutes
    sums = [day_sums(returns, day, days) for days in (1, 7, MONTH)]
    ahead = np.full(close.shape, np.nan)
    reach = delay + day
    ahead[: max(0, len(close) - reach)] = sums[0][reach:]
    return Material(
        np.ascontiguousarray(values, dtype=np.float32), opens_ms, pairs, names, candle_minutes,
        delay, hours, returns, targets, np.stack(sums, axis=2), ahead, notes,
    )  # fmt: skip


def of_dataset(data: Dataset, *, delay: int = 1, told: Told = silent) -> Material:
    """The sequence set of thinking frames, all pairs on one grid of candles."""
    width = data.candle_minutes * MINUTE_MS
    opens = {pair: _opens(frame["date"]) for pair, frame in data.frames.items()}
    start, stop = min(at[0] for at in opens.values()), max(at[-1] for at in opens.values())
    grid = np.arange(start, stop + 1, width)
    values = np.full((len(grid), len(data.frames), len(NAMES)), np.nan)
    close = np.full(values.shape[:2], np.nan)
    for number, (pair, frame) in enumerate(data.frames.items()):
        told(f"features of {pair}", number / len(data.frames))
        at = (opens[pair] - start) // width
        values[at, number] = sequence_features(frame, data.candle_minutes).to_numpy()
        close[at, number] = frame["close"].to_numpy()
    return material(
        values, close, grid, data.pairs, NAMES,
        candle_minutes=data.candle_minutes, delay=delay, notes=data.notes,
    )  # fmt: skip


def _opens(dates: "pd.Series[pd.Timestamp]") -> Ints:
    at: Ints = pd.DatetimeIndex(dates).as_unit("ms").asi8
    return at


def _later(values: Floats, delay: int) -> Floats:
    """The values of `delay` rows later; NaN at the end."""
    return np.concatenate([values[delay:], np.full(min(delay, len(values)), np.nan)])
