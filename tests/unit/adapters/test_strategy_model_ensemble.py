"""What a model that is an ensemble tells beside its answer: whether to act, and its discord."""

from types import SimpleNamespace

import numpy as np
import pytest
from support.headed import crowded, decided, headed

from hydra_quant.adapters.strategy.columns import ACT, DISCORD
from hydra_quant.adapters.strategy.teaching import RETURN
from hydra_quant.signals.soft_vote import model_vote


@pytest.fixture(scope="module")
def known():
    return crowded()


@pytest.fixture
def made(tmp_path, known):
    made = headed(tmp_path, known)
    made.freqai = SimpleNamespace(head="direction")
    return made


@pytest.fixture
def answers(known):
    rng = np.random.default_rng(5)
    ahead = 0.004 * rng.standard_normal(len(known))
    return {RETURN: ahead, "do_predict": (rng.random(len(known)) < 0.8).astype(int)}


def test_a_side_that_is_not_likely_enough_is_a_vote_of_nothing(made, known, answers):
    act = np.where(np.abs(answers[RETURN]) > 0.004, np.sign(answers[RETURN]), 0.0)
    done = decided(made, known, **answers, **{ACT: act})
    trusted, edge = answers["do_predict"] == 1, made.settings.vote.model_edge
    plain = model_vote(answers[RETURN], trusted, edge)
    assert (trusted & (act == 0)).sum() > 100 < (trusted & (act != 0)).sum()
    np.testing.assert_array_equal(done["hydra_model"][act != 0], plain[act != 0])
    np.testing.assert_array_equal(done["hydra_model"][act == 0], 0 * plain[act == 0])
    assert np.isnan(plain[~trusted]).all()


def test_members_that_disagree_shrink_the_stake(made, known, answers):
    calm = decided(made, known, **answers)
    discord = np.full(len(known), 0.7)
    torn = decided(made, known, **answers, **{DISCORD: discord})
    trusted = answers["do_predict"] == 1
    before = calm["hydra_disagreement"].to_numpy()
    np.testing.assert_array_equal(
        torn["hydra_disagreement"], np.where(trusted, np.fmax(before, 0.7), before)
    )
    smaller = torn["hydra_conviction"] < calm["hydra_conviction"]
    worse = trusted & (before < 0.7) & calm["hydra_conviction"].notna()
    assert worse.sum() > 100
    assert smaller[worse].mean() > 0.9
    assert not smaller[~worse].any()
    agreed = decided(made, known, **answers, **{DISCORD: 0 * discord})
    assert agreed["hydra_conviction"].equals(calm["hydra_conviction"])
