"""Backtests and hyperopt replay the tape: every block, every tag, and nobody is asked."""

import json
import math
import socket
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from freqtrade.data.btanalysis import load_backtest_data
from support import warm
from support.bundle import PAIRS, Bundle, errors, merge
from support.newsy import (
    CANDLE_MS,
    NEWSY,
    STRATEGY,
    about_news,
    gated,
    ms,
    news,
    reasons_of,
    said,
    standing,
    tag_of,
)
from support.verdicts import verdict, write_tape

from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.news.verdict import ACTIONS
from hydra_quant.reasons import Reason

pytestmark = pytest.mark.contract

BEGIN, DAYS = pd.Timestamp("2025-03-09", tz="UTC"), "20250309-20250310"
LATER = {"model_cutoff": "2025-03-20"}


def tape(pair, seed):
    """A day of verdicts on a pair: each action several times, an hour each, gaps in between."""
    rng = np.random.default_rng(seed)
    actions = rng.permutation([*ACTIONS] * 4)
    begins = ms(BEGIN) + np.arange(16) * 90 * MINUTE_MS
    delays = rng.integers(1, 40 * MINUTE_MS, 16)
    for action, begin in zip(actions, begins + delays, strict=True):
        stands = int(rng.integers(20, 90)) * MINUTE_MS
        yield verdict(int(begin), str(action), pair=pair, expires_ms=int(begin) + stands)


TAPE = [made for at, pair in enumerate(PAIRS) for made in tape(pair, at)]


@pytest.fixture(scope="module")
def silent():
    """An address where nobody answers, which remembers whether somebody called."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture(scope="module")
def run(exchange, candles, silent, tmp_path_factory):
    """Backtest with a memory's tape and settings: trades, each pair's reasons, log."""
    address = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"

    def run(verdicts, start=None, **changes):
        home = tmp_path_factory.mktemp("gate_backtest")
        bundle = Bundle(home, exchange.port, merge(NEWSY, news(address, **changes)), candles)
        bundle.user_data.mkdir()
        write_tape(bundle.user_data, *verdicts)
        log = bundle.succeed(
            *("backtesting", "--strategy", STRATEGY, "--timerange", DAYS, "--cache", "none"),
            *("--export", "trades"),
            **(start or {}),
        )
        (result,) = (bundle.user_data / "backtest_results").glob("*.zip")
        frames = {pair: rows[rows["date"] >= BEGIN] for pair, rows in reasons_of(bundle).items()}
        return load_backtest_data(result, STRATEGY), frames, log

    return run


@pytest.fixture(scope="module")
def free(run):
    """Without a gate, on the same tape."""
    return run(TAPE, provider="off")


@pytest.fixture(scope="module")
def replayed(run):
    return run(TAPE)


def expected(free, verdicts, **unheard):
    _, frames, _ = free
    return {pair: gated(frames[pair], verdicts, pair, **unheard) for pair in PAIRS}


def found(done):
    _, frames, _ = done
    return {
        pair: (frames[pair]["hydra_side"].tolist(), frames[pair]["hydra_reason"].tolist())
        for pair in PAIRS
    }


def test_without_a_gate_the_tape_changes_nothing(free):
    trades, frames, log = free
    assert errors(log) == []
    assert about_news(said(log)) == []
    assert len(trades) >= 15
    assert not trades["enter_tag"].str.contains("@").any()
    assert all((rows["hydra_verdict"] == -1).all() for rows in frames.values())


def test_every_candle_is_blocked_or_not_as_the_table_says(free, replayed):
    _, frames, log = replayed
    assert errors(log) == []
    assert about_news(said(log)) == []
    assert found(replayed) == expected(free, TAPE)
    counts = pd.concat(frames.values())["hydra_reason"].value_counts()
    for reason in (Reason.GATE_BULLISH, Reason.GATE_BEARISH, Reason.GATE_HOLD, Reason.GATE_EXIT):
        assert counts[reason] >= 5, reason.name


def test_no_trade_is_opened_against_a_verdict_and_tags_name_it(replayed):
    trades, *_ = replayed
    against = {
        "hold": (True, False),
        "exit": (True, False),
        "bullish": (True,),
        "bearish": (False,),
    }
    marks = set()
    for trade in trades.itertuples():
        stood = standing(TAPE, trade.pair, ms(trade.open_date))
        assert stood is None or trade.is_short not in against[stood.action]
        mark = tag_of(TAPE, trade.pair, trade.open_date)
        assert trade.enter_tag == trade.enter_tag.partition("@")[0] + mark
        marks.add(mark)
    assert marks == {"", "@bullish", "@bearish"}


def test_the_same_run_again_gives_the_same_trades(run, replayed):
    again = run(TAPE, warm.COLD)
    pd.testing.assert_frame_equal(again[0], replayed[0])
    assert found(again) == found(replayed)


def test_verdicts_that_are_known_a_candle_later_block_other_candles(run, free, replayed):
    later = [replace(made, known_ms=made.known_ms + CANDLE_MS) for made in TAPE]
    done = run(later)
    assert found(done) != found(replayed)
    assert found(done) == expected(free, later)


def test_verdicts_that_know_the_future_are_not_used_and_the_log_says_so(run, free):
    done = run(TAPE, **LATER)
    pd.testing.assert_frame_equal(done[0], free[0])
    (line,) = about_news(said(done[2]))
    assert "verdicts about times that their model may know are not used" in line
    assert 'hydra.news.backfilled "all" uses them' in line


def test_all_are_used_when_asked_for_and_what_is_not_heard_of_can_be_blocked(run, free):
    done = run(TAPE, **LATER, backfilled="all", no_analysis="block")
    unheard = Reason.GATE_NO_ANALYSIS
    assert found(done) == expected(free, TAPE, unheard=unheard)
    trades, frames, log = done
    assert about_news(said(log)) == []
    assert len(trades) >= 3
    assert trades["enter_tag"].str.contains("@").all()
    assert sum((rows["hydra_reason"] == unheard).sum() for rows in frames.values()) >= 20


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_hyperopt_runs_over_the_tape(exchange, candles, silent, tmp_path, jobs):
    address = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
    bundle = Bundle(tmp_path, exchange.port, merge(NEWSY, news(address)), candles)
    bundle.user_data.mkdir()
    write_tape(bundle.user_data, *TAPE)
    bundle.succeed(
        *("hyperopt", "--strategy", STRATEGY, "--timerange", DAYS, "--spaces", "sell", "-e", "2"),
        *("-j", jobs, "--hyperopt-loss", "HydraLoss", "--random-state", "7"),
        "--disable-param-export",
    )
    (kept,) = (bundle.user_data / "hyperopt_results").glob("*.fthypt")
    epochs = [json.loads(line) for line in kept.read_text().splitlines()]
    assert len(epochs) == 2
    assert all(math.isfinite(epoch["loss"]) for epoch in epochs)
    tags = {
        row["key"] for epoch in epochs for row in epoch["results_metrics"]["results_per_enter_tag"]
    }
    marks = {tag.partition("@")[2] for tag in tags if tag != "TOTAL"}
    assert {"bullish", "bearish"} & marks
    assert not {"hold", "exit"} & marks


def test_nobody_was_asked(silent, replayed):
    """Runs last: all the runs above had this address."""
    with pytest.raises(BlockingIOError):
        silent.accept()


def test_a_call_would_have_been_seen(silent):
    with socket.create_connection(silent.getsockname()):
        silent.accept()[0].close()
