"""Adaptive weights: each source by how its own paper trades went of late, twins sharing theirs."""

from collections.abc import Mapping
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hydra_quant.features.windows import (
    window_codeviations,
    window_deviations,
    window_mean,
    window_sum,
)

Floats = NDArray[np.float64]

MINUTES_A_YEAR = 365 * 24 * 60
MOST_CANDLES = 900
MIN_SPOKEN = 0.1
STRONGEST = 6.0
USUAL_SHARPE = 1.0


def window_candles(sharpe_days: int, candle_minutes: int, most: int = MOST_CANDLES) -> int:
    """Candles of the window: `sharpe_days`, as far as `most` candles reach, at least 2.

    The paper trades of a source exist only once it has warmed up, so the lookback of the weights
    is the sources' longest plus `lookback`; `most` keeps their sum within what an exchange serves.
    """
    return max(2, min(sharpe_days * 24 * 60 // candle_minutes, most))


def lookback(window: int, holding_candles: int = 1) -> int:
    """Votes before a candle's own that its weights depend on."""
    return window + holding_candles


def paper_returns(
    vote: Floats, close: Floats, *, round_trip_cost: float, holding_candles: int = 1
) -> Floats:
    """What a source earned by trading its own votes.

    The position over a candle is the mean of the `holding_candles` votes before that candle's
    close (as if each had been held so long by its own share of the money); a source without an
    opinion holds nothing. Half the round trip is paid on each unit of turnover.

    Parameters
    ----------
    vote : array of shape (n_candles,) in [-1, 1], NaN is no opinion
    close : array of shape (n_candles,), oldest first, quote currency, positive
    round_trip_cost : fraction
    holding_candles : how long a vote is held, candles

    Returns
    -------
    array of shape (n_candles,), fraction of the stake: the return over the candle that ends at each
    row, known at its close; the first ``holding_candles + 1`` rows are NaN, and so is a row beside
    a missing price.
    """
    mean = window_mean(np.nan_to_num(vote), holding_candles)
    position = _shift(mean, 1)
    turnover = np.abs(position - _shift(mean, 2))
    move = close / _shift(close, 1) - 1.0
    return np.asarray(position * move - 0.5 * round_trip_cost * turnover)


def sharpe(returns: Floats, window: int, candle_minutes: int) -> Floats:
    """Annualised Sharpe ratio over the window (no risk-free rate, population deviation).

    Returns
    -------
    array of shape (n_candles,); NaN where the window is not full, holds a NaN or never changes.
    """
    variance = window_deviations(returns, window) / window
    deviation = np.sqrt(np.where(variance > 0, variance, np.nan))
    scale = np.sqrt(MINUTES_A_YEAR / candle_minutes)
    return np.asarray(window_mean(returns, window) / deviation * scale)


def multiplier(annual_sharpe: Floats, years: float) -> Floats:
    """Factor on a source's weight: ``2 / (1 + exp(-belief))``.

    The belief is what is left of the Sharpe ratio when luck is taken out: a ratio measured over
    `years` has a standard error of ``1 / sqrt(years)`` (Lo 2002; independent returns, small
    ratios), true ones scatter by `USUAL_SHARPE`, and the mean of the posterior of two normals is
    ``sharpe * years / (years + 1 / USUAL_SHARPE**2)``. A month keeps 8 % of it: it takes a disaster
    (trading costs, say) to move a weight far, as it should. 1 at 0, rising, between 0 and 2; the
    belief counts up to `STRONGEST`, so no source is lost for good.

    Parameters
    ----------
    annual_sharpe : array, NaN where there is none
    years : length of the window it was measured in

    Returns
    -------
    array of the same shape in (0, 2); 1 where there is no Sharpe ratio.
    """
    kept = years / (years + USUAL_SHARPE**-2)
    belief = np.clip(annual_sharpe * kept, -STRONGEST, STRONGEST)
    return np.where(np.isnan(belief), 1.0, 2.0 / (1.0 + np.exp(-np.nan_to_num(belief))))


def crowding(returns: Mapping[str, Floats], window: int) -> dict[str, Floats]:
    """Sum of each source's positive correlations with all sources over the window.

    Itself is among them: 1 for a source on its own, 2 for each of two twins. What is not known
    (a window that is not full, a source that never moved) adds nothing.
    """
    spread = {name: window_deviations(own, window) for name, own in returns.items()}
    total = {name: np.ones(len(own)) for name, own in returns.items()}
    for one, other in combinations(returns, 2):
        together = window_codeviations(returns[one], returns[other], window)
        scale = np.sqrt(spread[one]) * np.sqrt(spread[other])
        likeness = np.where(scale > 0, together / np.where(scale > 0, scale, 1.0), 0.0)
        total[one] += np.clip(likeness, 0.0, 1.0)
        total[other] += np.clip(likeness, 0.0, 1.0)
    return total


def adaptive_weights(
    votes: Mapping[str, Floats],
    close: Floats,
    base: Mapping[str, float],
    *,
    candle_minutes: int,
    window: int,
    round_trip_cost: float,
    holding_candles: int = 1,
    share_likeness: bool = True,
) -> dict[str, Floats]:
    """Weights of the sources on each candle, from what was known at its close.

    Base weight times `multiplier` of the source's recent paper trades, divided by its `crowding`,
    scaled so that the weights of all sources sum to that of their base weights.

    Parameters
    ----------
    votes : by source, arrays of shape (n_candles,) in [-1, 1]; NaN is no opinion
    close : array of shape (n_candles,), oldest first, positive
    base : by source, not negative
    candle_minutes : width of a candle
    window : candles of the recent past (`window_candles`)
    round_trip_cost : fees and slippage, in and out (fraction)
    holding_candles : how long a vote is held, candles
    share_likeness : whether sources that earn alike share their weight

    Returns
    -------
    dict of arrays of shape (n_candles,), not negative. The base weights in the first `lookback`
    rows; no multiplier for a source that spoke on less than `MIN_SPOKEN` of the window.
    """
    names = [name for name in votes if base[name] > 0]
    weights = {name: np.zeros(len(close)) for name in votes}
    if not names:
        return weights
    trade = partial(paper_returns, round_trip_cost=round_trip_cost, holding_candles=holding_candles)
    earned = {name: trade(votes[name], close) for name in names}
    crowds = crowding(earned, window) if share_likeness else dict.fromkeys(names, 1.0)
    years = window * candle_minutes / MINUTES_A_YEAR
    for name in names:
        spoken = window_sum(np.isfinite(votes[name]).astype(float), window)
        ratio = np.where(
            spoken >= MIN_SPOKEN * window, sharpe(earned[name], window, candle_minutes), np.nan
        )
        weights[name] = base[name] * multiplier(ratio, years) / crowds[name]
    total = np.sum([weights[name] for name in names], axis=0)
    mass = sum(base[name] for name in names)
    return {name: weight * (mass / total) for name, weight in weights.items()}


def _shift(values: Floats, by: int) -> Floats:
    out = np.full(len(values), np.nan)
    out[by:] = values[: len(values) - by] if len(values) > by else out[by:]
    return out
