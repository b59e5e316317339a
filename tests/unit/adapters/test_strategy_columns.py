"""The columns that HYDRA adds to a candle frame."""

import json

import numpy as np
import pytest
from support.strategy_world import candles

from hydra_quant.adapters.strategy.columns import (
    PREDICTION,
    add_entries,
    add_exits,
    add_votes,
    entry_tags,
    read_vote,
    thesis,
    trusted,
)
from hydra_quant.reasons import Reason
from hydra_quant.risk.gates import Decision
from hydra_quant.settings import Vote

HORIZON = 3


def voted(n=300, settings=None, with_model=False, **columns):
    frame = candles(n).assign(**columns)
    return add_votes(frame, horizon=HORIZON, settings=settings or Vote(), with_model=with_model)


def decided(frame, side):
    side = np.full(len(frame), side, np.int8)
    reason = np.where(side, Reason.ENTER, Reason.NO_SIGNAL).astype(np.int8)
    tags = entry_tags(frame, side, Vote())
    return add_entries(frame, Decision(side, reason), tags, enter_above=0.5)


def test_votes_leave_the_candles_and_the_given_frame_alone():
    frame = candles()
    before = frame.copy()
    added = add_votes(frame, horizon=HORIZON, settings=Vote(), with_model=False)
    assert frame.equals(before)
    assert added[frame.columns].equals(before)
    assert set(added.columns) - set(frame.columns) == {
        f"hydra_{name}"
        for name in ("momentum", "mean_reversion", "vote", "agree", "oppose", "shock", "atr")
    }


def test_without_a_model_the_two_rules_share_the_vote_by_their_weights():
    frame = voted(settings=Vote(momentum_weight=0.3, mean_reversion_weight=0.1))
    wanted = 0.75 * frame["hydra_momentum"] + 0.25 * frame["hydra_mean_reversion"]
    np.testing.assert_allclose(frame["hydra_vote"][199:], wanted[199:])


def test_an_untrusted_or_missing_prediction_does_not_vote():
    do_predict = np.array([1, 1, 0, -1, 2])
    columns = {
        PREDICTION: [0.003, np.nan, 0.003, 0.003, 0.003],
        "do_predict": do_predict,
    }
    frame = candles(5).assign(**columns)
    assert trusted(frame).tolist() == [True, False, False, False, False]
    added = add_votes(frame, horizon=HORIZON, settings=Vote(), with_model=True)
    np.testing.assert_array_equal(added["hydra_model"], [1.0, *[np.nan] * 4])


def test_a_rule_that_warms_up_does_not_leave_the_vote_to_the_others():
    frame = voted(with_model=True, **{PREDICTION: 0.003, "do_predict": 1})
    assert frame["hydra_mean_reversion"][19:].notna().all()
    assert frame["hydra_vote"][:199].isna().all()
    assert frame["hydra_vote"][199:].notna().all()


def test_the_vote_is_read_back_as_it_was_stored():
    frame = voted()
    vote = read_vote(frame)
    np.testing.assert_array_equal(vote.total, frame["hydra_vote"])
    np.testing.assert_array_equal(vote.oppose, frame["hydra_oppose"])


@pytest.mark.parametrize(("side", "long", "short"), [(1, 1, 0), (-1, 0, 1), (0, 0, 0)])
def test_entry_columns(side, long, short):
    frame = decided(voted(), side)
    assert (frame["enter_long"] == long).all()
    assert (frame["enter_short"] == short).all()
    assert frame["enter_tag"].isna().all() == (side == 0)
    assert (frame["hydra_side"] == side).all()


def test_tags_name_who_spoke_for_the_entry_strongest_source_first():
    votes = {
        "hydra_model": [0.9, 0.9, -0.9, 0.1, np.nan],
        "hydra_momentum": [0.5, -0.9, -0.5, 0.1, 0.6],
        "hydra_mean_reversion": [0.4, 0.1, 0.9, 0.1, 0.6],
    }
    frame = candles(5).assign(**votes)
    side = np.array([1, 1, -1, 1, 1], np.int8)
    tags = ["model+momentum", "model", "model+momentum", "joint", "momentum+mean_reversion"]
    assert entry_tags(frame, side, Vote()).tolist() == tags


def test_a_source_without_weight_is_not_named():
    frame = candles(1).assign(hydra_momentum=1.0, hydra_mean_reversion=1.0)
    tags = entry_tags(frame, np.array([1], np.int8), Vote(momentum_weight=0))
    assert tags.tolist() == ["mean_reversion"]


def test_exits_when_the_vote_for_ones_side_has_faded_and_never_without_a_vote():
    frame = candles(6).assign(hydra_vote=[0.5, 0.1, 0.0, -0.1, -0.5, np.nan])
    done = add_exits(frame, 0.0)
    assert done["exit_long"].tolist() == [0, 0, 1, 1, 1, 0]
    assert done["exit_short"].tolist() == [1, 1, 1, 0, 0, 0]
    tags = [tag if isinstance(tag, str) else None for tag in done["exit_tag"]]
    assert tags == ["vote_faded"] * 5 + [None]


def test_an_exit_level_below_zero_waits_for_the_opposite_vote():
    done = add_exits(candles(3).assign(hydra_vote=[-0.1, -0.3, 0.3]), -0.2)
    assert done["exit_long"].tolist() == [0, 1, 0]
    assert done["exit_short"].tolist() == [0, 0, 1]


def test_the_thesis_is_plain_finite_json_with_the_reason_in_words():
    frame = decided(voted(), 1)
    early, late = thesis(frame.iloc[50]), thesis(frame.iloc[-1])
    assert json.loads(json.dumps(late)) == late
    assert late["reason"] == "entry signal"
    assert {"hydra_vote", "hydra_atr", "hydra_momentum"} <= set(late)
    assert "hydra_momentum" not in early
    assert all(type(value) in (float, str) for value in late.values())
