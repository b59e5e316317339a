"""Who is told of a training, and where an environment stands."""

import io
import logging
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from support import learnable

from hydra_quant.rl import snapshots
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.progress import LogLines, RichBar, Update, listeners
from hydra_quant.rl.rewards import LogEquity, usual
from hydra_quant.rl.spaces import Exposure

TOLD = Update(2, 128, 0.25, 0.031, 20.0, 1234.6, {"train/loss": 1.5, "train/odd": float("nan")})


def test_an_update_is_plain_json_with_none_where_not_known() -> None:
    found = TOLD.described()
    assert found["train/loss"] == 1.5
    assert found["train/odd"] is None
    assert (found["steps"], found["reward"], found["drawdown"]) == (128, 0.25, 0.031)


def test_a_log_line_says_reward_drawdown_and_speed(caplog: pytest.LogCaptureFixture) -> None:
    lines = LogLines("ppo", logging.getLogger("hydra_quant.test"))
    with (
        caplog.at_level(logging.INFO),
        listeners("ppo", None, lines, steps=256, done=64) as told,
    ):
        told.update(TOLD)
    assert caplog.messages == [
        "ppo: step 128/256, reward 0.2500, drawdown 3.1%, 1235 steps/s",
    ]


def test_a_bar_shows_steps_and_reward() -> None:
    written = io.StringIO()
    bar = RichBar("ppo", Console(file=written, width=160, force_terminal=True))
    bar.begin(256, 64)
    bar.update(TOLD)
    bar.close()
    assert "128/256 steps reward 0.2500, drawdown 3.1%" in written.getvalue()


def world(seed: int, reward: Any = None) -> Trading:
    found = Trading(
        learnable.arena(200, 0),
        8,
        space=Exposure(),
        reward=reward or usual(),
        episode=30,
        seed=seed,
    )
    found.reset()
    return found


def lived(env: Trading, candles: int, seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    steps = [env.step(rng.uniform(-1.0, 1.0, size=(8, 1))) for _ in range(candles)]
    return [part for seen, reward, *_ in steps for part in (seen, reward)]


def test_an_environment_goes_on_from_where_another_stood() -> None:
    first, second = world(1), world(2)
    lived(first, 25, seed=3)
    lived(second, 1, seed=4)
    arrays, rest = snapshots.taken(first)
    wanted = lived(first, 40, seed=5)  # episodes end and begin meanwhile
    snapshots.put_back(second, arrays, rest)
    for found, value in zip(lived(second, 40, seed=5), wanted, strict=True):
        np.testing.assert_array_equal(found, value)
    other = lived(world(2), 40, seed=5)
    assert any(not np.array_equal(a, b) for a, b in zip(other, wanted, strict=True))


def test_what_was_taken_from_something_else_is_refused() -> None:
    arrays, rest = snapshots.taken(world(1))
    with pytest.raises(ValueError, match="only in one of the two"):
        snapshots.put_back(world(1, LogEquity()), arrays, rest)


def test_what_never_changes_is_not_copied() -> None:
    env = world(1)
    arrays, _ = snapshots.taken(env)
    assert sum(map(len, arrays.values())) < env.arena.candles.nbytes
