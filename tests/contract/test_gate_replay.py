"""The gate in a bot that makes its tape itself, and in a backtest that replays that tape.

The bot runs in virtual time (see `support.replay`) against a loopback model; the news are in its
memory beforehand, each known a minute after it was out. In the middle it is restarted.
"""

import shutil
from datetime import timedelta
from types import SimpleNamespace

import pandas as pd
import pytest
from freqtrade.data.btanalysis import load_backtest_data
from support.bundle import EPOCH, PAIRS, Bundle, errors, merge
from support.loopback_llm import loopback_llm
from support.newsy import (
    CANDLE_MS,
    FIVE,
    NEWSY,
    STRATEGY,
    headlines,
    kept,
    memory_of,
    ms,
    news,
    reasons_of,
    said,
    shown_by_rpc,
    standing,
    tag_of,
    verdicts_of,
)
from support.replay import reason_rows, replay

from hydra_quant.memory import Memory
from hydra_quant.memory.series import HOUR_MS, MINUTE_MS
from hydra_quant.reasons import Reason

pytestmark = pytest.mark.contract

BTC, ETH, SOL = PAIRS
DAY = EPOCH + timedelta(days=8)
BUDGET, RESTART = 3, "05:35"


def at(clock):
    hours, minutes = map(int, clock.split(":"))
    return DAY + timedelta(hours=hours, minutes=minutes)


START, MIDDLE, END = at("04:00"), at(RESTART), at("06:30")
# A round every 15 minutes sees what was out since the one before.
READER = {
    **{"every_minutes": 15, "lookback_minutes": 15, "valid_minutes": 35},
    **{"calls_per_hour": BUDGET, "follow_exit": True},
}
TOLD = [
    ("03:50", "Newswire", "Bitcoin miners publish their monthly figures"),
    ("04:10", "Newswire", "Ethereum rallies as developers finish the testnet"),
    ("04:25", "Gazette", "Bitcoin conference opens its doors in Lisbon"),
    ("04:40", "Newswire", "Bitcoin wallet maker presents a new design"),
    ("04:57", "Gazette", "Solana slides while validators argue over fees"),
    ("04:58", "Newswire", "Bitcoin climbs past the level of last week"),
    ("05:11", "Gazette", "Large funds report inflows into Bitcoin products"),
    ("05:12", "Newswire", "Court case: investors bring a lawsuit against Solana foundation"),
    ("05:13", "Herald", "Ethereum traders face uncertainty before the vote on blocks"),
    ("05:27", "Herald", "Bitcoin museum shows early hardware"),
    ("05:40", "Gazette", "Bitcoin podcast reaches its hundredth episode"),
    ("05:56", "Newswire", "Ethereum bridge exploit under investigation, team says"),
    ("05:57", "Herald", "Attackers drained contracts on Ethereum this morning"),
    ("06:09", "Newswire", "Ethereum: second contract hacked, operators confirm"),
    ("06:10", "Gazette", "Insolvency looms for a lender that ran on Ethereum"),
]
ASKED = ("04:00", "04:15", "04:30", "05:00", "05:15", "05:30", "06:00", "06:15")


@pytest.fixture(scope="module")
def lived(exchange, candles, tmp_path_factory):
    """Both halves of the bot's run, its bundle and how often the model was asked."""
    home = tmp_path_factory.mktemp("gate_replay")
    with loopback_llm() as llm:
        overlay = merge(NEWSY, news(llm.base_url, **READER))
        # the memory alone is compared: freqtrade's own file of funding would be another source
        folder = home / "candles"
        shutil.copytree(candles, folder, ignore=shutil.ignore_patterns("*funding_rate*"))
        bundle = Bundle(home, exchange.port, overlay, folder)
        headlines(memory_of(bundle), [(at(clock), *rest) for clock, *rest in TOLD])
        halves = (
            replay(bundle, START, MIDDLE, STRATEGY),
            replay(bundle, MIDDLE, END, STRATEGY),
        )
        yield SimpleNamespace(bundle=bundle, halves=halves, calls=llm.calls, last=halves[1].last)


@pytest.fixture(scope="module")
def tape(lived):
    return verdicts_of(memory_of(lived.bundle))


@pytest.fixture(scope="module")
def backtest(lived):
    """Entries, exits and reasons of a backtest of the same hours, from a memory."""

    def run(memory):
        bundle = lived.bundle
        span = f"{(START - FIVE).timestamp():.0f}-{END.timestamp():.0f}"
        bundle.succeed(
            *("backtesting", "--strategy", STRATEGY, "--timerange", span, "--cache", "none"),
            *("--enable-protections", "--export", "trades"),
            HYDRA_MEMORY_URL=f"sqlite:///{memory}",
        )
        results = sorted((bundle.user_data / "backtest_results").glob("*.zip"))
        trades = load_backtest_data(results[-1], STRATEGY).to_dict("records")
        return trades_of(trades), decided(reasons_of(bundle))

    return run


@pytest.fixture(scope="module")
def tested(lived, backtest):
    return backtest(memory_of(lived.bundle))


def trades_of(trades):
    """Entry (pair, candle, side, tag) to exit (candle, reason) where it was left in time."""
    found = {}
    for trade in trades:
        entry = trade["pair"], candle(trade["open_date"]), bool(trade["is_short"])
        left = trade["close_date"] is not None and trade["exit_reason"] != "force_exit"
        exit_ = (candle(trade["close_date"]), trade["exit_reason"]) if left else None
        found[*entry, trade["enter_tag"]] = exit_
    return {entry: exit_ for entry, exit_ in found.items() if entry[1] < END - FIVE}


def candle(time):
    stamp = pd.Timestamp(time)
    return (stamp.tz_localize("UTC") if stamp.tz is None else stamp).floor("5min")


