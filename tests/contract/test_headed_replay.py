"""A position is left on the same candle, for the same reason, by a backtest and by a bot.

The bot runs for some hours in virtual time (see `support.replay`) on a memory that was filled
beforehand, as the backtest's was. Stops are hit inside a candle: they are compared by candle, and
only where both were still alike.
"""

import shutil
import sys
from datetime import timedelta

import pandas as pd
import pytest
from freqtrade.data.btanalysis import load_backtest_data
from support.bundle import EPOCH, PAIRS, ROOT, Bundle, errors, merge
from support.headed import LIVELY
from support.replay import BUSY, replay

pytestmark = pytest.mark.contract

START = EPOCH + timedelta(days=9, hours=2)
END = START + timedelta(hours=7)
CANDLE = pd.Timedelta(minutes=5)
# Once a candle is often enough: what is compared is decided on closed candles.
SLOW = {
    "timeframe": "5m",
    "strategy_path": str(ROOT / "tests" / "support" / "strategies"),
    "exchange": {"pair_whitelist": list(PAIRS)},
    "internals": {"process_throttle_secs": 300},
    "hydra": {
        "risk": {"stop_atr": 5.0, "trail_from": 0.4},
        "exits": {"min_health": 0.4},
        "signals": {"crowding_fade_minutes": 45, "oi_divergence_minutes": 40},
    },
}


@pytest.fixture(scope="module")
def bundle(exchange, candles, tmp_path_factory):
    home = tmp_path_factory.mktemp("headed_replay")
    folder = home / "candles"
    # the memory alone is compared: freqtrade's own file of funding would be another source
    shutil.copytree(candles, folder, ignore=shutil.ignore_patterns("*funding_rate*"))
    return Bundle(home, exchange.port, merge(merge(BUSY, LIVELY), SLOW), folder)


@pytest.fixture(scope="module")
def lived(bundle, positioned, monkeypatch_module):
    monkeypatch_module.setenv("HYDRA_MEMORY_URL", positioned)
    return replay(bundle, START, END, "HeadedProbe")


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def bot(lived):
    return {
        key(t["pair"], t["open_date"], t["is_short"]): (t["close_date"], t["exit_reason"])
        for t in lived.last.trades
    }


@pytest.fixture(scope="module")
def tested(bundle, positioned):
    """Exits of a backtest of the same hours, by entry."""

    def test(strategy):
        before = START - CANDLE  # its first candle gives the signal that the second one trades
        span = f"{before.timestamp():.0f}-{END.timestamp():.0f}"
        bundle.succeed(
            *("backtesting", "--strategy", strategy, "--timerange", span, "--cache", "none"),
            *("--enable-protections", "--export", "trades"),
            HYDRA_MEMORY_URL=positioned,
            PYTHONPATH=":".join([str(ROOT / "tests"), *sys.path[1:]]),
        )
        results = sorted((bundle.user_data / "backtest_results").glob("*.zip"))
        trades = load_backtest_data(results[-1], strategy)
        return {
            key(t.pair, t.open_date, t.is_short): (t.close_date, t.exit_reason)
            for t in trades.itertuples()
        }

    return test


def key(pair, time, is_short):
    return pair, candle(time), bool(is_short)


def candle(time):
    stamp = pd.Timestamp(time)
    return (stamp.tz_localize("UTC") if stamp.tz is None else stamp).floor("5min")


def left(trades):
    """Exits by entry, of the positions that were left in the hours compared."""
    last = pd.Timestamp(END) - 2 * CANDLE
    return {
        entry: (candle(time), reason)
        for entry, (time, reason) in trades.items()
        if time is not None and candle(time) < last and reason != "force_exit"
    }


def parted(*runs):
    """When a stop was first hit: its fill may differ, and what comes after it with it."""
    stops = [when for run in runs for when, reason in left(run).values() if "stop" in reason]
    return min(stops, default=pd.Timestamp(END))


def differences(one, other):
    until = parted(one, other)
    alike = [{e: x for e, x in left(run).items() if x[0] < until} for run in (one, other)]
    return sorted(set(alike[0].items()) ^ set(alike[1].items()))


def test_the_bot_left_many_positions_for_reasons_of_its_own(bot, lived):
    found = left(bot)
    until = parted(bot)
    early = [reason for when, reason in found.values() if when < until]
    assert len(early) >= 8
    assert {"thesis_broken", "holding_over"} <= set(early)
    assert {short for _, _, short in found} == {True, False}
    assert errors(lived.log) == []


def test_a_backtest_leaves_on_the_same_candles_for_the_same_reasons(bot, tested):
    assert differences(bot, tested("HeadedProbe")) == []


@pytest.mark.parametrize("strategy", ["HeadedProbeLate", "HeadedProbeByPrice"])
def test_the_comparison_sees_exits_one_candle_late_or_by_the_price(bot, tested, strategy):
    assert differences(bot, tested(strategy)) != []
