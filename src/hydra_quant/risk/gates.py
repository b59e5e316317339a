"""From votes to a decision: side and reason of every candle, and the last checks of an entry."""

from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hydra_quant.reasons import Reason
from hydra_quant.settings import Gates, Vote
from hydra_quant.signals.soft_vote import SoftVote


class Decision(NamedTuple):
    """What each candle decides. Shapes: both (n_candles,).

    ``side`` is +1 long, -1 short, 0 nothing; ``reason`` a :class:`Reason` value.
    """

    side: NDArray[np.int8]
    reason: NDArray[np.int8]


def decide(
    vote: SoftVote,
    *,
    trusted: NDArray[np.bool_] | None,
    shock: NDArray[np.float64],
    usual_move: NDArray[np.float64],
    can_short: bool,
    settings: Vote,
    gates: Gates,
    enter_above: float | None = None,
) -> Decision:
    """Decide every candle; the first reason that applies is the one that is kept.

    Parameters
    ----------
    vote : the joint opinion
    trusted : shape (n_candles,), False without a trusted prediction; None without a model
    shock : shape (n_candles,), last return in sigmas
    usual_move : shape (n_candles,), usual move over the holding horizon, fraction of price
    can_short : whether the venue and the strategy take shorts
    settings, gates : thresholds
    enter_above : overrides ``settings.enter_above`` (hyperopt)

    Returns
    -------
    Decision; candles whose inputs are NaN are ``WARMING_UP`` and never enter. Each row depends on
    that row alone.
    """
    threshold = settings.enter_above if enter_above is None else enter_above
    total = np.nan_to_num(vote.total)
    side = np.sign(total).astype(np.int8)
    untrusted = np.zeros(len(total), bool) if trusted is None else ~trusted
    rules = [
        (np.isnan(vote.total) | np.isnan(shock) | np.isnan(usual_move), Reason.WARMING_UP),
        (untrusted, Reason.NO_PREDICTION),
        ((vote.agree + vote.oppose == 0) & (np.abs(total) < threshold), Reason.NO_SIGNAL),
        ((np.abs(total) < threshold) & (vote.oppose > 0), Reason.SOURCES_DISAGREE),
        (np.abs(total) < threshold, Reason.BELOW_THRESHOLD),
        ((side < 0) & (not can_short), Reason.SIDE_OFF),
        (shock > gates.max_shock_sigmas, Reason.SHOCK_CANDLE),
        (usual_move < gates.min_move_costs * gates.round_trip_cost, Reason.MOVE_BELOW_COSTS),
    ]
    conditions = [condition for condition, _ in rules]
    reason = np.select(conditions, [int(r) for _, r in rules], int(Reason.ENTER)).astype(np.int8)
    return Decision(np.where(reason == Reason.ENTER, side, 0).astype(np.int8), reason)


def check_entry(
    *,
    rate: float,
    signal_close: float,
    candle_close_time: datetime,
    now: datetime,
    candle: timedelta,
    gates: Gates,
) -> Reason:
    """Last look before an order: is the signal still about this market?

    Parameters
    ----------
    rate : price the order would be placed at, quote currency
    signal_close : close of the candle that decided, quote currency
    candle_close_time : when that candle closed (UTC)
    now : the clock (UTC); in a backtest the open of the next candle
    candle : length of a candle

    Returns
    -------
    ``ENTERED`` when nothing speaks against it, else ``DATA_STALE`` or ``PRICE_DRIFTED``. A price
    that is not a positive number counts as drifted.
    """
    if not timedelta(0) <= now - candle_close_time <= candle * gates.max_candle_age:
        return Reason.DATA_STALE
    if not (rate > 0 and abs(rate / signal_close - 1) <= gates.max_entry_drift):
        return Reason.PRICE_DRIFTED
    return Reason.ENTERED
