"""The joint opinion of members: known answers, shares of the missing, who is dropped and why."""

import logging

import numpy as np
import pytest

from hydra_quant.models.ensemble.roll import Roll
from hydra_quant.models.ensemble.vote import by_confidence, soft
from hydra_quant.models.ensemble.weights import BROAD, DIRECTION, shares, side, vote_of

NAN = np.nan


def told(**members):
    return {name: np.atleast_1d(np.asarray(p, float)) for name, p in members.items()}


def test_the_first_set_of_weights_votes_as_computed_by_hand():
    joint = soft(told(lightgbm=0.7, lstm_cnn=0.6, graph_attention=0.2), DIRECTION.weights)
    assert joint.probability == pytest.approx([0.40 * 0.7 + 0.35 * 0.6 + 0.25 * 0.2])
    votes, mean = np.array([0.4, 0.2, -0.6]), 2 * 0.54 - 1
    spread = np.sqrt(np.array([0.40, 0.35, 0.25]) @ (votes - mean) ** 2)
    assert joint.disagreement == pytest.approx([spread])
    assert joint.confidence == pytest.approx([0.08])
    assert side(joint.probability, DIRECTION.act_above).tolist() == [0.0]
    sure = soft(told(lightgbm=0.7, lstm_cnn=0.6, graph_attention=0.6), DIRECTION.weights)
    assert side(sure.probability, DIRECTION.act_above).tolist() == [1.0]


def test_the_second_set_of_weights_votes_as_computed_by_hand():
    said = {"tft": 0.9, "lstm_cnn": 0.8, "rl": 0.95, "mean_reversion": 0.4}
    joint = soft(told(**said, momentum=0.7, xgboost=0.6), BROAD.weights)
    expected = 0.225 + 0.16 + 0.285 + 0.04 + 0.07 + 0.03
    assert joint.probability == pytest.approx([expected])
    assert vote_of(joint.probability) == pytest.approx([0.62])
    assert side(joint.probability, BROAD.act_above).tolist() == [1.0]
    assert vote_of(BROAD.act_above) == pytest.approx(0.6)
    assert sum(BROAD.weights.values()) == sum(DIRECTION.weights.values()) == pytest.approx(1.0)


def test_a_missing_member_leaves_its_weight_to_the_others():
    joint = soft(
        told(lightgbm=[0.7, NAN], lstm_cnn=[NAN, NAN], graph_attention=[0.2, NAN]),
        DIRECTION.weights,
    )
    assert joint.probability == pytest.approx([(0.4 * 0.7 + 0.25 * 0.2) / 0.65, NAN], nan_ok=True)
    assert joint.weights["lightgbm"] == pytest.approx([0.4 / 0.65, 0.0])
    assert joint.weights["lstm_cnn"].tolist() == [0.0, 0.0]
    assert np.isnan(joint.disagreement[1])
    assert np.isnan(joint.confidence[1])


def test_shares_of_those_present():
    assert shares(DIRECTION.weights, ["lstm_cnn", "graph_attention"]) == pytest.approx(
        {"lightgbm": 0.0, "lstm_cnn": 0.35 / 0.60, "graph_attention": 0.25 / 0.60}
    )
    assert shares({"a": 0.0, "b": 0.0, "c": 1.0}, ["a", "b"]) == {"a": 0.5, "b": 0.5, "c": 0.0}
    assert shares({"a": 1.0}, []) == {"a": 0.0}


def test_opposite_certainties_disagree_fully_and_equal_ones_not_at_all():
    halves = {"a": 0.5, "b": 0.5}
    assert soft(told(a=1.0, b=0.0), halves).disagreement == pytest.approx([1.0])
    assert soft(told(a=0.8, b=0.8), halves).disagreement == pytest.approx([0.0])


def test_a_surer_member_counts_more_where_it_is_sure():
    weights = by_confidence(told(a=[0.9, 0.5, NAN], b=[0.6, 0.5, 0.6]), {"a": 0.5, "b": 0.5})
    assert weights["a"] == pytest.approx([0.4, 0.05, 0.05])
    assert weights["b"] == pytest.approx([0.1, 0.05, 0.1])


def test_sides_are_where_one_is_likely_enough():
    p = np.array([0.61, 0.6, 0.4, 0.39, NAN])
    np.testing.assert_array_equal(side(p, 0.6), [1.0, 0.0, 0.0, -1.0, NAN])


def test_a_member_that_fails_is_named_once_and_configuration_errors_pass(caplog):
    roll = Roll(["a", "b"], pass_on=(KeyError,))

    def broken():
        raise RuntimeError("the loss is nan\nafter epoch 2")

    def misconfigured():
        raise KeyError("b")

    def interrupted():
        raise KeyboardInterrupt

    with caplog.at_level(logging.WARNING):
        assert roll.attempt("a", "training", broken) is None
    assert [r.getMessage() for r in caplog.records] == [
        "ensemble: a drops out, its training failed (RuntimeError: the loss is nan after epoch 2); "
        "b goes on."
    ]
    assert roll.present == ["b"]
    for raised, error in ((misconfigured, KeyError), (interrupted, KeyboardInterrupt)):
        with pytest.raises(error):
            roll.attempt("b", "training", raised)
    assert roll.attempt("b", "training", lambda: 7) == 7
    assert roll.present == ["b"]
