"""The recorder: what a bot decides reaches the memory, and the bot never waits for it."""

import logging
import threading
import time
from pathlib import Path

import pandas as pd
import pytest
from support.strategy_world import PAIR, START, analyse, candles, strategy

from hydra_quant.adapters.data.recording import Recorder, decision_notes
from hydra_quant.adapters.strategy.columns import PREDICTION
from hydra_quant.memory import Memory, Series, StoreError
from hydra_quant.reasons import Reason

FIVE = 300_000
SIGNALS = Series("signals", "hydra", PAIR, "HydraBaseline", FIVE)
BEGIN = round(START.timestamp() * 1000)


def url(home: Path) -> str:
    return f"sqlite:///{home / 'memory.sqlite'}"


def row(number: int) -> dict:
    return {"event_time": BEGIN + number * FIVE, "side": 0, "reason": int(Reason.NO_SIGNAL)}


def written(home: Path) -> pd.DataFrame:
    with Memory(url(home)) as memory:
        return memory.rows(SIGNALS)


def test_notes_are_in_the_memory_when_it_stops(tmp_path):
    recorder = Recorder(lambda: Memory(url(tmp_path)))
    before = time.time_ns() // 1_000_000
    recorder.start()
    for number in range(50):
        recorder.note(SIGNALS, row(number))
    assert recorder.stop(timeout_s=20) == 0
    found = written(tmp_path)
    assert found["event_time"].tolist() == [BEGIN + n * FIVE for n in range(50)]
    assert (found["reason"] == int(Reason.NO_SIGNAL)).all()
    assert (found["known_at"] >= before).all()  # nobody could read them earlier


def test_the_same_note_after_a_restart_counts_once(tmp_path):
    for _ in range(2):
        recorder = Recorder(lambda: Memory(url(tmp_path)))
        recorder.start()
        recorder.note(SIGNALS, row(0))
        assert recorder.stop(timeout_s=20) == 0
    assert len(written(tmp_path)) == 1


def test_a_memory_that_hangs_holds_nobody_up_and_the_loss_is_counted():
    asleep = threading.Event()

    def hang() -> Memory:
        asleep.wait(30)
        raise StoreError("never")

    recorder = Recorder(hang)
    recorder.start()
    for number in range(10):
        recorder.note(SIGNALS, row(number))
    assert recorder.stop(timeout_s=0.2) >= 1
    asleep.set()
    recorder._thread.join(20)


def test_notes_wait_for_a_memory_that_comes_back(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("hydra_quant.adapters.data.recording.RETRY_S", 0.01)
    failures = iter([StoreError("not yet")] * 3)

    def open_memory() -> Memory:
        for error in failures:
            raise error
        return Memory(url(tmp_path))

    recorder = Recorder(open_memory)
    with caplog.at_level(logging.ERROR):
        recorder.start()
        recorder.note(SIGNALS, row(0))
        limit = time.monotonic() + 20
        while not (tmp_path / "memory.sqlite").exists() and time.monotonic() < limit:
            time.sleep(0.01)
        assert recorder.stop(timeout_s=20) == 0
    assert len(written(tmp_path)) == 1
    assert len(caplog.records) == 1  # said once, not three times


def test_beyond_what_can_wait_the_newest_are_dropped_with_one_error(caplog, monkeypatch):
    monkeypatch.setattr("hydra_quant.adapters.data.recording.WAITING_MOST", 3)
    recorder = Recorder(lambda: pytest.fail("never started"))
    with caplog.at_level(logging.ERROR):
        for number in range(5):
            recorder.note(SIGNALS, row(number))
    assert len(caplog.records) == 1
    assert recorder.stop(timeout_s=0.1) == 5


@pytest.mark.parametrize("name", ["HydraBaseline", "HydraStrategy"])
def test_a_decided_candle_becomes_rows_the_memory_takes(tmp_path, name):
    made = strategy(name, tmp_path)
    frame = analyse(made, candles().assign(**{PREDICTION: 0.001, "do_predict": 1}))
    candle = frame.iloc[-1]
    notes = decision_notes(
        PAIR, candle, bot="hydra", strategy=name, candle_ms=FIVE, prediction=PREDICTION
    )
    with Memory(url(tmp_path)) as memory:
        for series, values in notes:
            assert memory.write(series, pd.DataFrame([values])).new == 1
        signal = memory.rows(Series("signals", "hydra", PAIR, name, FIVE)).iloc[0]
        assert signal["reason"] == candle["hydra_reason"]
        assert signal["side"] == candle["hydra_side"]
        answer = memory.rows(Series("predictions", "hydra", PAIR, PREDICTION, FIVE))
        assert answer["value"].tolist() == [0.001]
        # known when the candle had closed, not when it opened
        assert answer["known_at"].iloc[0] == answer["event_time"].iloc[0] + FIVE
