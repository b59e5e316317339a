"""A bot with a network is stopped and started again: it answers on, and learns nothing anew.

The network that looks at all pairs together lives through it in ``freqtrade trade`` in virtual
time (`support.replay`). The others need less of a bot: they restart on FreqAI's own entry points,
which costs less (HydraLstmCnn in ``test_freqai_networks``).
"""

import pickle
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from support.bundle import EPOCH, PAIRS, Bundle, errors, merge
from support.freqai_bot import NOW, Bot
from support.freqai_world import World, scanned
from support.replay import BUSY
from support.replays import Life, replay_all
from support.strategies.DirectionProbe import DirectionProbe

from hydra_quant.adapters.freqai import networks
from hydra_quant.adapters.strategy.teaching import DIRECTION

pytestmark = pytest.mark.contract

START = EPOCH + timedelta(days=9, hours=2)
CUT = START + timedelta(minutes=20)
BACK = CUT + timedelta(seconds=70)
END = START + timedelta(minutes=40)
BRIEF = {"epochs": 1, "length": 12, "batch": 64, "lr": 0.01, "threads": 1}
REPLAYED = {"HydraGnn": {"hidden": 8, "heads": 2, "layers": 1}}
BY_HAND = {
    "HydraTransformer": {"width": 8, "heads": 2, "layers": 1},
    "HydraTft": {"hidden": 8, "heads": 2, "embedding": 4},
    "HydraNhits": {"hidden": 16, "pooling": (2, 1), "coarseness": (2, 1)},
}
LIVE = {
    "timeframe": "5m",
    "exchange": {"pair_whitelist": list(PAIRS)},
    "internals": {"process_throttle_secs": 300},
    "freqai": {"enabled": True, "train_period_days": 1, "live_retrain_hours": 24},
    "hydra": {"ensemble": {"min_agree": 1, "by_regime": False}},
}


def overlay(name):
    parameters = {"model_training_parameters": {**BRIEF, **REPLAYED[name]}}
    return merge(merge(BUSY, LIVE), {"freqaimodel": name, "freqai": parameters})


@pytest.fixture(scope="module")
def lived(exchange, tmp_path_factory):
    """By network: uninterrupted bundle, interrupted bundle, logs of whole, first and second."""
    home = tmp_path_factory.mktemp("networks_restart")

    def bundle(kind, name):
        return Bundle(home / kind / name, exchange.port, overlay(name))

    whole = {name: bundle("whole", name) for name in REPLAYED}
    cut = {name: bundle("cut", name) for name in REPLAYED}
    before = [Life(made, START, END) for made in whole.values()]
    before += [Life(made, START, CUT) for made in cut.values()]
    first = replay_all(before, "HydraStrategy")
    second = replay_all([Life(made, BACK, END) for made in cut.values()], "HydraStrategy")
    logs = zip(first[: len(whole)], first[len(whole) :], second, strict=True)
    return {
        name: (whole[name], cut[name], *told) for name, told in zip(REPLAYED, logs, strict=True)
    }


def answers(bundle):
    """What FreqAI kept of every pair's answers, by candle."""
    (path,) = (bundle.user_data / "models").rglob("historic_predictions.pkl")
    kept = pickle.loads(path.read_bytes())
    assert set(kept) == set(PAIRS)
    return {pair: frame.set_index("date_pred") for pair, frame in kept.items()}


@pytest.mark.parametrize("name", REPLAYED)
def test_it_trains_once_and_after_the_restart_not_at_all(lived, name):
    _, _, *logs = lived[name]
    assert [errors(log) for log in logs] == [[], [], []]
    assert [log.count("trains on CPU") for log in logs] == [1, 1, 0]
    assert [log.count("trained and saved") for log in logs] == [1, 1, 0]
    assert not any("refused" in log for log in logs)


@pytest.mark.parametrize("name", REPLAYED)
def test_the_restarted_bot_answers_as_the_one_that_was_left_alone(lived, name):
    whole, cut, *_ = lived[name]
    undisturbed, restarted = answers(whole), answers(cut)
    for pair in PAIRS:
        later = restarted[pair].loc[pd.Timestamp(CUT) :]
        later = later[later["do_predict"] == 1]
        assert len(later) >= 3
        same = undisturbed[pair].loc[later.index, list(DIRECTION)].astype(float)
        assert same["&-up"].nunique() > 1
        # a frame that begins at another candle: features differ in their last bits
        np.testing.assert_allclose(later[list(DIRECTION)].astype(float), same, atol=1e-6)


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
@pytest.mark.parametrize("name", BY_HAND)
def test_the_others_reload_and_answer_the_same(tmp_path, monkeypatch, name):
    fits, fit = [], networks.fit
    monkeypatch.setattr(networks, "fit", lambda *args, **more: fits.append(1) or fit(*args, **more))
    world, model = World(tmp_path, planted=2.0), getattr(scanned(name), name)
    given = {"model_training_parameters": {**BRIEF, "mode": "quick", **BY_HAND[name]}}

    def living():
        return Bot(world, model, strategy=DirectionProbe, **given)

    def answered(bot):
        bot.now = NOW
        bot.answer(PAIRS[1])
        bot.now += pd.Timedelta(hours=1)
        return bot.answer(PAIRS[1]).iloc[-1]

    bot = living()
    bot.train(PAIRS[1])
    before = answered(bot)
    assert before["do_predict"] == 1
    after = answered(living())
    assert len(fits) == 1
    assert list(after[list(DIRECTION)]) == list(before[list(DIRECTION)])
