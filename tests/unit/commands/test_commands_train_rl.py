"""``hydra-quant train rl``: an agent out of a folder or the sandbox; stopped, gone on, refused."""

import json

import pytest
import torch
from support.crowded_folder import crowded_folder

from hydra_quant.cli import main
from hydra_quant.commands import train_rl
from hydra_quant.models.store import Refused
from hydra_quant.rl import job
from hydra_quant.rl.policy import Policy

SMALL = ("--steps", "4096", "--envs", "64", "--episode", "100")
PAIRS = ("BTC_USDT_USDT", "ETH_USDT_USDT")
PLACE = "user_data/hydra/agents/ppo-1h.policy"


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


def train(*args):
    return main(["train", "rl", *map(str, args)])


def test_an_agent_is_trained_tried_and_named(data, place, capsys):
    assert train("--data", data, "--logs", "runs", *SMALL) == 0
    out = capsys.readouterr()
    found = Policy.load(place / PLACE)
    assert f"Saved: {PLACE}" in out.out
    assert f"sha256: {found.sha256}" in out.out
    for word in ("ppo, 1h candles of 2 pairs", "4096 steps", "reward", "drawdown", "hold"):
        assert word in out.out
    lines = [line for line in out.out.splitlines() if line.startswith("ppo: step ")]
    assert [line.split(",")[0] for line in lines] == [
        "ppo: step 2048 of 4096", "ppo: step 4096 of 4096",
    ]  # fmt: skip
    assert all(line.endswith("steps/s") and "drawdown" in line for line in lines)
    assert found.kind == "ppo"
    assert found.record["timeframe"] == "1h"
    assert found.record["pairs"] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    begin, until = (found.record[name] for name in ("trained_from_ms", "known_until_ms"))
    assert begin < until
    # A fifth of the time was left to be tried on.
    assert (until - begin) / 3_600_000 == pytest.approx(0.8 * (1000 - 192), abs=2)
    assert list((place / "runs").glob("events*"))


def test_ctrl_c_leaves_a_checkpoint_that_gives_the_same_agent(data, place, capsys, monkeypatch):
    assert train("--data", data, *SMALL) == 0
    whole = Policy.load(place / PLACE).sha256
    (place / PLACE).unlink()
    update = job.Job._update

    def stopped(self):
        if self.done:
            raise KeyboardInterrupt
        update(self)

    monkeypatch.setattr(job.Job, "_update", stopped)
    assert train("--data", data, *SMALL) == 130
    told = capsys.readouterr().err.strip()
    assert told == (
        "stopped; the checkpoint is in user_data/hydra/agents/ppo-1h.policy.training; to go on, "
        "give the same command with --mode resume --steps 4096"
    )
    assert not (place / PLACE).exists()
    monkeypatch.setattr(job.Job, "_update", update)
    assert train("--data", data, *SMALL, "--mode", "resume") == 0
    assert Policy.load(place / PLACE).sha256 == whole
    # Another course has no use for that checkpoint, and leaves the agent as it is.
    assert train("--data", data, *SMALL, "--mode", "resume", "--reward", "sortino") == 2
    assert capsys.readouterr().err.startswith("hydra-quant train rl: ")
    assert Policy.load(place / PLACE).sha256 == whole


def test_rules_and_course_are_those_asked_for(data, place, monkeypatch, capsys):
    asked = {}

    def noted(ground, rows, course, agent, **more):
        asked.update(rules=ground.arena.rules, course=course, agent=agent)
        raise Refused("enough is known")

    monkeypatch.setattr(train_rl, "learn", noted)
    config = {"fee": 0.002, "hydra": {"agent": {"leverage": 2.0, "stoploss": 0.1}}}
    (place / "config.json").write_text(json.dumps(config))
    assert train("--data", data, *SMALL, "--algo", "td3", "--reward", "calmar", "--seed", 3) == 2
    assert capsys.readouterr().err == "hydra-quant train rl: enough is known\n"
    assert (asked["rules"].fee_open, asked["rules"].stoploss) == (0.002, -0.1)
    assert asked["agent"].leverage == 2.0
    course = asked["course"]
    assert (course.algo, course.reward, course.episode, course.n_envs) == ("td3", "calmar", 100, 64)
    assert (course.options.steps, course.options.seed) == (4096, 3)
    assert train("--data", data, *SMALL, "--fee", "0") == 2
    assert asked["rules"].fee_close == 0.0
    assert train("--data", data, "--batches", "large") == 2
    options = asked["course"].options
    assert (options.n_steps, options.batch, options.epochs, options.lr) == (8192, 512, 2, 2e-3)
    assert (asked["course"].n_envs, options.steps) == (256, 500_000)


def test_without_a_folder_the_synthetic_market_teaches(place, capsys):
    args = ("--days", 30, "--pairs", "BTC", "--algo", "sac", "--steps", 256, "--envs", 64)
    assert train(*args, "--to", "made.policy") == 0
    assert "30 days of the synthetic market" in capsys.readouterr().out
    assert Policy.load(place / "made.policy").kind == "sac"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--data", "nowhere"], "nowhere: no such folder"),
        (["--data", "DATA", "--pairs", "ADA"], "no candles of ADA; there are: BTC/USDT:USDT"),
        (["--data", "DATA", "--envs", "100"], "--envs 100: a divisor of 2048 would be right"),
        (
            ["--data", "DATA", "--batches", "large", "--envs", "100"],
            "--envs 100: a divisor of 8192 would be right",
        ),
        (["--data", "DATA", "--algo", "sac", "--batches", "large"], "--batches large is about ppo"),
        (["--data", "DATA", "--later", "0.99"], "at least 200 and 2 are needed"),
        (["--days", "3", "--pairs", "PEPE"], "--pairs PEPE: the synthetic market has BTC/USDT"),
        (["--data", "DATA", "--timeframe", "8h"], "one of 5m, 15m, 30m, 1h, 2h, 4h is meant"),
    ],
)
def test_mistakes_are_one_line(data, capsys, args, line):
    assert train(*[{"DATA": data}.get(arg, arg) for arg in args]) == 2
    err = capsys.readouterr().err.strip()
    assert line in err
    assert "\n" not in err


@pytest.mark.parametrize(
    "args",
    [["--algo", "dqn"], ["--steps", "0"], ["--fee", "2"], ["--later", "1"], ["--reward", "x"]],
)
def test_options_out_of_range_are_refused(args):
    with pytest.raises(SystemExit) as left:
        train(*args)
    assert left.value.code == 2


def test_help_teaches(capsys):
    with pytest.raises(SystemExit):
        train("--help")
    told = capsys.readouterr().out
    for word in ("examples", "exit status", "--mode resume", "funding/BTC_USDT_USDT-funding"):
        assert word in told
