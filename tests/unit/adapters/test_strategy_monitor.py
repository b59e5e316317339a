"""The monitor: what it collects, when it speaks, and that nothing stops the bot."""

import json
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen

from hydra_quant.adapters.data.recording import Recorder
from hydra_quant.adapters.strategy.monitor import FIGURES, Monitor, ask_freqai, run_note
from hydra_quant.adapters.strategy.monitored import recent_rows
from hydra_quant.memory import Memory
from hydra_quant.settings import Monitor as Limits
from hydra_quant.validation.baseline import baseline_of
from hydra_quant.validation.drift import Verdict

HOUR_MS = 3_600_000
START = pd.Timestamp("2025-03-01", tz="UTC")
START_MS = START.value // 1_000_000
NOW = START_MS + 5000 * HOUR_MS
REGIMES = ("ranging", "trending_up")


def frame(seed=0, n=800, *, skill=1.0, moved=0.0):
    """Analysed candles: a signal on every second, whose score comes true, or does not."""
    rng = np.random.default_rng(seed)
    score = rng.uniform(0.3, 0.8, n)
    return pd.DataFrame(
        {
            "date": pd.date_range(START, periods=n, freq="1h"),
            "hydra_score": score,
            "signal_side": np.where(np.arange(n) % 2, 1, 0),
            "regime": rng.integers(0, 2, n).astype(np.int8),
            "atr": rng.standard_normal(n) + moved,
            "came": (rng.random(n) < 0.5 + skill * (score - 0.5)).astype(float),
        }
    )


def came(frame):
    return frame["came"].to_numpy(float)


def as_is(frame):
    return frame


@pytest.fixture(scope="module")
def baseline():
    seen = frame(101, 8000)
    names = np.array(REGIMES)[seen["regime"]]
    score = seen["hydra_score"].to_numpy()
    return baseline_of(seen[["atr"]], score, came(seen), names, block_rows=400)


class Heard:
    """Everything the monitor does to the world."""

    def __init__(self, limits=None, **options):
        self.sent, self.trainings, self.notes = [], 0, []
        self.monitor = Monitor(
            limits or Limits(),
            outcome_of=came,
            send=self.sent.append,
            retrain=self.train,
            note=lambda series, row: self.notes.append((series, row)),
            regimes=REGIMES,
            **options,
        )

    def train(self):
        self.trainings += 1

    def look(self, baseline, *, hours=0, **options):
        frames = {"A": frame(1, **options), "B": frame(2, **options)}
        self.monitor.looked(NOW + hours * HOUR_MS, frames, baseline)


# --- what is collected ------------------------------------------------------------------------


def test_answers_are_candles_with_a_signal_and_a_score(baseline):
    one = frame(n=8)
    one.loc[3, "hydra_score"] = np.nan
    one.loc[5, "came"] = np.nan
    recent = recent_rows({"A": one}, baseline, came, as_is, REGIMES)
    np.testing.assert_array_equal(recent.probabilities, one["hydra_score"].iloc[[1, 5, 7]])
    np.testing.assert_array_equal(recent.outcomes, one["came"].iloc[[1, 5, 7]])
    assert recent.features["atr"].tolist() == one["atr"].iloc[[1, 5, 7]].tolist()
    assert [*recent.features] == ["atr"]
    assert recent.regimes.tolist() == [REGIMES[code] for code in one["regime"].iloc[[1, 5, 7]]]


def test_pairs_are_one_line_in_time(baseline):
    frames = {"A": frame(1, 6), "B": frame(2, 6)}
    recent = recent_rows(frames, baseline, came, as_is, REGIMES)
    scores = [frames[pair]["hydra_score"][row] for row in (1, 3, 5) for pair in "AB"]
    np.testing.assert_array_equal(recent.probabilities, scores)


def test_what_the_model_may_have_learned_from_does_not_count(baseline):
    plain = baseline.as_json() | {"known_until_ms": START_MS + 4 * HOUR_MS}
    recent = recent_rows({"A": frame(n=8)}, type(baseline).from_json(plain), came, as_is, REGIMES)
    assert len(recent.regimes) == 2
    np.testing.assert_array_equal(recent.probabilities, frame(n=8)["hydra_score"].iloc[[5, 7]])


