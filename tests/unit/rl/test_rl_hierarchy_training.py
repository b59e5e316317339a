"""A hierarchy from nothing to a file, interrupted and gone on with; what its levels add."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import hierarchical, learnable

from hydra_quant.models.store import Refused
from hydra_quant.rl.hierarchy import Hierarchy, HierarchyOptions, ablation, train_hierarchy
from hydra_quant.rl.hierarchy.ablation import (
    ALL,
    BOTH,
    FLAT,
    HOLD,
    JOINT,
    STRATEGIC,
    TACTICAL,
    Ablation,
    Measured,
    cheaper,
    measure,
)
from hydra_quant.rl.hierarchy.costs import Costs
from hydra_quant.rl.hierarchy.limits import CONDITIONS
from hydra_quant.rl.hierarchy.tape import joined
from hydra_quant.rl.hierarchy.training import Material, phases, plan
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.policy import Policy
from hydra_quant.rl.rollout import rollout

SMALL = AgentOptions(
    steps=256, n_steps=64, batch=32, hidden=(8,), warmup=64, learning_starts=32, epochs=2
)
OPTIONS = HierarchyOptions(
    *(SMALL, SMALL, SMALL),
    **{"every": 4, "days": 3, "n_envs": 8, "episode": 32, "joint_share": 0.5, "seed": 1},
)
ROWS = (0, 300)
TAPE = hierarchical.reverting(500, 0)


@pytest.fixture(scope="module")
def arena() -> Any:
    return learnable.arena(400, 1, length=2, pairs=2)


def train(arena: Any, options: HierarchyOptions, folder: Path, **more: Any) -> Hierarchy | None:
    return train_hierarchy(arena, options, rows=ROWS, tapes=[TAPE], folder=folder, **more)


def hashes(hierarchy: Hierarchy | None) -> dict[str, str]:
    assert hierarchy is not None
    return {name: policy.sha256 for name, policy in hierarchy.policies.items()}


@pytest.fixture(scope="module")
def stored(arena: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Hierarchy]:
    folder = tmp_path_factory.mktemp("hierarchy")
    found = train(arena, OPTIONS, folder)
    assert found is not None
    return folder, found


def test_each_level_learns_alone_and_then_jointly(stored: tuple[Path, Hierarchy]) -> None:
    folder, found = stored
    assert [level for _, level, _ in plan(OPTIONS)] == 2 * ["tactical", "strategic", "execution"]
    assert {name: p.kind for name, p in found.policies.items()} == {
        "strategic": "ppo",
        "tactical": "ddpg",
        "execution": "dqn",
    }
    assert hashes(Hierarchy.load(folder)) == hashes(found)
    records = {phase: found_record(folder, phase) for phase, *_ in plan(OPTIONS)}
    assert records["1-tactical"]["made_from"]["others"] == {}
    assert [*records["2-strategic"]["made_from"]["others"]] == ["tactical"]
    assert len(records["4-joint-1-tactical"]["made_from"]["others"]) == 2
    first = hashes_in(folder, "1-tactical")
    assert records["4-joint-1-tactical"]["made_from"]["start_from"] == first
    assert records["1-tactical"]["steps"] == 256
    assert records["4-joint-1-tactical"]["steps"] == 128


def found_record(folder: Path, phase: str) -> Any:
    return policy_in(folder, phase).record


def hashes_in(folder: Path, phase: str) -> str:
    return policy_in(folder, phase).sha256


def policy_in(folder: Path, phase: str) -> Policy:
    return Policy.load(folder / phase / "policy.hydra")


def test_limits_have_no_weight_before_they_are_met(stored: tuple[Path, Hierarchy]) -> None:
    columns = slice(-5 - len(CONDITIONS), -5)
    alone, later = (
        policy_in(stored[0], phase).weights["actor.mu.0.weight"][:, columns]
        for phase in ("1-tactical", "4-joint-1-tactical")
    )
    assert not alone.any()
    assert later.any()


def test_what_is_done_is_not_done_again(
    arena: Any, stored: tuple[Path, Hierarchy], caplog: pytest.LogCaptureFixture
) -> None:
    folder, found = stored
    with caplog.at_level(logging.INFO, logger="hydra_quant.rl.hierarchy.learning"):
        again = train(arena, replace(OPTIONS, mode="resume"), folder)
    assert hashes(again) == hashes(found)
    assert not caplog.records
    with pytest.raises(Refused, match=r"1-tactical.policy.hydra was made from something else"):
        train(arena, replace(OPTIONS, mode="resume", episode=33), folder)


def test_an_interrupted_training_goes_on(
    arena: Any, stored: tuple[Path, Hierarchy], tmp_path: Path
) -> None:
    asked = iter(range(1000))
    # four updates of the tactical level, then two of the strategic one
    stopped = train(arena, OPTIONS, tmp_path, stop=lambda: next(asked) >= 6)
    assert stopped is None
    assert (tmp_path / "2-strategic" / "checkpoint.hydra").is_file()
    assert not (tmp_path / "2-strategic" / "policy.hydra").exists()
    assert not (tmp_path / "hierarchy.json").exists()
    found = train(arena, replace(OPTIONS, mode="resume"), tmp_path)
    assert hashes(found) == hashes(stored[1])
    other = train(arena, replace(OPTIONS, seed=2), tmp_path / "other")
    assert not {*hashes(other).values()} & {*hashes(found).values()}


def test_a_tactical_level_that_never_trades_leaves_no_orders(
    arena: Any, caplog: pytest.LogCaptureFixture
) -> None:
    never = replace(OPTIONS, act_beyond=1.0, rounds=0)
    found = train_hierarchy(arena, never, rows=ROWS, tapes=[TAPE])
    assert found is not None
    assert {*found.policies} == {"strategic", "tactical"}
    assert "sent no order" in caplog.text


def test_nothing_after_the_rows_is_learned_from(arena: Any, stored: tuple[Path, Hierarchy]) -> None:
    features = arena.features.copy()
    features[ROWS[1] :] *= -3.0
    material = Material(replace(arena, features=features), ROWS, joined([TAPE]))
    weights = {}
    for phase, hierarchy in phases(material, OPTIONS):
        weights[phase] = hierarchy
        if phase == "2-strategic":
            break
    for level, phase in (("tactical", "1-tactical"), ("strategic", "2-strategic")):
        now, then = weights["2-strategic"].policies[level], policy_in(stored[0], phase)
        assert all((now.weights[k] == v).all() for k, v in then.weights.items())


def test_the_report_says_what_each_level_adds(arena: Any) -> None:
    material = Material(arena, ROWS, joined([TAPE]))
    told: list[tuple[int, str]] = []
    found = ablation(
        *(material, OPTIONS, (300, 400), (1, 2)), trained=lambda *what: told.append(what)
    )
    assert [*found.variants] == [FLAT, HOLD, TACTICAL, STRATEGIC, BOTH, ALL, JOINT]
    assert all(len(measured) == 2 for measured in found.variants.values())
    assert len(told) == 2 * len(plan(OPTIONS))
    assert (found.growth(FLAT) == 0.0).all()
    held = rollout(lambda seen: np.ones(2), arena, 300, 400)
    assert found.variants[HOLD] == (measure(held),) * 2
    text = "\n".join(found.lines())
    assert all(name in text for name in found.variants)
    assert "Over 2 seeds" in text
    dearer = replace(arena.rules, fee_open=0.01, fee_close=0.01)
    other = ablation(material, replace(OPTIONS, rounds=0), (300, 400), (1,), rules=dearer)
    assert other.variants[HOLD][0].growth < found.variants[HOLD][0].growth
    with pytest.raises(ValueError, match="overlap"):
        ablation(material, OPTIONS, (299, 400), (1,))
    with pytest.raises(ValueError, match="seeds are missing"):
        ablation(material, OPTIONS, (300, 400), ())


def test_a_level_that_adds_nothing_is_called_so() -> None:
    def grown(*growth: float) -> tuple[Measured, ...]:
        return tuple(Measured(one, 0.1, 3) for one in growth)

    found = Ablation(
        (0, 1, 2),
        {
            FLAT: grown(0, 0, 0),
            HOLD: grown(2, 2, 2),
            TACTICAL: grown(0, 0, 0),
            STRATEGIC: grown(-2, -1, 4),
            BOTH: grown(-1, 0, 3),
            ALL: grown(0, 1, 2),
            JOINT: grown(0, 0, 9),
        },
        (0.5, 1.0, 1.5),
    )
    added = found.added()
    assert added["strategic"].nothing
    assert (added["strategic"].least, added["strategic"].most) == (-1.0, 3.0)
    assert added["strategic"].better == pytest.approx(1 / 3)
    assert added["tactical"].median == 1.0
    assert (added["tactical"].least, added["tactical"].most) == (-1.0, 1.0)
    assert not added["execution"].nothing
    assert added["execution"].median == 1.0
    text = found.lines()
    assert any(line.startswith("strategic: adds nothing (-1.0000 to +3.0000;") for line in text)
    assert any(line.startswith("execution: adds +1.0000") for line in text)
    assert f"{JOINT}: above flat in 33% of the seeds, above hold in 33%" in text
    assert f"{ALL}: above flat in 67% of the seeds, above hold in 0%" in text


def test_what_execution_saves_lowers_the_cost_of_the_same_targets(arena: Any) -> None:
    rng = np.random.default_rng(0)
    rolled = rollout(lambda _: rng.choice([-1.0, 0.0, 1.0], 2), arena, 0, 100)
    same, less, more = (cheaper(rolled, arena, saved) for saved in (0.0, 3.0, -3.0))
    np.testing.assert_array_equal(same.equity, rolled.equity)
    np.testing.assert_array_equal(less.targets, rolled.targets)
    assert less.equity[-1] > same.equity[-1] > more.equity[-1]
    rules = less.desk.arena.rules
    assert (rules.fee_open, rules.fee_close) == pytest.approx((0.0017, 0.0017))
    assert cheaper(rolled, arena, 1e9).desk.arena.rules.fee_open == 0.0


def test_options_out_of_range_are_named() -> None:
    for name, value in (("every", 0), ("rounds", -1), ("joint_share", 0.0), ("mode", "slow")):
        with pytest.raises(ValueError, match=f"{name} is "):
            HierarchyOptions(**{name: value})
    quick = HierarchyOptions(mode="quick", seed=4, logs=Path("logs"))
    own = quick.of("tactical", "1-tactical", 0.5)
    assert (own.steps, own.seed, own.mode) == (10_240, 4, "full")
    assert own.logs == Path("logs/1-tactical")
    assert quick.of("strategic", "x").steps == 4096
    assert HierarchyOptions(costs=Costs(taker=0.001)).described()["costs"]["taker"] == 0.001
