"""A bot asks for one pair after the other: a network over all pairs reckons once a candle."""

from copy import deepcopy
from typing import Any

import pandas as pd
import pytest
from support.freqai_bot import Bot
from support.freqai_world import PAIRS, World, scanned
from support.strategies.DirectionProbe import DirectionProbe

from hydra_quant.adapters.strategy.teaching import DIRECTION

pytestmark = [
    pytest.mark.contract,
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]
MODEL = scanned("HydraGnn").HydraGnn
BRIEF = {
    **{"mode": "quick", "epochs": 1, "length": 8, "batch": 64, "threads": 1},
    **{"hidden": 8, "heads": 2, "layers": 1},
}
HOUR = pd.Timedelta(hours=1)


class Shown(Bot):
    """A bot whose data provider and frames show the same candles, as a real one's do."""

    trained = False
    raised = 1.0  # the newest close of the first pair, times this

    def candles(self, pair: str, timeframe: str = "1h", candle_type: str = "") -> pd.DataFrame:
        frame = super().candles(pair, timeframe, candle_type)
        if not self.trained:
            return frame
        frame = frame.tail(200).reset_index(drop=True)
        if pair == PAIRS[0]:
            frame.loc[frame.index[-1], "close"] *= self.raised
        return frame

    def told(self, pairs: tuple[str, ...] = PAIRS) -> dict[str, list[float]]:
        """Answers to the newest candle, one pair after the other."""
        return {pair: [*self.answer(pair).iloc[-1][list(DIRECTION)]] for pair in pairs}


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Any]:
    world = World(tmp_path_factory.mktemp("remembered"), planted=2.0)
    bot = Shown(world, MODEL, strategy=DirectionProbe, model_training_parameters=BRIEF)
    bot.train(PAIRS[0])
    return world, bot


@pytest.fixture
def bot(taught: tuple[World, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bot started beside the saved model; `asked` counts how often the network answers."""
    found = Shown(taught[0], MODEL, strategy=DirectionProbe, model_training_parameters=BRIEF)
    found.trained, found.asked, ask = True, [], found.model.ask
    monkeypatch.setattr(found.model, "ask", lambda *of: found.asked.append(of) or ask(*of))
    return found


def test_once_a_candle_and_for_the_newest_alone(bot: Any) -> None:
    bot.told()
    assert len(bot.asked) == 1  # the whole first frame
    bot.now += HOUR
    bot.told()
    assert len(bot.asked) == 2
    assert len(bot.asked[-1][2]) == len(PAIRS)  # one place a pair


def test_answers_are_those_of_a_bot_that_remembers_nothing(
    bot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot.told()
    bot.now += HOUR
    kept = bot.told()
    assert len({tuple(of) for of in kept.values()}) == len(PAIRS)
    remembered = bot.model._remembered
    for pair in PAIRS:
        monkeypatch.setattr(remembered, "_marks", {})
        assert bot.told((pair,)) == {pair: kept[pair]}
    assert len(bot.asked) == 2 + len(PAIRS)


def test_a_candle_that_changes_is_answered_anew(bot: Any) -> None:
    bot.told()
    bot.now += HOUR
    before = bot.told()
    bot.raised = 1.01
    assert bot.told()[PAIRS[0]] != before[PAIRS[0]]
    assert len(bot.asked) == 3


def test_a_model_that_is_replaced_answers_at_once(bot: Any) -> None:
    bot.told()
    bot.now += HOUR
    before = bot.told()
    drawer = bot.model.dd.model_dictionary
    other = deepcopy(drawer[PAIRS[0]])
    name = next(n for n, w in other.model.weights.items() if n.startswith("head"))
    other.model.weights[name].add_(1.0)
    other.model._nets.clear()
    drawer.update(dict.fromkeys(PAIRS, other))
    after = bot.told()
    assert len(bot.asked) == 3
    assert all(after[pair] != before[pair] for pair in PAIRS)
