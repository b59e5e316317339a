"""Weights by what each member's own paper positions earned of late, twins sharing theirs."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hydra_quant.models.ensemble.weights import vote_of
from hydra_quant.signals.adaptive import (
    MINUTES_A_YEAR,
    MOST_CANDLES,
    crowding,
    multiplier,
    paper_returns,
    sharpe,
    window_candles,
)

Floats = NDArray[np.float64]
DAYS = 30


def window_of(n_candles: int, candle_minutes: int, holding: int) -> int:
    """Candles of the recent past: `DAYS`, as far as the record and `MOST_CANDLES` reach."""
    most = min(MOST_CANDLES, n_candles - holding - 1)
    return window_candles(DAYS, candle_minutes, max(2, most))


def earned(told: Floats, close: Floats, *, round_trip_cost: float, holding: int) -> Floats:
    """What a member's paper positions earned over each candle, all pairs with the same money.

    Parameters
    ----------
    told : array of shape (n_candles, n_pairs), probability of a rise; NaN: no position
    close : array of shape (n_candles, n_pairs), oldest first, in any unit; NaN where not known
    round_trip_cost : fraction
    holding : candles for which a vote is held

    Returns
    -------
    array of shape (n_candles,), fraction: known at the candle's close. NaN in the first
    ``holding + 1`` rows and where no pair has a price.
    """
    of_pairs = np.column_stack(
        [
            paper_returns(
                vote_of(told[:, pair]),
                close[:, pair],
                round_trip_cost=round_trip_cost,
                holding_candles=holding,
            )
            for pair in range(close.shape[1])
        ]
    )
    known = np.isfinite(of_pairs)
    count = known.sum(axis=1)
    total = np.where(known, of_pairs, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def recent_weights(
    told: Mapping[str, Floats],
    close: Floats,
    base: Mapping[str, float],
    *,
    candle_minutes: int,
    window: int,
    round_trip_cost: float,
    holding: int,
) -> dict[str, Floats]:
    """Weights of the members after each candle, from what was known at its close.

    Base weight times `multiplier` of the Sharpe ratio of the member's paper positions over the
    window, divided by its `crowding` (members that earn alike share), scaled so that all sum to 1.

    Parameters
    ----------
    told : by member, arrays of shape (n_candles, n_pairs): what it said *before it had learned
        these candles*; NaN where it said nothing
    close : array of shape (n_candles, n_pairs)
    base : by member, not negative, not all 0
    candle_minutes : width of a candle
    window : candles (`window_of`)
    round_trip_cost, holding : as `earned`

    Returns
    -------
    dict of arrays of shape (n_candles,), summing to 1. The base weights until the window is full.
    """
    names = sorted(told)
    paid = {
        name: earned(told[name], close, round_trip_cost=round_trip_cost, holding=holding)
        for name in names
    }
    crowds = crowding(paid, window)
    years = window * candle_minutes / MINUTES_A_YEAR
    raw = {
        name: base[name]
        * multiplier(sharpe(paid[name], window, candle_minutes), years)
        / crowds[name]
        for name in names
    }
    mass = np.sum([raw[name] for name in names], axis=0)
    return {name: raw[name] / mass for name in names}
