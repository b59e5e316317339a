"""Agents learn as stable-baselines3's do, and go on after an interruption as if there was none."""

import logging
import math
import warnings
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO, SAC, TD3
from support import learnable

from hydra_quant.models.store import Refused
from hydra_quant.models.training.randomness import repeatable
from hydra_quant.rl import agents, snapshots
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.policy import Policy
from hydra_quant.rl.progress import Update
from hydra_quant.rl.rewards import LogEquity, usual
from hydra_quant.rl.sb3_face import TradingVecEnv
from hydra_quant.rl.spaces import Discrete, Exposure, Space

SMALL: dict[str, Any] = {"hidden": (8,), "n_steps": 64, "batch": 32, "epochs": 2, "seed": 3}
OFF_POLICY: dict[str, Any] = {
    **{"hidden": (8, 8), "batch": 16, "buffer": 90, "learning_starts": 24, "n_steps": 40},
    **{"steps": 160, "seed": 3},
}


@pytest.fixture(scope="module")
def arena() -> Any:
    return learnable.arena(300, 0, length=2)


def environment(arena: Any, space: Space, episode: int = 1000, reward: Any = None) -> Trading:
    return Trading(
        arena, 4, space=space, reward=reward or LogEquity(), episode=episode, rows=(0, 200)
    )


def reference(kind: Any, arena: Any, space: Space, episode: int, steps: int, **options: Any) -> Any:
    """Learn with stable-baselines3's own loop."""
    given = options.pop("policy_kwargs") | {"optimizer_kwargs": {"fused": True}}
    with repeatable(3, 1):
        env = TradingVecEnv(environment(arena, space, episode))
        model = kind("MlpPolicy", env, seed=3, device="cpu", policy_kwargs=given, **options)
        return model.learn(steps)


def distance(model: Any, policy: Policy) -> float:
    """Return the largest difference of any weight."""
    wanted = model.policy.state_dict()
    assert wanted.keys() == policy.weights.keys()
    return max(float((wanted[k] - v).abs().max()) for k, v in policy.weights.items())


@pytest.mark.parametrize("space", [Exposure(), Discrete()], ids=["exposure", "discrete"])
@pytest.mark.parametrize(("episode", "within"), [(1000, 0.0), (20, 1e-6)], ids=["whole", "cut"])
def test_ppo_gives_the_weights_of_stable_baselines3(
    arena: Any, space: Space, episode: int, within: float
) -> None:
    # Where all four episodes are cut at once their last values are summed in another order.
    model = reference(
        *(PPO, arena, space, episode, 256),
        n_steps=16,
        batch_size=32,
        n_epochs=2,
        policy_kwargs={"net_arch": [8], "log_std_init": math.log(0.3)},
    )
    options = AgentOptions(**SMALL, steps=256, normalise=False)
    policy = agents.train("ppo", environment(arena, space, episode), options)
    assert distance(model, policy) <= within
    other = agents.train(
        "ppo", environment(arena, space, episode), AgentOptions(**{**SMALL, "seed": 4}, steps=256)
    )
    assert distance(model, other) > 1e-3


@pytest.mark.parametrize(("algo", "kind"), [("sac", SAC), ("td3", TD3)])
def test_sac_and_td3_give_the_weights_of_stable_baselines3(
    arena: Any, algo: str, kind: Any
) -> None:
    model = reference(
        *(kind, arena, Exposure(), 20, 160),
        learning_starts=24,
        batch_size=16,
        buffer_size=90,
        train_freq=1,
        gradient_steps=1,
        policy_kwargs={"net_arch": [8, 8], "activation_fn": torch.nn.ReLU},
    )
    options = AgentOptions(**OFF_POLICY, normalise=False)
    policy = agents.train(algo, environment(arena, Exposure(), 20), options)
    assert distance(model, policy) == 0.0


def interrupted(arena: Any, folder: Path, at: int) -> None:
    """Train until Ctrl-C is pressed in the `at`-th candle."""
    env = environment(arena, Exposure(), 30, usual())
    live, candles = env.step, count(1)

    def pressed(actions: Any) -> Any:
        if next(candles) == at:
            raise KeyboardInterrupt
        return live(actions)

    env.step = pressed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        agents.train("ppo", env, resumable(), folder=folder)


