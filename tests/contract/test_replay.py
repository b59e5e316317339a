"""A dry run of the real bot in virtual time: it enters, leaves, stops, starts again, loses nothing.

The bot is ``freqtrade trade`` in a process of its own; only its sleep is replaced (see
`support.replay`). It is stopped in the middle of a candle and started again in that same candle
on the same database.
"""

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import pytest
from freqtrade.data.btanalysis import load_backtest_data
from support.bundle import PAIRS, Bundle, errors, merge, stem, store_candles
from support.busy import busiest_hour
from support.replay import BUSY, Trades, reason_rows, replay

from hydra_quant.reasons import Reason

pytestmark = pytest.mark.contract

MINUTE = timedelta(minutes=1)
STOP_AFTER = timedelta(minutes=15, seconds=30)
RESTART_AFTER = STOP_AFTER + timedelta(seconds=20)
END_AFTER = timedelta(minutes=30)
LEARNING = {
    "freqaimodel": "HydraLightGBM",
    "exchange": {"pair_whitelist": list(PAIRS)},
    "freqai": {
        "enabled": True,
        "train_period_days": 1,
        "live_retrain_hours": 0.4,
        "feature_parameters": {"include_timeframes": ["1m"]},
        "model_training_parameters": {"num_iterations": 20},
    },
    "hydra": {
        "vote": {"model_edge": 0.0003},
        "ensemble": {"min_agree": 1, "by_regime": False},
    },
}
KEPT = (
    *("pair", "is_short", "amount", "open_rate", "open_date", "enter_tag", "leverage"),
    *("stake_amount", "stop_loss", "initial_stop_loss", "close_date", "close_rate", "exit_reason"),
)
KEPT_ORDER = ("ft_trade_id", "order_id", "side", "status", "filled", "price", "order_filled_date")


class Session:
    """A bot that trades, is stopped, and trades on."""

    def __init__(self, bundle: Bundle, strategy: str, start: datetime) -> None:
        self.bundle, self.strategy = bundle, strategy
        self.start, self.restart, self.end = start, start + RESTART_AFTER, start + END_AFTER
        self.before = replay(bundle, start, start + STOP_AFTER, strategy)
        self.rows_before = self.rows()
        self.after = replay(bundle, self.restart, self.end, strategy)
        self.rows_after = self.rows()

    def rows(self):
        return reason_rows(self.bundle.reasons(self.strategy))