def test_outcomes_and_features_see_the_whole_frame(baseline):
    """A feature over the last two candles is there on the first candle that counts."""
    plain = baseline.as_json() | {"known_until_ms": START_MS + 4 * HOUR_MS}
    late = type(baseline).from_json(plain)
    recent = recent_rows(
        {"A": frame(n=8)}, late, came, lambda f: f[["atr"]].rolling(2).mean(), REGIMES
    )
    assert recent.features["atr"].notna().all()


def test_a_regime_that_is_not_known_has_no_name(baseline):
    one = frame(n=6).assign(regime=np.array([1, -1, 1, 0, 0, 1], np.int8))
    recent = recent_rows({"A": one}, baseline, came, as_is, REGIMES)
    assert recent.regimes.tolist() == ["", *REGIMES[:2]]


@pytest.mark.parametrize("frames", [{}, {"A": frame(n=0)}])
def test_nothing_to_collect(frames, baseline):
    recent = recent_rows(frames, baseline, came, as_is, REGIMES)
    assert len(recent.features) == len(recent.outcomes) == len(recent.regimes) == 0


# --- when it speaks ---------------------------------------------------------------------------


def test_a_healthy_model_is_kept_in_the_memory_and_nobody_is_bothered(baseline):
    world = Heard()
    world.look(baseline)
    assert not world.monitor.worn
    assert (world.sent, world.trainings, len(world.notes)) == ([], 0, 1)
    values = world.monitor.values()
    assert values["health_worn"] == 0
    assert np.isfinite(list(values.values())).all()
    assert list(values) == ["health_worn", *(f"health_{name}" for name in FIGURES)]


def test_a_worn_model_is_told_and_trained_once(baseline):
    world = Heard()
    for hours in range(4):
        world.look(baseline, hours=hours, skill=-1.0)
    assert world.monitor.worn
    assert world.trainings == 1
    assert len(world.notes) == 4
    assert len(world.sent) == 1
    assert world.sent[0].startswith("HYDRA: the scorer is worn out: accuracy 0.")
    assert world.sent[0].endswith("A new training has been asked for.")
    assert world.monitor.values()["health_worn"] == 1


def test_it_says_when_it_is_well_again_and_warns_anew_after_that(baseline):
    world = Heard()
    for hours, skill in enumerate((-1.0, 1.0, 1.0, -1.0)):
        world.look(baseline, hours=hours, skill=skill)
    assert [text.split(":")[1] for text in world.sent] == [
        *(" the scorer is worn out", " the scorer is well again.", " the scorer is worn out")
    ]
    assert world.trainings == 2


def test_a_new_model_is_not_the_old_one(baseline):
    """Trained anew: nothing is known of it yet; when it turns out worn as well, that is news."""
    world = Heard()
    world.look(baseline, skill=-1.0)
    plain = baseline.as_json() | {"known_until_ms": NOW}
    fresh = type(baseline).from_json(plain)
    world.look(fresh, hours=1, skill=-1.0)
    assert world.sent[-1] == "HYDRA: the scorer has been trained anew."
    assert np.isnan(world.monitor.values()["health_accuracy"])
    world.look(baseline, hours=2, skill=-1.0)
    other = type(baseline).from_json(plain | {"known_until_ms": START_MS})
    world.look(other, hours=3, skill=-1.0)
    assert world.trainings == 3


def test_it_is_asked_for_no_training_where_the_user_wants_none(baseline):
    world = Heard(Limits(retrain=False))
    world.look(baseline, skill=-1.0)
    assert world.trainings == 0
    assert "asked" not in world.sent[0]


def test_it_looks_every_so_often(baseline):
    world = Heard(Limits(every_minutes=120))
    for hours in range(5):
        world.look(baseline, hours=hours)
    assert len(world.notes) == 3


def test_without_a_model_there_is_nothing_to_say(baseline):
    world = Heard()
    world.look(None)
    assert world.monitor.verdict is None
    assert np.isnan(list(world.monitor.values().values())).all()
    assert world.notes == []


