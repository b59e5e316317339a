"""An agent on FreqAI's own entry points: live, frozen, continued; and what is not believed."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from freqtrade.exceptions import OperationalException
from freqtrade.persistence import Trade
from support.agent_world import PAIRS, TINY, agent_backtest, agent_bot
from support.freqai_world import World, candles, write

from hydra_quant.adapters.freqai import agent_store, agents, arenas
from hydra_quant.adapters.strategy.teaching import TARGET
from hydra_quant.adapters.venue import Funding
from hydra_quant.models.store import Refused, open_bundle

pytestmark = [
    pytest.mark.contract,
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]
TWO = PAIRS[:2]
HOUR = pd.Timedelta(hours=1)


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trade, "use_db", False)


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What each training that is really made starts from."""
    made: list[Any] = []
    train = agents.train

    def trained(*args: Any, **more: Any) -> Any:
        made.append(more["start_from"])
        return train(*args, **more)

    monkeypatch.setattr(agents, "train", trained)
    return made


def newest(bot: Any, pair: str = TWO[0]) -> pd.Series:
    """The answer to the newest candle, once there was one before."""
    bot.answer(pair)
    bot.now += HOUR
    return bot.answer(pair).iloc[-1]


def test_it_answers_a_target_and_a_restart_answers_the_same_untrained(
    tmp_path: Path, starts: list[Any]
) -> None:
    bot = agent_bot(tmp_path)
    bot.train(TWO[0])
    told = newest(bot)
    assert told["do_predict"] == 1
    assert -1.0 <= told[TARGET] <= 1.0
    assert told[TARGET] != 0.0
    assert newest(bot, TWO[1])["do_predict"] == 1
    again = newest(agent_bot(tmp_path))
    assert len(starts) == 1
    assert again[TARGET] == pytest.approx(told[TARGET], abs=1e-6)


def test_what_was_before_the_newest_candle_is_not_answered(tmp_path: Path) -> None:
    bot = agent_bot(tmp_path)
    bot.train(TWO[0])
    frame = bot.answer(TWO[0])
    assert (frame["do_predict"].iloc[:-1] == 0).all()


def test_an_unknown_feature_is_no_answer(tmp_path: Path) -> None:
    bot = agent_bot(tmp_path)
    bot.train(TWO[0])
    assert newest(bot)["do_predict"] == 1
    made, engineer = bot.strategy, bot.strategy.feature_engineering_standard

    def broken(dataframe: pd.DataFrame, metadata: Any, **more: Any) -> pd.DataFrame:
        found = engineer(dataframe, metadata, **more)
        found.loc[found.index[-1], "%-return"] = np.nan
        return found

    made.feature_engineering_standard = broken
    bot.now += HOUR
    assert bot.answer(TWO[0]).iloc[-1]["do_predict"] == 0


def test_a_damaged_policy_is_refused_and_trained_again(
    tmp_path: Path, starts: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    bot = agent_bot(tmp_path)
    bot.train(TWO[0])
    (saved,) = (tmp_path / "user_data/models/world").rglob("*_model.zip")
    saved.write_bytes(saved.read_bytes()[:-9])
    other = agent_bot(tmp_path)
    with caplog.at_level("WARNING"):
        assert other.answer(TWO[0]).iloc[-1]["do_predict"] == 0
    assert re.search("saved model refused, .*; training again", caplog.text)
    assert other.due(TWO[0])
    other.train(TWO[0])
    assert newest(other)["do_predict"] == 1
    assert len(starts) == 2


def test_a_bot_that_continues_goes_on_from_the_policy_in_use(
    tmp_path: Path, starts: list[Any]
) -> None:
    bot = agent_bot(tmp_path, continual_learning=True)
    bot.train(TWO[0])
    first = bot.model.dd.model_dictionary[TWO[0]].model
    bot.now += 5 * HOUR
    bot.train(TWO[0])
    assert starts[0] is None
    assert starts[1].sha256 == first.sha256
    assert bot.model.dd.model_dictionary[TWO[0]].model.sha256 != first.sha256


def test_a_frozen_run_answers_as_the_backtest_without_training(
    tmp_path: Path, starts: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path, TWO, planted=2.0)
    with caplog.at_level("INFO"):
        frames = agent_backtest(world)
    windows = len(starts)
    frozen = re.findall(r"models of this run: (\S+)", caplog.text)[-1]
    assert windows > 1
    assert frames[TWO[0]][TARGET].notna().sum() > 100
    again = agent_backtest(world, hydra__freeze=frozen)
    for pair in TWO:
        pd.testing.assert_frame_equal(again[pair], frames[pair], check_exact=True)
    bot = agent_bot(tmp_path, hydra={"freeze": frozen})
    bot.train(TWO[0])
    assert newest(bot)["do_predict"] == 1
    assert len(starts) == windows
    saved = max((tmp_path / "user_data/models/world/backtesting_models").glob("*.hydra"))
    policy = bot.model.unpack(open_bundle(saved)[1]).model
    assert bot.model.dd.model_dictionary[TWO[0]].model.sha256 == policy.sha256


def test_each_window_of_a_continued_backtest_goes_on_from_the_one_before(
    tmp_path: Path, starts: list[Any]
) -> None:
    world = World(tmp_path, TWO, planted=2.0)
    agent_backtest(world, freqai__continual_learning=True)
    assert starts[0] is None
    assert all(start is not None for start in starts[1:])
    assert len({start.sha256 for start in starts[1:]}) == len(starts) - 1 >= 1


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda told: told["names"].reverse(), "is a policy for other features"),
        (lambda told: told["policy"].update(length=3), "looks at 3 candles, not 2"),
        (lambda told: told["policy"].update(kind="sac"), "sac|weights"),
        (lambda told: told.pop("policy"), "cannot be read"),
        (lambda told: told["policy"].pop("space"), "space"),
    ],
)
def test_a_policy_that_does_not_fit_is_refused_in_one_line(
    tmp_path: Path, spoil: Any, said: str
) -> None:
    bot = agent_bot(tmp_path)
    bot.train(TWO[0])
    packed = bot.model.pack(bot.model.dd.model_dictionary[TWO[0]])
    line, weights = packed.split(b"\n", 1)
    told = json.loads(line)
    assert bot.model.unpack(packed).names == told["names"]
    spoil(told)
    with pytest.raises(Refused, match=said) as caught:
        bot.model.unpack(json.dumps(told).encode() + b"\n" + weights)
    assert "\n" not in str(caught.value)