def resumable(mode: Any = "full") -> AgentOptions:
    return AgentOptions(**SMALL, steps=64 * 6, warmup=40, mode=mode, checkpoint_every=100)


def test_goes_on_after_ctrl_c_as_if_nothing_had_been(arena: Any, tmp_path: Path) -> None:
    whole = agents.train("ppo", environment(arena, Exposure(), 30, usual()), resumable())
    interrupted(arena, tmp_path, at=10 + 16 * 3 + 5)  # warming up, three updates, and a bit
    again = agents.train(
        "ppo", environment(arena, Exposure(), 30, usual()), resumable("resume"), folder=tmp_path
    )
    assert again.sha256 == whole.sha256
    assert again.record["updates"] == 6
    assert len(again.record["history"]) == 3  # it did not begin anew


def test_wallets_that_do_not_go_on_give_other_weights(
    arena: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = agents.train("ppo", environment(arena, Exposure(), 30, usual()), resumable())
    interrupted(arena, tmp_path, at=10 + 16 * 3 + 5)
    monkeypatch.setattr(snapshots, "put_back", lambda *_: None)
    env = environment(arena, Exposure(), 30, usual())
    again = agents.train("ppo", env, resumable("resume"), folder=tmp_path)
    assert again.sha256 != whole.sha256


def test_stops_when_asked_and_goes_on(arena: Any, tmp_path: Path) -> None:
    whole = agents.train("ppo", environment(arena, Discrete(), 30), resumable())
    asked = iter([False, False, True])
    half = agents.train(
        *("ppo", environment(arena, Discrete(), 30), resumable()),
        folder=tmp_path,
        stop=lambda: next(asked),
    )
    assert (half.record["ended"], half.record["updates"]) == ("asked to stop", 2)
    again = agents.train(
        "ppo", environment(arena, Discrete(), 30), resumable("resume"), folder=tmp_path
    )
    assert again.sha256 == whole.sha256


@pytest.mark.parametrize("algo", ["sac", "td3"])
def test_sac_and_td3_go_on_from_their_weights(arena: Any, tmp_path: Path, algo: str) -> None:
    asked = iter([False, False, True])
    env = environment(arena, Exposure(), 30)
    half = agents.train(
        algo, env, AgentOptions(**OFF_POLICY), folder=tmp_path, stop=lambda: next(asked)
    )
    env = environment(arena, Exposure(), 30)
    asked = iter([True])
    options = AgentOptions(**OFF_POLICY, mode="resume")
    same = agents.train(algo, env, options, folder=tmp_path, stop=lambda: next(asked))
    assert same.sha256 == half.sha256
    env = environment(arena, Exposure(), 30)
    on = agents.train(algo, env, options, folder=tmp_path)
    assert on.record["steps"] == 160
    assert on.sha256 != half.sha256


def test_a_checkpoint_of_something_else_is_refused(arena: Any, tmp_path: Path) -> None:
    interrupted(arena, tmp_path, at=10 + 16 * 2)
    env = environment(arena, Exposure(), 31, usual())
    with pytest.raises(Refused, match="environments"):
        agents.train("ppo", env, resumable("resume"), folder=tmp_path)
    with pytest.raises(ValueError, match="needs the folder"):
        agents.train("ppo", env, resumable("resume"))


def test_starts_from_a_policy_or_refuses_it(arena: Any) -> None:
    options = AgentOptions(**SMALL, steps=64)
    first = agents.train("ppo", environment(arena, Exposure()), options)
    second = agents.train("ppo", environment(arena, Exposure()), options, start_from=first)
    assert second.sha256 != first.sha256
    assert second.record["made_from"]["start_from"] == first.sha256
    moved = max(float((first.weights[k] - v).abs().max()) for k, v in second.weights.items())
    assert moved < 0.01  # two epochs from where it was, not from chance
    with pytest.raises(Refused, match=r"its space is \('exposure', 1\)"):
        agents.train("ppo", environment(arena, Discrete()), options, start_from=first)
    other = learnable.arena(300, 0, length=1)
    with pytest.raises(Refused, match="its length is 2, not 1"):
        agents.train("ppo", environment(other, Exposure()), options, start_from=first)


def test_a_portfolio_is_learned(tmp_path: Path) -> None:
    two = learnable.arena(200, 1, pairs=2)
    env = Trading(two, 4, space=Discrete(2), reward=LogEquity(), episode=50, portfolio=True)
    policy = agents.train("ppo", env, AgentOptions(**SMALL, steps=64))
    assert policy.decide(env.reset(1)[0].reshape(2, -1)).shape == (2,)


class Heard:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []
        self.told: list[Update] = []
        self.closed = 0

    def begin(self, steps: int, done: int) -> None:
        self.begun.append((steps, done))

    def update(self, told: Update) -> None:
        self.told.append(told)

    def close(self) -> None:
        self.closed += 1


def test_tells_reward_drawdown_and_speed(
    arena: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    env = environment(arena, Exposure(), 20)
    options = AgentOptions(**SMALL, steps=192, logs=tmp_path / "board")
    with caplog.at_level(logging.INFO), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="tensorboard")
        agents.train("ppo", env, options, progress=heard)
    assert "ppo trains on CPU (1 thread), float32 (networks this small" in caplog.text
    assert heard.begun == [(192, 0)]
    assert heard.closed == 1
    assert [told.steps for told in heard.told] == [64, 128, 192]
    assert heard.told[0].reward is None  # no episode had ended
    last = heard.told[-1]
    assert last.length == 20
    assert last.reward is not None
    assert last.drawdown is not None
    assert 0.0 < last.drawdown < 0.5
    assert "train/value_loss" in last.losses
    assert f"reward {last.reward:.4f}, drawdown {last.drawdown:.1%}" in last.spoken()
    assert list((tmp_path / "board").glob("events*"))


def test_quick_does_fewer_steps() -> None:
    assert AgentOptions(mode="quick").planned == 20_480
    assert AgentOptions(mode="quick", steps=100).planned == 100
    assert AgentOptions().planned == 500_000


def test_has_the_defaults_that_are_promised() -> None:
    ppo = AgentOptions().whole("ppo")
    assert (ppo.lr, ppo.n_steps, ppo.batch, ppo.epochs) == (3e-4, 2048, 64, 10)
    assert (ppo.gamma, ppo.gae_lambda, ppo.clip) == (0.99, 0.95, 0.2)
    for algo, kind in (("sac", SAC), ("td3", TD3)):
        found = AgentOptions().whole(algo)
        stock = kind("MlpPolicy", TradingVecEnv(environment(learnable.arena(200, 0), Exposure())))
        assert (found.lr, found.batch) == (stock.learning_rate, stock.batch_size)
        assert (found.tau, found.gamma, found.learning_starts) == (0.005, 0.99, 100)
        assert list(found.hidden or ()) == stock.policy.net_arch


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": 0}, "steps is 0: at least 1"),
        ({"gamma": 1.5}, "gamma is 1.5: from 0 to 1"),
        ({"lr": -1.0}, "lr is -1.0: above 0"),
        ({"spread": 0.0}, "spread is 0.0: above 0"),
        ({"entropy": np.nan}, "entropy is nan: 0 or more"),
        ({"mode": "fast"}, "mode is 'fast': one of full, quick, resume"),
        ({"device": "tpu"}, "device is 'tpu'"),
        ({"activation": "sine"}, "activation is 'sine'"),
        ({"hidden": ()}, r"hidden is \(\)"),
    ],
)
def test_options_out_of_range_are_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AgentOptions(**given)


def test_what_cannot_be_trained_is_named(arena: Any) -> None:
    with pytest.raises(ValueError, match="algo is 'a2c'"):
        agents.train("a2c", environment(arena, Exposure()), AgentOptions())
    with pytest.raises(ValueError, match="a multiple of the 4 environments"):
        agents.train("ppo", environment(arena, Exposure()), AgentOptions(n_steps=2047))
    with pytest.raises(ValueError, match="sac needs actions between -1 and 1"):
        agents.train("sac", environment(arena, Discrete()), AgentOptions())
