"""HydraStrategy and its scorer live: it trains, scores, is looked after, and leaves a record."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from support.bundle import EPOCH, PAIRS, Bundle, errors, merge
from support.headed import LIVELY
from support.replay import BUSY, reason_rows, replay

from hydra_quant.memory import Memory
from hydra_quant.reasons import Reason

pytestmark = pytest.mark.contract

START = EPOCH + timedelta(days=10, hours=2)
END = START + timedelta(hours=3)
TRAINED = START + timedelta(minutes=9)  # the first candle after the training
LIVE = {
    "timeframe": "5m",
    "freqaimodel": "HydraSignalScorer",
    "exchange": {"pair_whitelist": list(PAIRS)},
    "internals": {"process_throttle_secs": 300},
    "freqai": {
        "enabled": True,
        "train_period_days": 4,
        "live_retrain_hours": 24,
        "model_training_parameters": {"num_boost_round": 10},
    },
    "hydra": {
        "scorer": {"min_samples": 100, "folds": 2, "accept_above": 0.2},
        "monitor": {"every_minutes": 30},
    },
}


@pytest.fixture(scope="module")
def lived(exchange, positioned, tmp_path_factory):
    """A bot that has trained, scored and traded for three hours; its bundle, log and memory."""
    home = tmp_path_factory.mktemp("headed_live")
    bundle = Bundle(home, exchange.port, merge(merge(BUSY, LIVELY), LIVE))
    memory = home / "memory.sqlite"
    for file in Path(positioned.removeprefix("sqlite:///")).parent.glob("memory.sqlite*"):
        shutil.copy(file, home / file.name)  # the bot writes into it
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYDRA_MEMORY_URL", f"sqlite:///{memory}")
        replayed = replay(bundle, START, END, "HydraStrategy")
    return bundle, replayed, memory


def test_one_training_by_model_serves_all_pairs_and_explains_itself(lived):
    bundle, replayed, _ = lived
    assert errors(replayed.log) == []
    told = sorted((bundle.user_data / "models").rglob("*_explained.json"))
    assert len(told) == 1
    explained = json.loads(told[0].read_text())
    assert explained["why_rule"] is None
    assert explained["health"]["by_model"] == 1
    assert explained["baseline"]["outcomes"] > 50


def test_signals_are_turned_down_by_their_score_and_taken_by_it(lived):
    bundle, replayed, _ = lived
    reasons = [Reason(row["reason"]) for row in reason_rows(bundle.reasons("HydraStrategy"))]
    assert len(reasons) >= len(PAIRS) * 30
    assert Reason.NO_POSITIONING not in reasons
    assert {Reason.SCORE_TOO_LOW, Reason.ENTER} & set(reasons)
    by_model = []
    for trade in replayed.last.trades:
        kept = {
            row["cd_key"]: json.loads(row["cd_value"])
            for row in replayed.last.custom
            if row["ft_trade_id"] == trade["id"]
        }
        assert set(kept) == {"hydra_entry", "hydra_facts"}
        if kept["hydra_entry"]["signal_side"] and trade["open_date"] > f"{TRAINED:%Y-%m-%d %H:%M}":
            by_model.append(kept["hydra_entry"]["hydra_score_by"])
    assert by_model
    assert set(by_model) == {2}  # until FreqAI has trained, the rule scores


def test_the_monitor_looked_every_half_hour_and_wrote_it_down(lived):
    _, _, path = lived
    with Memory(f"sqlite:///{path}") as memory:
        (series,) = memory.series("model_runs")
        looks = memory.rows(series)
    assert 4 <= len(looks) <= 7
    for figures in looks["figures"]:
        assert {"worn", "findings", "accuracy", "baseline_accuracy"} <= set(json.loads(figures))
