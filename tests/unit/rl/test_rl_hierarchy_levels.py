"""Limits, slow averages and switching levels off; a hierarchy on disk."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support import hierarchical, learnable

from hydra_quant.ledger.candles import ABSENT
from hydra_quant.models.store import Refused
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.hierarchy.levels import Hierarchy
from hydra_quant.rl.hierarchy.limits import CONDITIONS, NEUTRAL, alone, conditions, room, within
from hydra_quant.rl.hierarchy.slow import slow
from hydra_quant.rl.hierarchy.strategic import Strategic
from hydra_quant.rl.hierarchy.tactical import Tactical, seen_names, told
from hydra_quant.rl.observation import Normaliser, Observer
from hydra_quant.rl.policy import Policy
from hydra_quant.rl.rewards import LogEquity
from hydra_quant.rl.rollout import rollout
from hydra_quant.rl.spaces import Discrete, Exposure, Space

EVERY, DAYS = 4, 3


@pytest.fixture(scope="module")
def arena() -> Any:
    return learnable.arena(120, 1, length=2, pairs=2)


def policy(kind: str, names: tuple[str, ...], space: Space, seed: int) -> Policy:
    """One layer by chance."""
    found = torch.Generator().manual_seed(seed)
    size, many = (len(names) + 5) * space.n_pairs, space.n_pairs * getattr(space, "n", 1)
    key = {"ppo": "action_net", "ddpg": "actor.mu.0", "dqn": "q_net.q_net.0"}[kind]
    weights = {
        f"{key}.weight": torch.randn((many, size), generator=found),
        f"{key}.bias": torch.randn(many, generator=found),
    }
    if kind == "ppo":
        weights["log_std"] = torch.zeros(many)
    return Policy(kind, weights, Normaliser(size), names, 1, space)


@pytest.fixture(scope="module")
def hierarchy(arena: Any) -> Hierarchy:
    policies = {
        "strategic": policy("ppo", arena.names, Exposure(2), 0),
        "tactical": policy("ddpg", seen_names(Observer(arena).names), Exposure(), 1),
        "execution": policy("dqn", ("a", "b"), Discrete(), 2),
    }
    return Hierarchy(policies, arena.names, 2, EVERY, DAYS)


def test_a_neutral_strategy_withholds_nothing() -> None:
    wanted = np.linspace(-1.0, 1.0, 9)
    np.testing.assert_array_equal(within(wanted, np.tile(NEUTRAL, (9, 1))), wanted)
    assert not conditions(NEUTRAL[None]).any()
    assert alone(NEUTRAL[None]) == 0.0


@pytest.mark.parametrize(
    ("strategy", "longs", "shorts"),
    [
        ((0.0, 1.0), 1.0, 1.0),
        ((1.0, 1.0), 1.0, 0.0),
        ((-1.0, 1.0), 0.0, 1.0),
        ((0.4, 0.0), 0.5, 0.25),
        ((0.8, 0.9), 1.0, 0.0),
        ((0.3, -1.0), 0.0, 0.0),
    ],
)
def test_stance_and_budget_leave_room(
    strategy: tuple[float, float], longs: float, shorts: float
) -> None:
    given = np.array([strategy])
    np.testing.assert_allclose(room(given), ([longs], [shorts]))
    both = np.tile(given, (2, 1))
    np.testing.assert_allclose(within(np.array([1.0, -1.0]), both), [longs, -shorts])


def test_slow_averages_are_those_of_the_candles_before(arena: Any) -> None:
    features = arena.features.copy()
    features[40:60, 1, 0] = np.nan
    candles = arena.candles.copy()
    candles["minute"][10:12, 0] = ABSENT
    holed = replace(arena, features=features, candles=candles)
    found = slow(holed, EVERY, DAYS)
    np.testing.assert_allclose(found.means[0, 30, 0], features[27:31, 0].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.means[1, 30, 1], features[19:31, 1].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.means[0, 13, 0], features[12:14, 0].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.means[1, 45, 1, 0], features[34:40, 1, 0].mean(), atol=1e-6)
    # four candles without a value: not known, and said so
    assert not found.known[0, 45, 1]
    assert found.known[0, 45, 0]
    assert found.known[1, 45, 1]
    state = np.ones((1, 5), dtype=np.float32)
    seen = found.observe(np.array([45]), np.array([1]), state)[0]
    np.testing.assert_array_equal(seen[:7], [0, 0, 1, 1, 1, 1, 0])
    assert seen[-1] == 1.0
    with pytest.raises(ValueError, match="every is 0"):
        slow(arena, 0, 1)


def test_slow_averages_know_nothing_of_later_candles(arena: Any) -> None:
    whole, begun = slow(arena, EVERY, DAYS), slow(_until(arena, 50), EVERY, DAYS)
    np.testing.assert_array_equal(whole.means[:, :50], begun.means)
    np.testing.assert_array_equal(whole.known[:, :50], begun.known)


def _until(arena: Any, row: int) -> Any:
    return replace(arena, candles=arena.candles[:row], features=arena.features[:row])


def test_conditions_stand_before_the_state(arena: Any) -> None:
    names = Observer(arena).names
    seen = np.arange(len(names), dtype=np.float32)[None]
    found = told(seen, np.array([[1.0, 0.0]]))[0]
    assert found.tolist() == [*seen[0, :-5], 0.0, 1.0, 0.5, *seen[0, -5:]]
    assert seen_names(names)[-3:] == CONDITIONS
    assert len(found) == len(seen_names(names)) + 5


def test_without_the_strategic_level_it_is_the_tactical_one(
    arena: Any, hierarchy: Hierarchy
) -> None:
    tactical = hierarchy.policies["tactical"]

    def act(observed: np.ndarray) -> np.ndarray:
        return tactical.targets(told(observed, np.tile(NEUTRAL, (2, 1))))[:, 0]

    wanted = rollout(act, arena, 0, 120)
    found = hierarchy.rollout(arena, 0, 120, levels=("tactical",))
    np.testing.assert_array_equal(found.targets, wanted.targets)
    np.testing.assert_array_equal(found.equity, wanted.equity)
    np.testing.assert_array_equal(found.trades, wanted.trades)
    assert len(found.trades) > 5
    both = hierarchy.rollout(arena, 0, 120, levels=("strategic", "tactical"))
    assert (both.equity != wanted.equity).any()


def test_the_execution_level_changes_no_fill(arena: Any, hierarchy: Hierarchy) -> None:
    two = hierarchy.rollout(arena, 0, 120, levels=("strategic", "tactical"))
    three = hierarchy.rollout(arena, 0, 120)
    np.testing.assert_array_equal(two.fills, three.fills)
    np.testing.assert_array_equal(two.equity, three.equity)


def test_levels_that_are_all_off_are_flat_and_the_strategic_one_alone_trades(
    arena: Any, hierarchy: Hierarchy
) -> None:
    none = hierarchy.rollout(arena, 0, 120, levels=())
    assert (none.equity == arena.rules.balance).all()
    assert not hierarchy.rollout(arena, 0, 120, levels=("execution",)).targets.any()
    found = hierarchy.rollout(arena, 0, 120, levels=("strategic",)).targets
    minutes = arena.candles["minute"][:, 0] // 60
    changed = np.flatnonzero((np.diff(found, axis=0) != 0).any(axis=1)) + 1
    assert len(changed) > 3
    assert (minutes[changed] % EVERY == EVERY - 1).all()


def test_no_target_is_outside_what_the_strategy_leaves(arena: Any, hierarchy: Hierarchy) -> None:
    free = hierarchy.actor(arena, 0, ("tactical",))
    bound = hierarchy.actor(arena, 0)
    cut = []

    def act(observed: np.ndarray) -> np.ndarray:
        targets = bound(observed)
        longs, shorts = room(bound.strategy)
        assert (targets <= longs).all()
        assert (targets >= -shorts).all()
        wanted = free(observed)
        cut.append(((wanted > longs) | (wanted < -shorts)).any())
        return targets

    rollout(act, arena, 0, 120)
    assert sum(cut) > 10


def test_a_rollout_goes_on_where_it_ended(arena: Any, hierarchy: Hierarchy) -> None:
    at = 1 + int(np.argmax(arena.candles["minute"][60:, 0] // 60 % EVERY == EVERY - 1)) + 59
    whole = hierarchy.rollout(arena, 0, 120)
    first = hierarchy.rollout(arena, 0, at)
    second = hierarchy.rollout(arena, at, 120, desk=first.desk)
    np.testing.assert_array_equal(np.append(first.equity, second.equity), whole.equity)


def test_the_world_of_the_tactical_level_obeys_the_strategy(arena: Any) -> None:
    def no_longs(seen: np.ndarray) -> np.ndarray:
        return np.tile([-1.0, 1.0], (len(seen), 1))

    def world(strategy: Any) -> Tactical:
        trading = Trading(arena, 8, space=Exposure(), reward=LogEquity(), episode=10)
        return Tactical(trading, strategy, slow(arena, EVERY, DAYS), EVERY)

    free, bound = world(None), world(no_longs)
    for env, held in ((free, True), (bound, False)):
        seen = env.reset(0)
        for _ in range(25):
            assert seen.shape == (8, env.dim)
            assert (seen[:, -8:-5] == ([1.0, 0.0, 0.0] if env is bound else 0.0)).all()
            seen, *_, info = env.step(np.ones((8, 1)))
        assert bool((env.trading.state[:, 0, 0] > 0).any()) is held
        assert info["final_observation"].shape == (info["final_mask"].sum(), env.dim)
    with pytest.raises(ValueError, match="slow"):
        Tactical(free.trading, no_longs)


def test_strategic_decisions_come_every_few_candles_of_an_episode(arena: Any) -> None:
    asked, lived = [], [0]

    def decide(seen: np.ndarray) -> np.ndarray:
        asked.append((lived[-1], len(seen)))
        return np.tile(NEUTRAL, (len(seen), 1))

    env = Tactical(_early(arena), decide, slow(arena, EVERY, DAYS), EVERY)
    env.reset(0)
    for candle in range(1, 23):
        lived.append(candle)
        env.step(np.zeros((6, 1)))
    # episodes have ten candles
    assert asked == [(candle, 6) for candle in (0, 4, 8, 10, 14, 18, 20)]


def _early(arena: Any) -> Trading:
    """Episodes that all have their ten candles."""
    return Trading(
        *(arena, 6),
        space=Exposure(),
        reward=LogEquity(),
        episode=10,
        sampler=lambda arena: np.ones(arena.ready.shape) * (np.arange(120) < 100)[:, None],
    )


def test_a_strategic_step_is_the_sum_of_its_candles(arena: Any) -> None:
    strategic = Strategic(_early(arena), slow(arena, EVERY, DAYS), hierarchical.always_long, EVERY)
    plain = _early(arena)
    strategic.reset(4)
    plain.reset(4)
    steps = [strategic.step(np.tile([0.0, 1.0], (6, 1))) for _ in range(3)]
    paid = np.stack([plain.step(np.ones((6, 1)))[1] for _ in range(10)])
    np.testing.assert_allclose(steps[0][1], paid[:4].sum(axis=0))
    np.testing.assert_allclose(steps[1][1], paid[4:8].sum(axis=0))
    # the episode ends after two of the four candles of the third step
    np.testing.assert_allclose(steps[2][1], paid[8:].sum(axis=0))
    assert [bool(step[3].all()) for step in steps] == [False, False, True]
    assert (steps[2][4]["episode_length"] == 10).all()
    np.testing.assert_allclose(steps[2][4]["episode_return"], paid.sum(axis=0))
    assert (steps[2][0] != steps[2][4]["final_observation"]).any()
    flat = strategic.step(np.tile([0.0, -1.0], (6, 1)))
    assert (flat[1] == 0.0).all()


def test_a_hierarchy_is_stored_by_hash(tmp_path: Path, arena: Any, hierarchy: Hierarchy) -> None:
    hierarchy.save(tmp_path)
    found = Hierarchy.load(tmp_path)
    wanted = hierarchy.rollout(arena, 0, 60)
    np.testing.assert_array_equal(found.rollout(arena, 0, 60).equity, wanted.equity)
    listed = tmp_path / "hierarchy.json"
    about = json.loads(listed.read_text())

    hierarchy.policies["strategic"].save(tmp_path / "tactical.hydra")
    with pytest.raises(Refused, match=r"tactical.hydra holds the policy"):
        Hierarchy.load(tmp_path)
    (tmp_path / "tactical.hydra").unlink()
    with pytest.raises(Refused, match="no such file"):
        Hierarchy.load(tmp_path)
    for change, said in (
        ({"format": 9}, "format 9, not 1"),
        ({"file": "something"}, "no hierarchy"),
        ({"levels": {"king": "0"}}, "'king'"),
    ):
        listed.write_text(json.dumps(about | change))
        with pytest.raises(Refused, match=said):
            Hierarchy.load(tmp_path)
    listed.write_text(json.dumps({k: v for k, v in about.items() if k != "every"}))
    with pytest.raises(Refused, match="does not say 'every'"):
        Hierarchy.load(tmp_path)
    listed.write_text("{")
    with pytest.raises(Refused, match="cannot be read"):
        Hierarchy.load(tmp_path)
    with pytest.raises(Refused, match="no such file"):
        Hierarchy.load(tmp_path / "elsewhere")


def test_another_arena_and_unknown_levels_are_refused(arena: Any, hierarchy: Hierarchy) -> None:
    with pytest.raises(Refused, match="for 2 features over 2 candles"):
        hierarchy.actor(replace(arena, names=("other", "noise")), 0)
    with pytest.raises(ValueError, match="'general'"):
        hierarchy.actor(arena, 0, ("general",))
    lonely = replace(hierarchy, policies={"tactical": hierarchy.policies["tactical"]})
    with pytest.raises(Refused, match="no strategic level"):
        lonely.actor(arena, 0)
