"""One reason a candle: a scored signal, or the vote of the others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_quant.reasons import Reason
from hydra_quant.risk.entries import Candidate, Limits, by_joint_vote, enter
from hydra_quant.risk.gates import Decision

LIMITS = Limits(
    accept_above=0.45, min_confidence=0.5, veto_beyond=0.5, max_shock_sigmas=6.0, least_move=0.002
)
NAN = float("nan")


def decide(
    side=1, confidence=0.7, score=0.6, known=True, after_shocks=False, vote=0.0, shock=1.0,
    move=0.01, can_short=True, by_vote=(0, Reason.NO_SIGNAL),
):  # fmt: skip
    """One candle."""
    candidate = Candidate(
        np.array([side], np.int8), np.array([confidence]), np.array([score]),
        np.array([known]), np.array([after_shocks]),
    )  # fmt: skip
    voted = Decision(np.array([by_vote[0]], np.int8), np.array([int(by_vote[1])], np.int8))
    found = enter(
        candidate, voted, vote=np.array([vote]), shock=np.array([shock]),
        usual_move=np.array([move]), can_short=can_short, limits=LIMITS,
    )  # fmt: skip
    return int(found.side[0]), Reason(int(found.reason[0]))


# what differs from an ordinary long signal of confidence .7 that scores .6 -> side, reason
TABLE = [
    ({}, 1, Reason.ENTER),
    ({"side": -1}, -1, Reason.ENTER),
    ({"side": -1, "can_short": False}, 0, Reason.SIDE_OFF),
    ({"confidence": 0.49}, 0, Reason.LOW_CONFIDENCE),
    ({"score": 0.449}, 0, Reason.SCORE_TOO_LOW),
    ({"score": 0.45}, 1, Reason.ENTER),
    ({"score": NAN}, 0, Reason.NO_PREDICTION),
    ({"vote": -0.51}, 0, Reason.OTHERS_OPPOSE),
    ({"vote": -0.5}, 1, Reason.ENTER),
    ({"side": -1, "vote": -0.9}, -1, Reason.ENTER),
    ({"vote": NAN}, 1, Reason.ENTER),
    ({"shock": 7.0}, 0, Reason.SHOCK_CANDLE),
    ({"shock": 7.0, "after_shocks": True}, 1, Reason.ENTER),
    ({"shock": NAN}, 0, Reason.WARMING_UP),
    ({"move": 0.001}, 0, Reason.MOVE_BELOW_COSTS),
    # a signal that is turned down is not taken by vote instead
    ({"score": 0.1, "by_vote": (1, Reason.ENTER)}, 0, Reason.SCORE_TOO_LOW),
    # no signal: the vote decides, and silence for want of data is named
    ({"side": 0, "by_vote": (-1, Reason.ENTER)}, -1, Reason.ENTER),
    ({"side": 0}, 0, Reason.NO_SIGNAL),
    ({"side": 0, "known": False}, 0, Reason.NO_POSITIONING),
    ({"side": 0, "known": False, "by_vote": (0, Reason.WARMING_UP)}, 0, Reason.WARMING_UP),
    ({"side": 0, "known": False, "by_vote": (1, Reason.ENTER)}, 1, Reason.ENTER),
]


@pytest.mark.parametrize(("candle", "side", "reason"), TABLE)
def test_one_reason_a_candle(candle, side, reason):
    assert decide(**candle) == (side, reason)


@given(
    confidence=st.one_of(st.none(), st.floats(0, 1)),
    score=st.one_of(st.none(), st.floats(0, 1)),
    vote=st.one_of(st.none(), st.floats(-1, 1)),
    side=st.sampled_from((-1, 1)),
)
def test_missing_numbers_never_enter_and_a_worse_signal_never_enters_instead(
    confidence, score, vote, side
):
    numbers = {"confidence": confidence, "score": score, "vote": vote}
    given_ = {name: NAN if value is None else value for name, value in numbers.items()}
    entered, _ = decide(side=side, **given_)
    assert entered in (0, side)
    if confidence is None or score is None:
        assert entered == 0
    elif entered:
        better = given_ | {"confidence": min(1.0, confidence + 0.1), "score": 1.0}
        assert decide(side=side, **better)[0] == side


def test_an_entry_by_vote_takes_company():
    decided = Decision(
        np.array([1, -1, 0], np.int8),
        np.array([int(Reason.ENTER), int(Reason.ENTER), int(Reason.BELOW_THRESHOLD)], np.int8),
    )
    kept = by_joint_vote(decided, np.array([2, 1, 1]), 2)
    assert kept.side.tolist() == [1, 0, 0]
    assert [Reason(code) for code in kept.reason] == [
        Reason.ENTER,
        Reason.TOO_FEW_AGREE,
        Reason.BELOW_THRESHOLD,
    ]
    assert by_joint_vote(decided, np.array([2, 1, 1]), 1).side.tolist() == [1, -1, 0]
