"""Whether agents have an edge: where it was planted yes, where there is none no."""

from dataclasses import replace

import numpy as np
import pytest
from support.grounds import halves, planted
from support.learnable import Best

from hydra_quant.heads.agents.figures import Spread
from hydra_quant.heads.agents.verdict import verdict
from hydra_quant.heads.agents.walk import How, walk

HOW = How(shadows=30)
DAY_S = 86_400


def best(block, seed):
    who = Best()
    return lambda seen: who(seen)[:, 0]


def restless(block, seed):
    """Turns now and then, whatever is to be seen."""
    rng = np.random.default_rng(seed)
    state = np.zeros(2)

    def act(seen):
        turned = rng.random(2) > 0.95
        state[:] = np.where(turned, rng.choice([-1.0, 0.0, 1.0], 2), state)
        return state.copy()

    return act


@pytest.fixture(scope="module")
def found():
    market = planted()
    return walk(market, halves(market), (1, 2, 3), best, HOW)


def test_a_planted_edge_is_seen(found):
    told = found.verdict
    assert told.edge
    assert told.line.startswith("edge: the median agent beats flat, hold, momentum and random")
    assert "3 seeds are an indication only" in told.line
    assert told.sharpe.low > 0.0
    assert told.sharpe.value == pytest.approx(np.median([one.sharpe for one in found.agents]))
    assert {one.name for one in told.against} == {"flat", "hold", "momentum", "random"}
    assert told.against[-1].luck == pytest.approx(1 / 31)
    assert found.agents[0].profit > max(one.profit for one in found.chance)


def test_the_same_agent_in_a_world_that_it_cannot_see_has_no_edge():
    blind = planted(known=False)
    told = walk(blind, halves(blind), (1, 2, 3), best, HOW).verdict
    assert not told.edge
    assert told.line.startswith("no edge: the median agent")


def test_an_agent_by_chance_has_no_edge():
    market = planted()
    told = walk(market, halves(market), (1, 2, 3), restless, HOW).verdict
    assert told.line.startswith("no edge: the median agent does not beat flat")
    assert told.against[-1].luck > 0.05


def test_one_good_seed_of_three_is_no_edge():
    market = planted()

    def sometimes(block, seed):
        return best(block, seed) if seed == 1 else restless(block, seed)

    walked = walk(market, halves(market), (1, 2, 3), sometimes, HOW)
    assert walked.agents[0].profit > 0.0
    assert not walked.verdict.edge


def test_a_few_days_say_nothing(found):
    days = np.arange(20) * DAY_S
    short = [replace(one, daily=one.daily[:20]) for one in found.agents]
    fixed = {name: replace(one, daily=one.daily[:20]) for name, one in found.fixed.items()}
    shadows = [[replace(one, daily=one.daily[:20]) for one in own] for own in found.shadows]
    told = verdict(short, fixed, shadows, days)
    assert np.isnan(told.sharpe.low)
    assert not told.edge


def test_agents_are_given_training_before_their_test_only(found):
    seen = []

    def noted(block, seed):
        seen.append((block.train, block.test, seed))
        return best(block, seed)

    market = planted(600)
    walk(market, halves(market), (4, 5), noted, How(shadows=1))
    assert [seed for *_, seed in seen] == [4, 4, 5, 5]
    assert all(train[1] <= test[0] for train, test, _ in seen)


def test_the_middle_counts_not_the_best():
    assert Spread.of([9.0, 1.0, 2.0]).median == 2.0
    assert Spread.of([9.0, 1.0, 2.0]).most == 9.0


def test_ctrl_c_leaves_the_seeds_that_are_done():
    def stopped(block, seed):
        if seed == 2:
            raise KeyboardInterrupt
        return restless(block, seed)

    market = planted(600)
    walked = walk(market, halves(market), (1, 2, 3), stopped, How(shadows=2))
    assert walked.interrupted
    assert walked.seeds == (1,)
    with pytest.raises(KeyboardInterrupt):
        walk(market, halves(market), (2, 3), stopped, How(shadows=2))