def test_a_policy_without_its_normaliser_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load, save

    bot = agent_bot(tmp_path)
    bot.train(TWO[0])
    line, weights = bot.model.pack(bot.model.dd.model_dictionary[TWO[0]]).split(b"\n", 1)
    kept = {k: v for k, v in load(weights).items() if not k.startswith("normaliser.")}
    with pytest.raises(Refused, match="normaliser"):
        agent_store.unpack(line + b"\n" + save(kept), "ppo", TINY["length"])


def test_an_answer_outside_the_space_ends_a_backtest_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hydra_quant.rl.policy import Policy

    monkeypatch.setattr(Policy, "decide", lambda self, seen: np.full(len(seen), 1.5))
    with pytest.raises(OperationalException, match=r"the target is 1\.5, -1 to 1 would be right"):
        agent_backtest(World(tmp_path, TWO, planted=2.0))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"legs": 4}, "'legs' is not among"),
        ({"length": 0}, "length is 0: at least 1"),
        ({"mode": "resume"}, '"mode" is "full" or "quick"'),
        ({"reward": "applause"}, "reward is 'applause': one of "),
        ({"gamma": 2.0}, "gamma is 2.0: from 0 to 1"),
    ],
)
def test_options_that_there_are_not_are_named(
    tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(OperationalException, match=re.escape(said)):
        agent_bot(tmp_path, model_training_parameters={**TINY, **given})


def test_a_policy_is_trained_again_when_other_funding_was_paid(
    tmp_path: Path, starts: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, TWO, planted=2.0)
    agent_backtest(world)
    windows = len(starts)
    agent_backtest(world)
    assert len(starts) == windows
    paid = Funding(np.array([pd.Timestamp("2024-01-20", tz="UTC").value // 10**6]), np.array([0.1]))
    monkeypatch.setattr(arenas, "funding_of", lambda *given: paid)
    agent_backtest(world)
    assert len(starts) > windows


def test_statistics_of_the_answer_know_nothing_of_the_candles_that_are_answered(
    tmp_path: Path,
) -> None:
    told = []
    for name, factor in (("one", 1.0), ("other", 1.5)):
        world = World(tmp_path / name, TWO, planted=2.0)
        for seed, pair in enumerate(TWO, 1):
            frame = candles(seed, world.days * 24 + 1, 2.0)
            later = frame["date"] >= "2024-01-25"
            frame.loc[later, ["open", "high", "low", "close"]] *= factor
            write(world.folder / "data", pair, frame)
        answered = agent_backtest(world)[TWO[0]]
        told.append(answered.loc[answered["do_predict"] == 1, [f"{TARGET}_mean", f"{TARGET}_std"]])
    first, other = (frame.to_numpy() for frame in told)
    np.testing.assert_array_equal(first[0], other[0])
    assert not np.array_equal(first[-1], other[-1])  # a later window knows of them
