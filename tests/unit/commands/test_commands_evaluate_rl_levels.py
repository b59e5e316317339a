"""``hydra-quant evaluate rl --levels``: what each level of a hierarchy adds, and bad input."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from support.crowded_folder import crowded_folder

from hydra_quant.cli import main
from hydra_quant.rl import hierarchy
from hydra_quant.rl.hierarchy import Ablation
from hydra_quant.rl.hierarchy.ablation import ALL, BOTH, JOINT, STRATEGIC, TACTICAL, Measured
from hydra_quant.rl.policy import Policy

VARIANTS = {"flat", "hold", TACTICAL, STRATEGIC, BOTH, ALL, JOINT}
ADDED = {"strategic", "tactical", "execution", "joint training"}
SMALL = (
    *("--algo", "hierarchical", "--levels", "--mode", "quick", "--seeds", "1"),
    *("--steps", "512", "--episode", "100"),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    pairs = ("BTC_USDT_USDT", "ETH_USDT_USDT")
    return crowded_folder(tmp_path_factory.mktemp("crowded"), 1000, pairs)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path
    torch.set_num_threads(before)


@pytest.fixture
def asked(monkeypatch, place):
    """What the levels were asked to learn from and to trade."""
    seen = []
    work = hierarchy.ablation

    def noted(material, options, test, seeds, **more):
        seen.append((material, options, test, more["rules"]))
        return work(material, options, test, seeds, folder=place, **more)

    monkeypatch.setattr(hierarchy, "ablation", noted)
    return seen


def evaluate(*args):
    return main(["evaluate", "rl", *map(str, args)])


def report(growth, seed=7):
    variants = {name: (Measured(growth.get(name, 0.0), 0.1, 3),) for name in sorted(VARIANTS)}
    return Ablation((seed,), variants, (0.5,))


def test_each_level_is_switched_off_on_what_came_later(data, place, capsys, asked):
    assert evaluate("--data", data, *SMALL, "--json", "found.json") == 0
    out = capsys.readouterr().out
    assert "hierarchical, level by level, 1h candles of 2 pairs" in out
    assert "the first test block alone" in out
    assert all(name in out for name in VARIANTS | ADDED)
    assert "Verdict: adding " in out
    found = json.loads((place / "found.json").read_text())
    assert {*found["variants"]} == VARIANTS
    assert found["variants"]["flat"] == [{"growth": 0.0, "drawdown": 0.0, "trades": 0}]
    (hold,) = found["variants"]["hold"]
    assert hold["growth"] != 0.0
    growth = {name: one[0]["growth"] for name, one in found["variants"].items()}
    added = {name: one["median"] for name, one in found["added"].items()}
    assert added["strategic"] == pytest.approx(growth[BOTH] - growth[TACTICAL])
    assert added["tactical"] == pytest.approx(growth[BOTH] - growth[STRATEGIC])
    assert found["seeds"] == [7]
    assert found["block"]["train_last_ms"] < found["block"]["test_from_ms"]
    assert found["settings"]["steps"] == 512
    ((material, options, test, rules),) = asked
    assert material.rows[0] == 0
    assert material.rows[1] == test[0]  # what is learned from ends where the test begins
    assert len(material.arena) == test[1]
    assert (material.arena.rules.max_open_trades, rules.max_open_trades) == (1, 2)
    assert (options.every, options.tactical.steps, options.episode) == (24, 512, 100)
    alone = cut_off(material.arena, test[0])
    same = hierarchy.train_hierarchy(alone, replace(options, seed=7))
    for level, policy in same.policies.items():  # as if there were no later candles
        stored = Policy.load(place / "seed-7" / f"4-joint-1-{level}" / "policy.hydra")
        assert stored.sha256 == policy.sha256


def cut_off(arena, last):
    return replace(arena, candles=arena.candles[:last], features=arena.features[:last])


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("--levels",), "--levels: ppo has no levels; give --algo hierarchical"),
        (
            ("--levels", "--algo", "hierarchical", "--policy", "any"),
            "--levels trains hierarchies of its own: give it without --policy",
        ),
    ],
)
def test_what_has_no_levels_is_refused_in_a_line(data, capsys, asked, args, line):
    assert evaluate("--data", data, *args) == 2
    assert capsys.readouterr().err.strip() == f"hydra-quant evaluate rl: {line}"
    assert not asked


def test_ctrl_c_shows_the_seeds_that_are_done(data, place, capsys, monkeypatch):
    seeds = []

    def once(material, options, test, tried, **more):
        if seeds:
            raise KeyboardInterrupt
        seeds.extend(tried)
        return report({TACTICAL: 0.2, BOTH: 0.1, ALL: 0.3})

    monkeypatch.setattr(hierarchy, "ablation", once)
    found = (*SMALL, "--seeds", "3", "--json", "found.json")
    assert evaluate("--data", data, *found) == 130
    out = capsys.readouterr().out
    assert "strategic: adds nothing (-0.1000 to -0.1000; above 0 in 0% of the seeds)" in out
    assert "adding nothing in the median seed: strategic, joint training" in out
    assert "adding growth: tactical, execution" in out
    assert json.loads((place / "found.json").read_text())["interrupted"] is True


def test_seeds_stand_beside_each_other():
    both = report({BOTH: 0.1}).and_then(report({BOTH: -0.3}, 8))
    assert both.seeds == (7, 8)
    np.testing.assert_array_equal(both.growth(BOTH), (0.1, -0.3))
    assert both.saved_bp == (0.5, 0.5)
