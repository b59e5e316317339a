"""``hydra-quant evaluate rl``: agents beside what they must beat; bad input, and nothing traded."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from support.agent_files import answering_nan, policy, without_normaliser
from support.crowded_folder import crowded_folder

from hydra_quant.cli import main
from hydra_quant.heads.agent_features import NAMES
from hydra_quant.rl import spaces
from hydra_quant.rl.desk import Desk
from hydra_quant.rl.observation import Observer

PAIRS = ("BTC_USDT_USDT", "ETH_USDT_USDT")
HALF_MS = pd.Timestamp("2024-01-21", tz="UTC").value // 10**6
SMALL = ("--steps", "2048", "--episode", "100", "--shadows", "5", "--mode", "quick")
KNOWN = {"timeframe": "1h", "known_until_ms": HALF_MS}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return crowded_folder(tmp_path_factory.mktemp("crowded"), 1000, PAIRS)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path
    torch.set_num_threads(before)


@pytest.fixture
def traded(monkeypatch):
    """Every advance of a desk that was not told to be out, flat or to leave things."""
    seen = []
    advance = Desk.advance

    def noted(self, targets, *more):
        seen.append(targets.copy())
        advance(self, targets, *more)

    monkeypatch.setattr(Desk, "advance", noted)
    return seen


def evaluate(*args):
    return main(["evaluate", "rl", *map(str, args)])


def test_agents_are_judged_seed_by_seed_on_what_came_later(data, place, capsys):
    args = ("--seeds", 2, "--windows", 1, "--json", "found.json")
    assert evaluate("--data", data, *args, *SMALL) == 0
    out = capsys.readouterr().out
    assert "ppo, 1h candles of 2 pairs" in out
    assert "Verdict: no edge" in out  # prices are a random walk
    for name in ("agents", "flat", "hold", "momentum", "random"):
        assert name in out
    found = json.loads((place / "found.json").read_text())
    assert len(found["agents"]["by_seed"]) == len(found["seeds"]) == 2
    (first,) = found["blocks"]
    assert first["train_last_ms"] < first["test_from_ms"] <= first["test_last_ms"]
    assert found["rivals"]["flat"]["profit"] == found["rivals"]["flat"]["trades"] == 0
    assert found["rivals"]["hold"]["trades"] == 2
    assert found["rivals"]["hold"]["funding"] < 0
    spread = found["agents"]["spread"]["sharpe"]
    assert spread["least"] <= spread["low_quarter"] <= spread["median"] <= spread["most"]
    assert set(found["against"]) == {"flat", "hold", "momentum", "random"}
    assert found["edge"] is False
    assert found["settings"]["steps"] == 2048


def test_a_stored_agent_is_judged_on_what_it_has_not_seen(data, place, capsys):
    stored = policy(**KNOWN)
    stored.save(place / "own.policy")
    args = ("--data", data, "--policy", "own.policy", "--shadows", 5)
    assert evaluate(*args, "--json", "found.json") == 0
    out = capsys.readouterr().out
    assert stored.sha256[:12] in out
    found = json.loads((place / "found.json").read_text())
    assert [block["test_from_ms"] for block in found["blocks"]] == [HALF_MS]
    later = HALF_MS + 10 * 86_400_000
    since = f"{pd.Timestamp(later, unit='ms'):%Y-%m-%dT%H:%M}"
    assert evaluate(*args, "--since", since, "--json", "found.json") == 0
    found = json.loads((place / "found.json").read_text())
    assert [block["test_from_ms"] for block in found["blocks"]] == [later]


def other_features(place):
    policy(("alpha", *NAMES[1:]), **KNOWN).save(place / "bad.policy")
    return "bad.policy is a policy for other features"


def no_normaliser(place):
    policy(**KNOWN).save(place / "bad.policy")
    without_normaliser(place / "bad.policy")
    return "bad.policy has no normaliser"


def damaged(place):
    policy(**KNOWN).save(place / "bad.policy")
    whole = (place / "bad.policy").read_bytes()
    (place / "bad.policy").write_bytes(whole[: len(whole) // 2])
    return "bad.policy"


def missing(place):
    return "bad.policy"


def other_space(place):
    policy(space=spaces.Discrete(), **KNOWN).save(place / "bad.policy")
    return "chooses from a discrete space of 1 pair(s)"


def other_width(place):
    policy(timeframe="4h", known_until_ms=HALF_MS).save(place / "bad.policy")
    return "the policy learned from candles of 4h: give --timeframe 4h"


def never_said(place):
    policy().save(place / "bad.policy")
    return "does not say until when it has learned: give --since DATE"


def all_known(place):
    policy(timeframe="1h", known_until_ms=HALF_MS * 2).save(place / "bad.policy")
    return "ends before what the policy has learned from does"


def outside(place):
    answering_nan(place / "bad.policy", **KNOWN)
    return "action [0, 0] is nan: a number from -1 to 1 would be right; nothing is traded"


@pytest.mark.parametrize(
    "spoilt",
    [
        other_features, no_normaliser, damaged, missing, other_space, other_width, never_said,
        all_known, outside,
    ],
)  # fmt: skip
def test_a_policy_that_does_not_fit_trades_nothing(data, place, capsys, traded, spoilt):
    line = spoilt(place)
    assert evaluate("--data", data, "--policy", "bad.policy") == 2
    err = capsys.readouterr().err.strip()
    assert err.startswith("hydra-quant evaluate rl: ")
    assert line in err
    assert "\n" not in err
    assert not traded


def test_an_observation_that_is_no_number_trades_nothing(data, place, capsys, traded, monkeypatch):
    policy(**KNOWN).save(place / "own.policy")
    observe = Observer.observe

    def spoilt(self, desk, *more):
        found = observe(self, desk, *more)
        found[0, 1, 3] = np.nan
        return found

    monkeypatch.setattr(Observer, "observe", spoilt)
    assert evaluate("--data", data, "--policy", "own.policy") == 2
    err = capsys.readouterr().err.strip()
    assert f"observation 1: feature '{NAMES[3]}'" in err
    assert "is nan, not a finite number" in err
    assert "\n" not in err
    assert not traded


def test_candles_that_show_nothing_are_one_line(place, capsys, traded):
    short = crowded_folder(place / "short", 120, PAIRS[:1])
    assert evaluate("--data", short, *SMALL) == 2
    err = capsys.readouterr().err.strip()
    assert "no candle of BTC/USDT:USDT has all features (never known: " in err
    assert "nothing can be traded" in err
    assert not traded


def test_too_little_history_is_one_line(place, capsys, traded):
    short = crowded_folder(place / "short", 400, PAIRS[:1])
    assert evaluate("--data", short, "--windows", 1, *SMALL) == 2
    assert "give more history" in capsys.readouterr().err
    assert not traded