def test_features_may_be_computed(baseline):
    world = Heard(features_of=lambda f: f[["atr"]] + 5)
    world.look(baseline)
    assert "1 of 1 features have moved" in world.sent[0]


# --- nothing stops the bot --------------------------------------------------------------------


def test_a_damaged_frame_is_logged_and_the_state_stays(baseline, caplog):
    world = Heard()
    world.look(baseline, skill=-1.0)
    world.monitor.looked(NOW + HOUR_MS, {"A": pd.DataFrame({"date": [START]})}, baseline)
    assert "was not looked at" in caplog.text
    assert world.monitor.worn
    world.look(baseline, hours=2, skill=-1.0)
    assert world.trainings == 1


@pytest.mark.parametrize("broken", ["_send", "_note", "_retrain"])
def test_what_fails_keeps_nothing_else_from_happening(broken, baseline, caplog):
    def fail(*_):
        raise OSError("down")

    world = Heard()
    setattr(world.monitor, broken, fail)
    world.look(baseline, skill=-1.0)
    done = {
        "_send": len(world.sent) == 1,
        "_note": len(world.notes) == 1,
        "_retrain": world.trainings == 1,
    }
    assert done == {name: name != broken for name in done}
    assert "could not be told" in caplog.text


def test_it_needs_nobody(baseline):
    alone = Monitor(Limits(), outcome_of=came, regimes=REGIMES)
    alone.looked(NOW, {"A": frame(1, skill=-1.0), "B": frame(2, skill=-1.0)}, baseline)
    assert alone.worn


# --- memory and FreqAI ------------------------------------------------------------------------


def test_a_look_is_a_row_of_the_memory(tmp_path, baseline):
    url = f"sqlite:///{tmp_path / 'memory.sqlite'}"
    recorder = Recorder(lambda: Memory(url))
    recorder.start()
    verdict = Verdict(("accuracy 0.4",), {"accuracy": 0.4, "regime_psi": np.nan})
    series, row = run_note(NOW, "bot", "scorer", baseline, verdict)
    recorder.note(series, row)
    recorder.note(*run_note(NOW + HOUR_MS, "bot", "scorer", baseline, Verdict()))
    assert recorder.stop(timeout_s=20) == 0
    with Memory(url) as memory:
        rows = memory.rows(series)
    assert rows["event_time"].tolist() == [NOW, NOW + HOUR_MS]
    assert json.loads(rows["figures"][0]) == {
        "worn": True,
        "findings": ["accuracy 0.4"],
        "accuracy": 0.4,
        "regime_psi": None,
    }


def freqai(trained, hours=24):
    entries = {pair: {"trained_timestamp": stamp} for pair, stamp in trained.items()}
    return SimpleNamespace(
        freqai_info={"live_retrain_hours": hours}, dd=SimpleNamespace(pair_dict=entries)
    )


def test_freqai_takes_a_pair_whose_training_is_due():
    now = 1_750_000_000
    model = freqai({"A": now - 3600, "B": now - 90_000, "C": 0})
    ask_freqai(model, ["A", "B", "C", "NEW"], now)
    stamps = {pair: entry["trained_timestamp"] for pair, entry in model.dd.pair_dict.items()}
    # older than live_retrain_hours by a second, not by more; what is due or never trained stays
    assert stamps == {"A": now - 24 * 3600 - 1, "B": now - 90_000, "C": 0}


def test_freqai_itself_agrees_that_it_is_due_and_not_expired():
    now = time.time()
    model = freqai({"A": int(now) - 3600})
    kitchen = SimpleNamespace(
        config={"startup_candle_count": 10},
        freqai_config={
            "live_retrain_hours": 24,
            "expiration_hours": 30,
            "train_period_days": 30,
            "feature_parameters": {"include_timeframes": ["1h"]},
        },
    )

    def due():
        stamp = model.dd.pair_dict["A"]["trained_timestamp"]
        return FreqaiDataKitchen.check_if_new_training_required(kitchen, stamp)[0]

    assert not due()
    ask_freqai(model, ["A"], now)
    assert due()
    stamp = model.dd.pair_dict["A"]["trained_timestamp"]
    assert not FreqaiDataKitchen.check_if_model_expired(kitchen, stamp)