@pytest.fixture(scope="module")
def begin(market):
    """An hour in which there is something to trade in both directions."""
    return busiest_hour(market, BUSY, END_AFTER // MINUTE)


@pytest.fixture(scope="module")
def plain(exchange, begin, tmp_path_factory):
    home = tmp_path_factory.mktemp("replay")
    return Session(Bundle(home, exchange.port, BUSY), "HydraBaseline", begin)


@pytest.fixture(scope="module")
def learning(exchange, begin, tmp_path_factory):
    home = tmp_path_factory.mktemp("replay_model")
    return Session(Bundle(home, exchange.port, merge(BUSY, LEARNING)), "HydraStrategy", begin)


@pytest.fixture(params=["plain", "learning"])
def session(request):
    return request.getfixturevalue(request.param)


def changes(*pair: Trades) -> list[str]:
    """What differs between two states of a database; nothing, if a restart was sound."""
    found = []
    columns = {"trades": KEPT, "orders": KEPT_ORDER, "custom": ("cd_key", "cd_value")}
    for name, kept in columns.items():
        old, new = ([(r["id"], *(r[c] for c in kept)) for r in getattr(t, name)] for t in pair)
        found += [f"{name}: {row} lost or altered" for row in old if row not in new]
        found += [f"{name}: {row} is new or doubled" for row in new if row not in old]
    return found


def candle_rows(rows):
    return [row for row in rows if row["reason"] <= Reason.ENTER]


def sides(trades):
    return Counter("short" if trade["is_short"] else "long" for trade in trades)


def test_it_enters_and_leaves_in_both_directions(plain):
    last = plain.after.last
    assert min(sides(last.trades)[side] for side in ("long", "short")) >= 2
    assert min(sides(last.closed)[side] for side in ("long", "short")) >= 1
    assert all(trade["exit_reason"] for trade in last.closed)


def test_every_candle_was_decided_once_and_none_was_missed(session):
    times = {}
    for row in candle_rows(session.rows_after):
        times.setdefault(row["pair"], []).append(row["time"])
    minutes = pd.date_range(session.start - MINUTE, session.end - MINUTE, freq="1min", tz="UTC")
    assert len(minutes) >= 20
    expected = [minute.isoformat() for minute in minutes]
    for pair, seen in times.items():
        assert seen in (expected, expected[:-1]), pair


def test_a_restart_in_the_middle_of_a_candle_repeats_no_reason(session):
    written = len(session.rows_before)
    assert session.rows_after[:written] == session.rows_before
    newest = max(row["time"] for row in candle_rows(session.rows_before))
    assert all(row["time"] > newest for row in candle_rows(session.rows_after[written:]))


def test_a_restart_loses_nothing_and_doubles_nothing(session):
    assert session.before.last.open
    assert changes(session.before.last, session.after.first) == []


def test_the_comparison_sees_a_lost_a_doubled_and_an_altered_trade(plain):
    sound = plain.before.last
    trade = sound.open[0]
    assert changes(sound, replace(sound, trades=sound.trades[1:]))
    assert changes(sound, replace(sound, trades=[*sound.trades, {**trade, "id": 999}]))
    moved = [{**t, "stop_loss": 1.0} if t is trade else t for t in sound.trades]
    assert len(changes(sound, replace(sound, trades=moved))) == 2
    assert changes(sound, replace(sound, custom=[]))


def test_trades_and_orders_are_told_apart_and_a_pair_is_held_once_at_a_time(session):
    last = session.after.last
    orders = [order["order_id"] for order in last.orders]
    assert len(orders) == len(set(orders)) == len(last.trades) + len(last.closed)
    held_until = {}
    for trade in sorted(last.trades, key=lambda t: t["open_date"]):
        assert trade["open_date"] > held_until.get(trade["pair"], "")
        held_until[trade["pair"]] = trade["close_date"] or "9999"


def test_each_trade_says_what_it_rests_on_and_has_its_stop(session):
    last = session.after.last
    kept = {"HydraBaseline": {"hydra_entry"}, "HydraStrategy": {"hydra_entry", "hydra_facts"}}
    assert {row["cd_key"] for row in last.custom} == kept[session.strategy]
    told = [row for row in last.custom if row["cd_key"] == "hydra_entry"]
    thesis = {row["ft_trade_id"]: json.loads(row["cd_value"]) for row in told}
    assert set(thesis) == {trade["id"] for trade in last.trades}
    for trade in last.trades:
        why, sign = thesis[trade["id"]], -1 if trade["is_short"] else 1
        assert why["reason"] == "entry signal"
        assert why["hydra_vote"] * sign >= 0.35
        first = trade["open_rate"] - sign * 2 * why["hydra_atr"]
        # the stop of two ATRs, or nearer the price where it has begun to trail
        assert sign * (trade["stop_loss"] - first) >= -1e-4 * first
    kept = [abs(t["stop_loss"] / t["open_rate"] - 1) for t in last.open]
    assert kept
    assert all(0.0 < distance < 0.05 for distance in kept)


def test_nothing_went_wrong_and_nothing_unknown_was_asked(session, exchange):
    assert errors(session.before.log) == errors(session.after.log) == []
    assert exchange.status()["unknown"] == {}


# --- the same candles in a backtest -----------------------------------------------------------


@pytest.fixture(scope="module")
def backtest(plain, market):
    """A backtest of the candles that the bot has lived through; its trades."""
    bundle = plain.bundle
    folder = bundle.candles
    store_candles(
        market, folder, market.pairs, ("1m",), plain.start - timedelta(hours=8), plain.end + MINUTE
    )
    span = f"{(plain.start - MINUTE).timestamp():.0f}-{plain.end.timestamp():.0f}"
    bundle.succeed(
        *("backtesting", "--strategy", "HydraBaseline", "--timerange", span),
        # a bot always keeps its cooldown after a trade, a backtest only when told to
        *("--enable-protections", "--export", "trades", "--cache", "none"),
    )
    (result,) = (bundle.user_data / "backtest_results").glob("*.zip")
    return load_backtest_data(result)


def test_each_candle_is_decided_as_in_a_backtest(plain, backtest):
    decided = candle_rows(plain.rows_after)
    assert len(decided) == 8 * 30
    assert {row["side"] for row in decided} == {-1, 0, 1}
    frames = {}
    for row in decided:
        pair = row["pair"]
        if pair not in frames:
            path = plain.bundle.reasons("HydraBaseline") / f"{stem(pair)}.feather"
            frames[pair] = pd.read_feather(path).set_index("date")
        there = frames[pair].loc[pd.Timestamp(row["time"])]
        assert (row["side"], row["reason"]) == (there["hydra_side"], there["hydra_reason"]), row


def test_entries_come_with_the_next_candle_at_about_the_backtests_price(plain, backtest):
    """The bot pays the spread and fills within its candle, a backtest at the candle's open.

    Trailing stops see every tick in one and the candle's extremes in the other, so the two part
    where a stop was hit; up to there, entries are the same.
    """
    bot = {entry(t["pair"], t["open_date"], t["is_short"]): t for t in plain.after.last.trades}
    tested = {entry(t.pair, t.open_date, t.is_short): t for t in backtest.itertuples()}
    signals = {
        entry(row["pair"], pd.Timestamp(row["time"]) + MINUTE, row["side"] < 0)
        for row in candle_rows(plain.rows_after)
        if row["side"]
    }
    assert set(bot) <= signals
    stops = [t.close_date for t in backtest.itertuples() if "stop" in t.exit_reason]
    stops += [
        pd.Timestamp(t["close_date"], tz="UTC")
        for t in plain.after.last.closed
        if "stop" in t["exit_reason"]
    ]
    parted = min(stops, default=pd.Timestamp(plain.end))
    same = {key for key in bot if key[1] < parted}
    assert same == {key for key in tested if key[1] < parted}
    assert len(same) >= 5
    for key in same:
        assert bot[key]["open_rate"] == pytest.approx(tested[key].open_rate, rel=2e-3)


def entry(pair, time, is_short):
    stamp = pd.Timestamp(time)
    stamp = stamp.tz_localize("UTC") if stamp.tz is None else stamp
    return pair, stamp.floor("min"), bool(is_short)


def test_a_backtest_leaves_the_bots_reasons_alone(plain, backtest):
    assert plain.rows() == plain.rows_after


# --- with the model ---------------------------------------------------------------------------


def trainings(log):
    return [line for line in log.splitlines() if "model of 3 pair(s) trained" in line]


def test_one_training_serves_all_pairs_and_their_predictions_become_trusted(learning):
    assert len(trainings(learning.before.log)) == 1
    waiting = [r["time"] for r in learning.rows_before if r["reason"] == Reason.NO_PREDICTION]
    assert {r["pair"] for r in learning.rows_before if r["time"] not in waiting} == set(PAIRS)
    assert max(waiting) <= (learning.start + MINUTE).isoformat()
    tags = {trade["enter_tag"] for trade in learning.before.last.trades}
    assert any("model" in tag for tag in tags)


def test_a_restart_answers_from_the_saved_model_at_once_and_retrains_when_due(learning):
    later = learning.rows_after[len(learning.rows_before) :]
    assert later
    assert not any(row["reason"] == Reason.NO_PREDICTION for row in later)
    (again,) = trainings(learning.after.log)
    due = max(learning.start + timedelta(hours=0.4), learning.restart)
    assert again[:16] >= f"{due:%Y-%m-%d %H:%M}"
    assert "refused" not in learning.after.log
