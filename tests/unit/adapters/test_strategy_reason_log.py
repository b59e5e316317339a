"""Where reasons are kept, and what is never deleted."""

import json
import logging
from datetime import UTC, datetime

import pandas as pd
import pytest
from support.strategy_world import PAIR, candles

from hydra_quant.adapters.strategy.reason_log import COLUMNS, THOUGHTS, ReasonLog
from hydra_quant.reasons import Reason
from hydra_quant.report import reason_files
from hydra_quant.report.reason_files import read_reasons

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


def decided(n=10, start=0):
    frame = candles(n + start).iloc[start:]
    return frame.assign(hydra_vote=0.6, hydra_side=1, hydra_reason=int(Reason.ENTER))


def rows(folder):
    return [
        json.loads(line)
        for path in sorted(folder.glob("live-*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def test_a_backtest_keeps_every_candle_and_every_refusal(tmp_path):
    folder = tmp_path / "hydra" / "reasons" / "S"
    log = ReasonLog(folder, live=False)
    log.candles(PAIR, decided())
    log.denial(PAIR, NOW, "short", Reason.PRICE_DRIFTED)
    kept = read_reasons(tmp_path, "S", (PAIR,))
    assert list(kept.candles[PAIR].columns) == COLUMNS
    assert len(kept.candles[PAIR]) == 10
    assert kept.denials == {(PAIR, pd.Timestamp(NOW), -1): Reason.PRICE_DRIFTED}


def test_a_backtest_keeps_what_signals_regimes_and_gate_said_where_there_are_any(tmp_path):
    folder = tmp_path / "hydra" / "reasons" / "S"
    said = {"signal_source": 2, "signal_side": -1, "hydra_score": 0.7, "hydra_regime": 4}
    said |= {"hydra_wanted": 1, "hydra_verdict": 1, "hydra_verdict_confidence": 2}
    said["hydra_gate_share"] = 0.5
    frame = decided().assign(**said, signal_confidence=0.9)
    ReasonLog(folder, live=False).candles(PAIR, frame)
    kept = read_reasons(tmp_path, "S", (PAIR,)).candles[PAIR]
    assert list(kept.columns) == [*COLUMNS, *THOUGHTS]
    assert kept.iloc[-1][THOUGHTS].to_dict() == said


def test_the_report_reads_the_columns_that_are_written():
    assert (COLUMNS, THOUGHTS) == (reason_files.COLUMNS, reason_files.THOUGHTS)


def test_a_backtest_forgets_the_backtest_before_it(tmp_path):
    log = ReasonLog(tmp_path, live=False)
    log.candles("OLD/USDT:USDT", decided())
    log.denial(PAIR, NOW, "long", Reason.DATA_STALE)
    ReasonLog(tmp_path, live=False)
    assert list(tmp_path.iterdir()) == []


def test_a_backtest_deletes_nothing_else(tmp_path):
    """Neither a bot's reasons, nor another strategy's, nor what a user put there."""
    mine, other = tmp_path / "S", tmp_path / "Other"
    ReasonLog(other, live=False).candles(PAIR, decided())
    ReasonLog(mine, live=True).candles(PAIR, decided())
    (mine / "notes.txt").write_text("mine")
    (mine / "folder").mkdir()
    before = rows(mine)
    ReasonLog(mine, live=False)
    assert rows(mine) == before != []
    assert (mine / "notes.txt").exists()
    assert (mine / "folder").exists()
    assert len(list(other.iterdir())) == 1


def test_a_live_run_appends_its_newest_candle_and_its_refusals(tmp_path):
    log = ReasonLog(tmp_path, live=True)
    log.candles(PAIR, decided(10))
    log.denial(PAIR, NOW, "long", Reason.DATA_STALE)
    log.candles(PAIR, decided(11))
    assert [row["reason"] for row in rows(tmp_path)] == [10, 23, 10]
    assert rows(tmp_path)[0] == {
        "time": "2025-03-01T00:45:00+00:00",
        "pair": PAIR,
        "side": 1,
        "reason": 10,
    }


def test_a_restart_within_a_candle_repeats_nothing_and_loses_nothing(tmp_path):
    for _ in range(3):
        log = ReasonLog(tmp_path, live=True)
        log.candles(PAIR, decided(10))
        log.candles("ETH/USDT:USDT", decided(10))
        log.candles(PAIR, decided(10))
    log.candles(PAIR, decided(11))
    assert [(row["pair"][:3], row["time"][11:16]) for row in rows(tmp_path)] == [
        ("BTC", "00:45"),
        ("ETH", "00:45"),
        ("BTC", "00:50"),
    ]


def test_a_restart_after_midnight_repeats_nothing(tmp_path):
    evening, midnight = decided(288), decided(289)
    log = ReasonLog(tmp_path, live=True)
    log.candles(PAIR, evening)
    log.candles("ETH/USDT:USDT", midnight)
    ReasonLog(tmp_path, live=True).candles(PAIR, evening)
    assert len(rows(tmp_path)) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_line_cut_short_by_a_crash_stops_nothing(tmp_path, caplog):
    ReasonLog(tmp_path, live=True).candles(PAIR, decided(10))
    (path,) = tmp_path.iterdir()
    whole = path.read_text()
    path.write_text(whole + '{"time": "2025-03-0\n')
    log = ReasonLog(tmp_path, live=True)
    log.candles(PAIR, decided(10))
    log.candles(PAIR, decided(11))
    assert "damaged line" in caplog.text
    assert len(path.read_text().splitlines()) == 3


def test_a_live_run_goes_on_when_it_cannot_write_and_a_backtest_does_not(tmp_path, caplog):
    live, tested = tmp_path / "live", tmp_path / "backtest"
    bot, backtest = ReasonLog(live, live=True), ReasonLog(tested, live=False)
    live.rmdir()
    tested.rmdir()
    with caplog.at_level(logging.ERROR):
        bot.candles(PAIR, decided())
        bot.denial(PAIR, NOW, "long", Reason.DATA_STALE)
    assert caplog.text.count("not kept") == 2
    with pytest.raises(OSError, match="No such file"):
        backtest.denial(PAIR, NOW, "long", Reason.DATA_STALE)


def test_an_empty_frame_has_no_reasons(tmp_path):
    for live in (True, False):
        ReasonLog(tmp_path, live=live).candles(PAIR, decided().iloc[:0])
    assert list(tmp_path.iterdir()) == []
