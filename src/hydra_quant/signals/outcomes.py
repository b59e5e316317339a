"""What a signal's own past trades returned, and how far they went wrong, as known by each candle.

A trade enters at the open after the candle that fired and leaves at the open a holding period
later; it is known from the candle on that this open belongs to. Every candle that fired counts
as a trade of its own, also while an earlier one still runs: neighbouring trades share most of their
path, so `n` of them are less evidence than `n` that do not overlap, and `shrinkage` is the remedy.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.features.windows import window_max, window_min, window_sum
from hydra_quant.settings import Signals
from hydra_quant.signals import price
from hydra_quant.signals.levels import column
from hydra_quant.signals.price import before, candles_of
from hydra_quant.signals.signal import Floats, Signal

MEMORY_CANDLES = 1400
"""All that a candle's expectations may depend on: what exchanges serve a bot that starts."""

_LEAST_SHRINKAGE = 1e-9  # without any, a signal without trades would have no expectation


class Reach(NamedTuple):
    """How far back outcomes go: `window` exits, trades of `horizon` candles, all `memory`."""

    window: int
    horizons: dict[str, int]
    memory: int


class Sums(NamedTuple):
    """Trades known in the window: how many, their summed outcomes, and the market's usual move.

    Shapes: every field (n_candles,), or (n_signals, n_candles) once stacked.
    """

    trades: Floats
    gained: Floats
    adverse: Floats
    usual: Floats


def reach(settings: Signals, candle_minutes: int) -> Reach:
    """Fit the window and the holding periods into `MEMORY_CANDLES`.

    A holding period is cut to half of what the generators' own lookback leaves, and the window of
    `settings.outcome_candles` to the rest. With candles of 15 minutes or more, the default settings
    are not cut at all.
    """
    own = price.lookback(settings, candle_minutes)
    room = MEMORY_CANDLES - own
    horizons = {
        name: min(candles_of(minutes, candle_minutes), room // 2)
        for name, minutes in settings.holding_minutes.items()
    }
    longest = max(horizons.values())
    window = min(settings.outcome_candles, room - longest)
    return Reach(window, horizons, own + longest + window)


def outcome(
    frame: DataFrame, side: NDArray[np.int8], horizon: int
) -> tuple[Floats, Floats, Floats]:
    """Outcome of the trade that ends at each candle's open.

    Parameters
    ----------
    frame : DataFrame with open, high, low, quote currency, oldest first
    side : array of shape (n_candles,), of the candle that fired
    horizon : candles held

    Returns
    -------
    gained, adverse, moved : arrays of shape (n_candles,)
        In the row of the exit, known at that candle's close: the simple return in the trade's
        direction before costs; how far price went against it on the way, as a fraction of the entry
        price, at least 0; the size of the return whether or not there was a trade. NaN where there
        was no trade (`moved`: no such price).
    """
    opened, high, low = (column(frame, name) for name in ("open", "high", "low"))
    entry = before(opened, horizon)
    signed = before(side.astype(np.float64), horizon + 1)
    signed[signed == 0] = np.nan
    change = opened / entry - 1
    worst_low = np.minimum(before(window_min(low, horizon), 1), opened)
    worst_high = np.maximum(before(window_max(high, horizon), 1), opened)
    against = np.where(signed > 0, 1 - worst_low / entry, worst_high / entry - 1)
    adverse = np.where(np.isnan(signed), np.nan, np.maximum(against, 0.0))
    return signed * change, adverse, np.abs(change)


def expect(
    signals: Mapping[str, Signal], frame: DataFrame, settings: Signals, candle_minutes: int
) -> dict[str, Signal]:
    """Fill in what each signal's trades should return, and how far they should go against it.

    The mean of the signal's own trades in the window, shrunk towards the pooled mean of all
    signals as if `settings.shrinkage` trades had had that one; the pool itself is shrunk as much
    towards no return, and an excursion of the market's mean absolute move. Pooled are outcomes
    over the mean absolute move of each signal's holding period, so that a day's trades do not teach
    four-hour trades the size of a day.

    Parameters
    ----------
    signals : by name, sides on every candle of `frame`
    frame : DataFrame with open, high, low, quote currency, oldest first
    settings : Signals
    candle_minutes : int

    Returns
    -------
    dict of the same signals with `expected_return` and `expected_adverse`, on every candle, also
    where silent; the first `reach` ``.memory`` rows are NaN, and a row depends on no older ones.
    """
    window, horizons, memory = reach(settings, candle_minutes)
    sums = [_sums(frame, signal.side, horizons[name], window) for name, signal in signals.items()]
    gained, adverse = _shrunk(Sums(*map(np.stack, zip(*sums, strict=True))), settings.shrinkage)
    gained[:, :memory] = adverse[:, :memory] = np.nan
    return {
        name: replace(signal, expected_return=gained[i], expected_adverse=adverse[i])
        for i, (name, signal) in enumerate(signals.items())
    }


def _sums(frame: DataFrame, side: NDArray[np.int8], horizon: int, window: int) -> Sums:
    gained, adverse, moved = outcome(frame, side, horizon)
    told, priced = np.isfinite(gained) & np.isfinite(adverse), np.isfinite(moved)
    size = window_sum(np.where(priced, moved, 0.0), window)
    many = window_sum(priced.astype(np.float64), window)
    return Sums(
        window_sum(told.astype(np.float64), window),
        window_sum(np.where(told, gained, 0.0), window),
        window_sum(np.where(told, adverse, 0.0), window),
        np.where(many > 0, size / np.maximum(many, 1.0), np.nan),
    )


def _shrunk(sums: Sums, shrinkage: float) -> tuple[Floats, Floats]:
    """Expected return and excursion, each of shape (n_signals, n_candles)."""
    weight = max(shrinkage, _LEAST_SHRINKAGE)
    unit = np.where(sums.usual > 0, sums.usual, 1.0)
    pool = sums.trades.sum(axis=0) + weight
    pooled_gain = (sums.gained / unit).sum(axis=0) / pool
    pooled_adverse = ((sums.adverse / unit).sum(axis=0) + weight) / pool
    evidence = sums.trades + weight
    return (
        (sums.gained + weight * pooled_gain * sums.usual) / evidence,
        (sums.adverse + weight * pooled_adverse * sums.usual) / evidence,
    )
