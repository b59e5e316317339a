"""Where the best play is known, the levels find it."""

from statistics import median

import numpy as np
import pytest
from support import hierarchical, learnable

from hydra_quant.rl.environment import Trading
from hydra_quant.rl.hierarchy.costs import WAIT, Costs
from hydra_quant.rl.hierarchy.execution import Execution, work
from hydra_quant.rl.hierarchy.learning import Lesson, learn
from hydra_quant.rl.hierarchy.slow import slow
from hydra_quant.rl.hierarchy.strategic import Strategic
from hydra_quant.rl.hierarchy.tactical import PAID, Tactical
from hydra_quant.rl.hierarchy.working import Orders
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.rewards import LogEquity
from hydra_quant.rl.spaces import Exposure

ENOUGH = 0.95
DECISIONS, EVERY = 24, 4
STRATEGIC = {
    **{"steps": 16_384, "n_steps": 1024, "lr": 2e-2, "batch": 1024, "epochs": 20, "clip": 0.4},
    **{"hidden": (8,), "gamma": 0.5, "gae_lambda": 0.9, "warmup": 512},
}
EXECUTION = {
    **{"steps": 8192, "n_steps": 2048, "lr": 3e-3, "batch": 256, "hidden": (32,), "gamma": 1.0},
    **{"warmup": 512, "learning_starts": 512, "gradient_steps": 2},
}
TACTICAL = {
    **{"steps": 65_536, "n_steps": 8192, "noise": 0.3, "gamma": 0.9, "hidden": (64, 64)},
    **{"learning_starts": 2048, "lr": 1e-3, "seed": 1},
}
MINUTES, FREE = 4, Costs(remainder=0.0, impact=0.0)
BUYS = Orders(np.ones(2000), np.ones(2000), np.full(2000, -1))


def strategic(seed):
    arena = hierarchical.moody(6000, seed)
    trading = Trading(arena, 64, space=Exposure(), reward=LogEquity(), episode=DECISIONS * EVERY)
    return Strategic(trading, slow(arena, EVERY, 6), hierarchical.always_long, EVERY)


def earned(decide, env):
    """Mean log growth of an episode, of the same episodes each time."""
    seen, total = env.reset(5), 0.0
    for _ in range(DECISIONS):
        seen, reward, *_ = env.step(decide(seen))
        total += reward.sum()
    return total / env.n_envs


def taught(level, world, options):
    return learn(Lesson(level, level, world, AgentOptions(**options), {"versions": {}}))


def test_the_strategic_level_stays_out_of_a_bad_mood():
    later = strategic(99)
    best = earned(hierarchical.out_when_bad, later)
    neutral = earned(lambda seen: np.tile([0.0, 1.0], (len(seen), 1)), later)
    # the tactical level alone is long whatever comes
    assert neutral < 0.3 * best
    shares = []
    for seed in range(3):
        policy = taught("strategic", strategic(0), {**STRATEGIC, "seed": seed})
        shares.append(earned(policy.act, later) / best)
    assert median(shares) >= ENOUGH, shares
    untaught = taught("strategic", strategic(0), {**STRATEGIC, "steps": 1})
    assert earned(untaught.act, later) < 0.7 * best


def test_the_tactical_level_follows_drifts_that_pay_for_turning():
    def world(seed):
        arena = learnable.arena(4000, seed)
        trading = Trading(arena, 64, space=Exposure(), reward=LogEquity(), episode=128)
        return Tactical(trading)

    def grown(policy):
        later = world(99)
        seen, total = later.reset(5), 0.0
        for _ in range(128):
            seen, reward, *_ = later.step(policy.act(seen))
            total += reward.sum() / PAID
        return total / later.n_envs

    best = learnable.earned(learnable.Best(), learnable.arena(4000, 99), Exposure())
    # DDPG, unlike ppo, is not at its end after a test's time
    assert grown(taught("tactical", world(0), TACTICAL)) > 0.85 * best
    assert grown(taught("tactical", world(0), {**TACTICAL, "steps": 1})) < 0.5 * best


def test_the_execution_level_waits_where_that_pays():
    optimum = hierarchical.best_stop(MINUTES)
    later = hierarchical.reverting(20_000, 9)
    env = Execution(hierarchical.reverting(4000, 0), BUYS, FREE, 64, minutes=MINUTES)
    policy = taught("execution", env, EXECUTION)
    saved = work(policy.act, later, BUYS, FREE, minutes=MINUTES).saved
    # nobody can save more, but for chance
    assert ENOUGH * optimum <= saved <= 1.05 * optimum
    untaught = taught("execution", env, {**EXECUTION, "steps": 1})
    assert work(untaught.act, later, BUYS, FREE, minutes=MINUTES).saved < 0.7 * optimum


def test_the_execution_level_does_not_wait_where_that_costs():
    rising = hierarchical.of_middles(100.0 * 1.0002 ** np.arange(2000))
    env = Execution(rising, BUYS, FREE, 64, minutes=MINUTES)
    policy = taught("execution", env, EXECUTION)
    found = work(policy.act, rising, BUYS, FREE, minutes=MINUTES)
    np.testing.assert_array_equal(found.shortfall, found.at_once)
    assert found.saved == 0.0
    waited = work(lambda seen: np.full(len(seen), WAIT), rising, BUYS, FREE, minutes=MINUTES)
    assert waited.saved == pytest.approx(-8.0, abs=0.1)


def test_the_best_moment_to_buy_is_worth_what_is_said():
    # one more price: take it where it is below the mean, else the mean is paid
    assert hierarchical.best_stop(1) == pytest.approx(20.0 / 3.0)
    rng = np.random.default_rng(0)
    prices = hierarchical.LEVELS[rng.integers(3, size=(200_000, 3))]
    second = np.where(prices[:, 1] <= hierarchical.LEVELS[0], prices[:, 1], prices[:, 2])
    first = np.where(prices[:, 0] <= hierarchical.LEVELS[0], prices[:, 0], second)
    assert -first.mean() == pytest.approx(hierarchical.best_stop(2), abs=0.15)
