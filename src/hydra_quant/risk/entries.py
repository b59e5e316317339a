"""Which candles enter: by a scored signal that the other sources do not oppose, or by vote."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hydra_quant.reasons import Reason
from hydra_quant.risk.gates import Decision

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Candidate(NamedTuple):
    """The signal of each candle. Shapes: every field (n_candles,).

    ``side`` +1, -1, or 0 where none fires; ``confidence`` and ``score`` (probability that the trade
    pays after costs) 0 to 1, NaN where not known; ``known`` False where signals were silent for
    want of data; ``after_shocks`` True where the signal is about a shock, so that a shock must not
    keep it out.
    """

    side: NDArray[np.int8]
    confidence: Floats
    score: Floats
    known: Flags
    after_shocks: Flags


class Limits(NamedTuple):
    """Thresholds of `enter`; see the settings of the same names."""

    accept_above: float
    min_confidence: float
    veto_beyond: float
    max_shock_sigmas: float
    least_move: float


def by_joint_vote(decided: Decision, agree: NDArray[np.int64], min_agree: int) -> Decision:
    """Keep of the entries by vote those for which enough sources speak.

    Parameters
    ----------
    decided : what the joint vote decides
    agree : shape (n_candles,), sources that speak for it
    min_agree : so many must
    """
    lonely = (decided.reason == Reason.ENTER) & (agree < min_agree)
    return Decision(
        np.where(lonely, 0, decided.side).astype(np.int8),
        np.where(lonely, int(Reason.TOO_FEW_AGREE), decided.reason).astype(np.int8),
    )


def enter(
    candidate: Candidate,
    by_vote: Decision,
    *,
    vote: Floats,
    shock: Floats,
    usual_move: Floats,
    can_short: bool,
    limits: Limits,
) -> Decision:
    """Decide every candle; the first reason that applies is the one that is kept.

    A candle with a signal is decided by it alone: a signal that is turned down is not taken by vote
    instead. A candle without one is decided by the vote of the other sources.

    Parameters
    ----------
    candidate : the signals and their scores
    by_vote : what the other sources decide on their own
    vote : shape (n_candles,), their joint vote in [-1, 1]; NaN where they have none
    shock : shape (n_candles,), last return in sigmas
    usual_move : shape (n_candles,), usual move over the holding horizon, fraction of price
    can_short : whether the venue and the strategy take shorts
    limits : thresholds

    Returns
    -------
    Decision; candles whose yardsticks are NaN are ``WARMING_UP`` and never enter, candles without a
    score are ``NO_PREDICTION``. Each row depends on that row alone.
    """
    side = candidate.side.astype(np.int8)
    against = -side * np.nan_to_num(vote)
    rules = [
        (np.isnan(shock) | np.isnan(usual_move), Reason.WARMING_UP),
        (~(candidate.confidence >= limits.min_confidence), Reason.LOW_CONFIDENCE),
        (np.isnan(candidate.score), Reason.NO_PREDICTION),
        (candidate.score < limits.accept_above, Reason.SCORE_TOO_LOW),
        (against > limits.veto_beyond, Reason.OTHERS_OPPOSE),
        ((side < 0) & (not can_short), Reason.SIDE_OFF),
        ((shock > limits.max_shock_sigmas) & ~candidate.after_shocks, Reason.SHOCK_CANDLE),
        (usual_move < limits.least_move, Reason.MOVE_BELOW_COSTS),
    ]
    by_signal = np.select([c for c, _ in rules], [int(r) for _, r in rules], int(Reason.ENTER))
    unheard = (by_vote.reason == Reason.NO_SIGNAL) & ~candidate.known
    alone = np.where(unheard, int(Reason.NO_POSITIONING), by_vote.reason)
    fires = side != 0
    reason = np.where(fires, by_signal, alone).astype(np.int8)
    chosen = np.where(fires, side, by_vote.side)
    return Decision(np.where(reason == Reason.ENTER, chosen, 0).astype(np.int8), reason)