def decided(frames):
    """Side and reason of each pair's candles that the bot saw close."""
    return {
        (pair, row.date): (int(row.hydra_side), int(row.hydra_reason))
        for pair, frame in frames.items()
        for row in frame.itertuples()
        if START <= row.date + FIVE < END
    }


def decided_live(bundle):
    rows = reason_rows(bundle.reasons(STRATEGY))
    dates = [pd.Timestamp(row["time"]) for row in rows]
    return {
        (row["pair"], date): (row["side"], row["reason"])
        for row, date in zip(rows, dates, strict=True)
    }


def test_the_bot_made_the_tape_itself_within_its_budget_and_across_the_restart(lived, tape):
    calls = kept(memory_of(lived.bundle), "llm_calls").drop_duplicates("item", keep="last")
    assert [pd.Timestamp(time, unit="ms").strftime("%H:%M") for time in calls["event_time"]] == [
        *ASKED
    ]
    assert set(calls["status"]) == {"answered"}
    assert lived.calls == len(ASKED)
    begun = calls["event_time"]
    assert max(int(((begun > end - HOUR_MS) & (begun <= end)).sum()) for end in begun) == BUDGET
    assert {found.action for found in tape} == {"bullish", "bearish", "hold", "exit"}
    assert all(0 <= found.known_ms - found.about_ms < 5000 for found in tape)
    assert not any(found.backfilled for found in tape)


def test_trouble_is_said_once_and_that_it_is_over(lived):
    spent = f"no news analysis: budget spent: {BUDGET} calls in the last hour"
    for half in lived.halves:
        assert errors(half.log) == []
        warnings = [line for line in said(half.log) if "the memory holds nothing" not in line]
        assert warnings == [spent]
        assert said(half.log, "INFO").count("news analysis works again") == 1


def test_verdicts_stood_before_and_after_the_restart(lived, tape):
    rows = decided_live(lived.bundle)
    blocked = {
        (pair, f"{date + FIVE:%H:%M}"): Reason(reason).name
        for (pair, date), (_, reason) in rows.items()
        if Reason(reason).name.startswith("GATE_")
    }
    assert blocked[ETH, "04:20"] == "GATE_BULLISH"
    assert blocked[SOL, "05:15"] == blocked[SOL, "05:45"] == "GATE_BEARISH"
    assert blocked[ETH, "05:45"] == blocked[ETH, "05:50"] == "GATE_HOLD"
    for (pair, clock), reason in blocked.items():
        found = standing(tape, pair, ms(at(clock)))
        assert reason == f"GATE_{found.action.upper()}"


def test_a_backtest_from_that_tape_has_the_same_trades_and_reasons(lived, tested):
    trades, reasons = tested
    bot = trades_of(lived.last.trades)
    assert len(bot) >= 4
    assert {entry[2] for entry in bot} == {True, False}
    assert trades == bot
    live = decided_live(lived.bundle)
    assert len(live) >= len(PAIRS) * 29
    assert {key: reasons[key] for key in live} == live


def test_the_comparison_sees_a_tape_that_knew_a_candle_earlier(lived, backtest, tape, tmp_path):
    early = tmp_path / "early.sqlite"
    with (
        Memory(f"sqlite:///{memory_of(lived.bundle)}") as memory,
        Memory(f"sqlite:///{early}") as cheat,
    ):
        for series in memory.series("llm_decisions"):
            rows = memory.rows(series)
            cheat.write(
                series,
                rows.assign(
                    event_time=rows["event_time"] - CANDLE_MS, known_at=rows["known_at"] - CANDLE_MS
                ),
            )
    _, reasons = backtest(early)
    live = decided_live(lived.bundle)
    assert {key: reasons[key] for key in live} != live


def test_tags_and_records_name_the_verdict_that_stood(lived, tape):
    marks, every = set(), [trade["id"] for trade in lived.last.trades]
    shown_of = shown_by_rpc(lived.bundle.home / "trades.sqlite", every)
    for trade in lived.last.trades:
        mark = tag_of(tape, trade["pair"], candle(trade["open_date"]))
        plain, _, verdict = trade["enter_tag"].partition("@")
        assert plain
        assert f"@{verdict}" == (mark or "@")
        marks.add(mark)
        shown = shown_of[trade["id"]]["hydra_gate"]
        if mark:
            found = standing(tape, trade["pair"], ms(candle(trade["open_date"])))
            assert shown["gate"] == f"{found.action} ({found.confidence}): allowed"
            assert shown["reason"] == found.reason
            assert shown["news"] == len(found.news) > 0
        else:
            assert shown == {"gate": "no analysis: allowed"}
    assert {"@bullish", ""} <= marks


def test_an_exit_is_told_once_and_followed_on_the_next_candle_in_both(lived, tape, tested):
    said_exit = [found for found in tape if found.action == "exit"]
    assert [found.pair for found in said_exit] == [ETH, ETH]
    assert said_exit[1].known_ms < said_exit[0].expires_ms
    messages = [line for half in lived.halves for line in half.log.split("Sending rpc message")]
    told = [line for line in messages if "the news say exit" in " ".join(line.split())]
    assert len(told) == 1
    assert "strategy_msg" in told[0]
    next_candle = candle(pd.Timestamp(said_exit[0].known_ms + CANDLE_MS, unit="ms"))
    for trades in (trades_of(lived.last.trades), tested[0]):
        left = {entry[0]: exit_ for entry, exit_ in trades.items() if exit_ and entry[0] == ETH}
        assert left == {ETH: (next_candle, "gate_exit")}
    assert said_exit[0].expires_ms - said_exit[0].known_ms == READER["valid_minutes"] * MINUTE_MS
