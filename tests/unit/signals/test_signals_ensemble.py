"""The ensemble: who is heard in which regime, and how much the sources disagree."""

import numpy as np
import pytest

from hydra_quant.settings import Ensemble, Vote
from hydra_quant.signals.ensemble import base_weights, disagreement, ensemble_vote, heard
from hydra_quant.signals.soft_vote import soft_vote

REGIMES = (
    *("trending_up", "trending_down", "ranging", "high_vol", "cascade"),
    *("squeeze_long", "squeeze_short"),
)
SOURCES = ("model", "momentum", "mean_reversion", "trend", "onchain", "sentiment_volume")
NAN = float("nan")


def arrays(**votes):
    return {name: np.atleast_1d(np.array(vote, float)) for name, vote in votes.items()}


@pytest.mark.parametrize(
    ("regime", "silent"),
    [
        ("trending_up", {"mean_reversion"}),
        ("trending_down", {"mean_reversion"}),
        ("ranging", {"momentum", "trend"}),
        ("high_vol", set()),
        ("cascade", {"mean_reversion", "momentum"}),
        ("squeeze_long", set()),
        ("squeeze_short", set()),
        (None, set()),
    ],
)
def test_who_is_heard(regime, silent):
    code = np.array([-1 if regime is None else REGIMES.index(regime)], np.int8)
    assert {name for name in SOURCES if not heard(name, code, REGIMES)[0]} == silent


def test_the_one_who_is_not_heard_gives_its_weight_to_the_others():
    votes = arrays(momentum=[1, 1, 1], mean_reversion=[-0.5, -0.5, -0.5])
    weights = {"momentum": 0.3, "mean_reversion": 0.1}
    regime = np.array([0, 2, -1], np.int8)
    joint = ensemble_vote(votes, weights, 0.5, regime=regime, regimes=REGIMES)
    np.testing.assert_allclose(joint.total, [1, -0.5, (0.3 - 0.05) / 0.4])
    np.testing.assert_array_equal(joint.agree, [1, 1, 1])
    np.testing.assert_array_equal(joint.oppose, [0, 0, 1])
    np.testing.assert_allclose(joint.disagreement, [0, 0, 2 * 0.05 / 0.35])


def test_when_nobody_is_heard_there_is_no_vote():
    only = arrays(mean_reversion=[0.7])
    joint = ensemble_vote(
        only, {"mean_reversion": 1.0}, 0.5, regime=np.zeros(1, np.int8), regimes=REGIMES
    )
    assert np.isnan(joint.total[0])
    assert np.isnan(joint.disagreement[0])


def test_without_regimes_it_is_the_soft_vote():
    rng = np.random.default_rng(0)
    votes = {name: rng.uniform(-1, 1, 50) for name in SOURCES}
    weights = base_weights(Vote(), Ensemble())
    joint, plain = ensemble_vote(votes, weights, 0.5), soft_vote(votes, weights, 0.5)
    np.testing.assert_array_equal(joint.total, plain.total)
    np.testing.assert_array_equal(joint.agree, plain.agree)


def test_a_weight_may_change_from_candle_to_candle():
    votes = arrays(a=[1, 1], b=[-1, -1])
    joint = ensemble_vote(votes, {"a": np.array([1.0, 0.25]), "b": 0.75}, 0.5)
    np.testing.assert_allclose(joint.total, [1 / 7, -0.5])
    np.testing.assert_allclose(joint.disagreement, [2 * 0.75 / 1.75, 0.5])


def test_a_source_without_a_weight_is_an_error():
    with pytest.raises(KeyError, match="b"):
        ensemble_vote(arrays(a=1, b=1), {"a": 1.0}, 0.5)


def test_every_source_has_the_weight_that_the_user_set():
    weights = base_weights(
        Vote(model_weight=0.5, momentum_weight=0.4, mean_reversion_weight=0.3),
        Ensemble(trend_weight=0.2, onchain_weight=0.1, sentiment_weight=0.05),
    )
    assert weights == dict(zip(SOURCES, (0.5, 0.4, 0.3, 0.2, 0.1, 0.05), strict=True))


@pytest.mark.parametrize(
    ("votes", "wanted"),
    [
        ([0.8, 0.3, 1.0], 0),
        ([-0.8, -0.3, 0.0], 0),
        ([1.0, -1.0], 1),
        ([0.4, -0.4], 1),
        ([1.0, -1.0, 0.0], 1),  # who says nothing takes no side
        ([1.0, -0.5], 2 / 3),
        ([1.0, NAN], 0),
        ([0.0, 0.0], 0),
        ([0.01, -0.01], 0.1),  # faint votes: next to nothing cancels
        ([NAN, NAN], NAN),
    ],
)
def test_disagreement(votes, wanted):
    named = arrays(**{str(i): vote for i, vote in enumerate(votes)})
    found = disagreement(named, dict.fromkeys(named, 0.2))
    np.testing.assert_allclose(found, [wanted], atol=1e-12)


def test_a_source_without_weight_disagrees_with_nobody():
    votes = arrays(a=1, b=-1)
    assert disagreement(votes, {"a": 1.0, "b": 0.0}) == 0
    assert np.isnan(disagreement(votes, {"a": 0.0, "b": 0.0}))
