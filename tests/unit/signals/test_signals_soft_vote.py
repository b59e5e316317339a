"""The soft vote of several sources."""

import numpy as np
import pytest

from hydra_quant.signals.soft_vote import model_vote, soft_vote

NAN = np.nan


def joint(speak_above=0.5, weights=None, **votes):
    votes = {name: np.atleast_1d(np.array(vote, float)) for name, vote in votes.items()}
    return soft_vote(votes, weights or dict.fromkeys(votes, 1.0), speak_above)


@pytest.mark.parametrize(
    ("a", "b", "total", "agree", "oppose"),
    [
        (1.0, 1.0, 1.0, 2, 0),
        (1.0, 0.2, 0.6, 1, 0),
        (0.5, 0.5, 0.5, 2, 0),  # the threshold itself speaks
        (0.4, 0.4, 0.4, 0, 0),  # both whisper
        (-1.0, 0.6, -0.2, 1, 1),
        (1.0, -1.0, 0.0, 0, 2),  # cancelled: a disagreement, not silence
        (1.0, NAN, 1.0, 1, 0),
        (NAN, NAN, NAN, 0, 0),
        (0.0, 0.0, 0.0, 0, 0),
    ],
)
def test_table_of_two_equal_sources(a, b, total, agree, oppose):
    vote = joint(a=a, b=b)
    np.testing.assert_allclose(vote.total, [total])
    assert (vote.agree[0], vote.oppose[0]) == (agree, oppose)


def test_weights_are_shares_of_the_sources_that_are_there():
    weights = {"model": 0.6, "rule": 0.2, "other": 0.2}
    vote = joint(weights=weights, model=[1.0, NAN], rule=[0.5, 0.5], other=[0.0, 0.0])
    np.testing.assert_allclose(vote.total, [0.7, 0.25])


def test_a_source_without_weight_neither_counts_nor_speaks():
    vote = joint(weights={"a": 1.0, "mute": 0.0}, a=0.6, mute=-1.0)
    np.testing.assert_allclose(vote.total, [0.6])
    assert (vote.agree[0], vote.oppose[0]) == (1, 0)


def test_only_sources_without_weight_are_no_opinion():
    assert np.isnan(joint(weights={"mute": 0.0}, mute=1.0).total[0])


def test_a_source_needs_a_weight():
    with pytest.raises(KeyError, match="b"):
        soft_vote({"a": np.zeros(1), "b": np.zeros(1)}, {"a": 1.0}, 0.5)


def test_model_vote_is_linear_full_at_the_edge_and_silent_without_trust():
    predicted = np.array([0.003, -0.0015, 0.1, NAN, 0.003, np.inf])
    trusted = np.array([True, True, True, True, False, False])
    vote = model_vote(predicted, trusted, 0.003)
    np.testing.assert_allclose(vote, [1.0, -0.5, 1.0, NAN, NAN, NAN])
