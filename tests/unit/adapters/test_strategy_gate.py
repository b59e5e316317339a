"""The news gate in HydraStrategy: what the tape does to candles, stakes, tags and positions."""

import json
import pickle
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from freqtrade.enums import RunMode
from pandas import DataFrame
from support.headed import FIVE, crowded, decided, headed, position, reasons
from support.strategy_world import EQUITY, PAIR
from support.verdicts import NEWS, at_candle, origin, write_tape

from hydra_quant.adapters.strategy.gated import marked, opened_by
from hydra_quant.memory import Memory
from hydra_quant.news import tape
from hydra_quant.news.gate import NONE, decide
from hydra_quant.news.verdict import ACTIONS
from hydra_quant.reasons import Reason

HOURS = 12  # candles
GATES = (
    *(Reason.GATE_BULLISH, Reason.GATE_BEARISH, Reason.GATE_HOLD, Reason.GATE_EXIT),
    Reason.GATE_NO_ANALYSIS,
)


@pytest.fixture(scope="module")
def known():
    return crowded()


@pytest.fixture(scope="module")
def ungated(known, tmp_path_factory):
    return decided(headed(tmp_path_factory.mktemp("ungated"), known), known)


@pytest.fixture(scope="module")
def gated(known, ungated):
    """What a strategy with a tape decides; all but the gate is as in `ungated`, computed once."""

    def decide_again(home, *verdicts, mode=RunMode.DRY_RUN, risk=None, **news):
        write_tape(home, *verdicts)
        hydra = {"news": {**NEWS, **news}, "risk": risk or {}}
        made = headed(home, known, mode=mode, hydra=hydra)
        frame = made.advise_entry(made.with_news(ungated.copy(), PAIR), {"pair": PAIR})
        return made, made.advise_exit(frame, {"pair": PAIR})

    return decide_again


def entered(frame, side):
    return np.flatnonzero((reasons(frame) == Reason.ENTER) & (frame["hydra_side"] == side))


def every_hour(known, action, confidence="high"):
    """Verdicts that never let the gate be without one, from candle 0 on."""
    rows = range(0, len(known), HOURS - 1)
    return [at_candle(known, row, action, confidence) for row in rows]


@pytest.mark.parametrize(
    ("action", "longs", "shorts", "reason"),
    [
        ("bullish", True, False, Reason.GATE_BULLISH),
        ("bearish", False, True, Reason.GATE_BEARISH),
        ("hold", False, False, Reason.GATE_HOLD),
        ("exit", False, False, Reason.GATE_EXIT),
    ],
)
def test_a_standing_verdict_blocks_by_the_table(
    tmp_path, known, ungated, action, longs, shorts, reason, gated
):
    _, done = gated(tmp_path, *every_hour(known, action))
    for side, goes_on in ((1, longs), (-1, shorts)):
        wanted = entered(ungated, side)
        assert len(wanted) > 10
        assert entered(done, side).tolist() == (wanted.tolist() if goes_on else [])
        if not goes_on:
            assert set(reasons(done)[wanted]) == {reason}
            assert (done["hydra_wanted"].to_numpy()[wanted] == side).all()
            assert (done["hydra_gate_share"].to_numpy()[wanted] == 0).all()
            assert done["enter_tag"].iloc[wanted].isna().all()


def test_nothing_else_of_the_frame_changes(tmp_path, known, ungated, gated):
    _, done = gated(tmp_path, *every_hour(known, "hold"))
    same = ["hydra_vote", "hydra_score", "hydra_others", "hydra_conviction", "hydra_regime"]
    for name in same:
        np.testing.assert_array_equal(done[name], ungated[name])
    blocked = np.isin(reasons(done), GATES)
    np.testing.assert_array_equal(reasons(done)[~blocked], reasons(ungated)[~blocked])
    assert (reasons(ungated)[blocked] == Reason.ENTER).all()


def test_a_verdict_counts_from_the_close_at_which_it_is_known_until_it_expires(
    tmp_path, known, ungated, gated
):
    row = int(entered(ungated, 1)[5])
    _, done = gated(tmp_path, at_candle(known, row, "bearish"))
    stood = np.flatnonzero(done["hydra_verdict"] == ACTIONS.index("bearish"))
    assert stood.tolist() == list(range(row, row + HOURS))
    assert reasons(done)[row] == Reason.GATE_BEARISH
    on_time = at_candle(known, row, "bearish")
    other = tmp_path / "late"
    other.mkdir()
    _, later = gated(other, replace(on_time, known_ms=on_time.known_ms + 1))
    assert reasons(later)[row] == Reason.ENTER
    assert later["hydra_verdict"].iloc[row] == NONE
    assert later["hydra_verdict"].iloc[row + 1] == ACTIONS.index("bearish")


def test_tags_name_the_verdict_and_what_opened_the_trade_is_still_found(
    tmp_path, known, ungated, gated
):
    row = int(entered(ungated, 1)[5])
    made, done = gated(tmp_path, at_candle(known, row, "bullish"))
    plain = ungated["enter_tag"].iloc[row]
    assert done["enter_tag"].iloc[row] == f"{plain}@bullish"
    assert opened_by(f"{plain}@bullish") == opened_by(plain) == plain
    assert made.stop_scale(f"{plain}@bullish") == made.stop_scale(plain)
    unheard = entered(ungated, 1)[entered(ungated, 1) > row + HOURS]
    assert done["enter_tag"].iloc[int(unheard[0])] == ungated["enter_tag"].iloc[int(unheard[0])]


def test_tags_are_marked_by_each_verdict():
    codes = [*range(len(ACTIONS)), NONE]
    frame = DataFrame({"hydra_verdict": codes})
    tags = marked(np.array(["x"] * 5, dtype=object), frame)
    assert tags.tolist() == ["x@bullish", "x@bearish", "x@hold", "x@exit", "x"]


@pytest.mark.parametrize(("policy", "share"), [("allow", 1.0), ("reduce", 0.25), ("block", 0.0)])
def test_without_an_analysis_the_policy_holds_and_the_reason_says_so(
    tmp_path, known, ungated, policy, share, gated
):
    _, done = gated(tmp_path, no_analysis=policy, reduce_to=0.25)
    wanted = np.flatnonzero(reasons(ungated) == Reason.ENTER)
    assert (done["hydra_gate_share"].to_numpy()[wanted] == share).all()
    expected = Reason.GATE_NO_ANALYSIS if share == 0 else Reason.ENTER
    assert set(reasons(done)[wanted]) == {expected}


def test_with_the_provider_off_a_tape_changes_nothing(tmp_path, known, ungated, gated):
    _, done = gated(tmp_path, *every_hour(known, "exit"), provider="off")
    np.testing.assert_array_equal(reasons(done), reasons(ungated))
    assert (done["hydra_verdict"] == NONE).all()


def stake(made, done, row, side, tag="crowding_fade"):
    made.dp._set_cached_df(PAIR, "5m", done.iloc[: row + 1], made.config["candle_type_def"])
    return made.custom_stake_amount(
        pair=PAIR,
        current_time=(done["date"].iloc[row] + FIVE).to_pydatetime(),
        current_rate=float(done["close"].iloc[row]),
        proposed_stake=1000.0,
        min_stake=1.0,
        max_stake=EQUITY,
        leverage=2.0,
        entry_tag=tag,
        side=side,
    )


def test_an_unsure_verdict_shrinks_the_stake_and_a_sure_one_lets_nothing_in(
    tmp_path, known, ungated, gated
):
    row = int(entered(ungated, 1)[5])
    settings = {"risk": {"min_stake": 0.0}, "veto_from": "high", "reduce_to": 0.5}
    whole = stake(*gated(tmp_path, **settings), row, "long")
    assert whole > 0
    made, done = gated(tmp_path, at_candle(known, row, "bearish", "medium"), **settings)
    assert reasons(done)[row] == Reason.ENTER
    assert stake(made, done, row, "long") == pytest.approx(whole / 2)
    blocked = done.assign(hydra_gate_share=0.0)
    assert stake(made, blocked, row, "long") == 0.0
    for wrong in (np.nan, 1.5, -0.5):
        assert stake(made, done.assign(hydra_gate_share=wrong), row, "long") == 0.0


# --- live: the newest verdict -----------------------------------------------------------------


def confirm(made, done, row, side):
    made.dp._set_cached_df(PAIR, "5m", done.iloc[: row + 1], made.config["candle_type_def"])
    return made.confirm_trade_entry(
        pair=PAIR,
        order_type="limit",
        amount=1.0,
        rate=float(done["close"].iloc[row]),
        time_in_force="GTC",
        current_time=(done["date"].iloc[row] + FIVE + timedelta(seconds=20)).to_pydatetime(),
        entry_tag="crowding_fade",
        side=side,
    )


class Newest:
    """A newsroom that knows one verdict."""

    def __init__(self, verdict, settings):
        self.verdict, self.settings, self.fails = verdict, settings, False

    def ruling(self, pair, side, now_ms):
        if self.fails:
            raise RuntimeError("no such thing")
        return decide(self.verdict, side, now_ms, self.settings)


def test_a_verdict_that_came_after_the_close_denies_the_order(tmp_path, known, ungated, gated):
    row = int(entered(ungated, 1)[5])
    made, done = gated(tmp_path)
    denied = []
    made._reasons = SimpleNamespace(denial=lambda *told: denied.append(told[-1]))
    assert confirm(made, done, row, "long")
    bearish = at_candle(known, row, "bearish")
    made.newsroom = Newest(bearish, made.settings.news)
    assert not confirm(made, done, row, "long")
    assert confirm(made, done, row, "short")  # its own table, no more
    assert denied == [Reason.GATE_BEARISH]
    made.newsroom.fails = True
    assert not confirm(made, done, row, "short")
    assert denied[-1] == Reason.GATE_FAILED


def test_a_newer_verdict_shrinks_a_stake_and_never_enlarges_one(tmp_path, known, ungated, gated):
    row = int(entered(ungated, 1)[5])
    settings = {"risk": {"min_stake": 0.0}, "veto_from": "high", "reduce_to": 0.5}
    made, done = gated(tmp_path, **settings)
    whole = stake(made, done, row, "long")
    assert whole > 0
    made.newsroom = Newest(at_candle(known, row, "bearish", "low"), made.settings.news)
    assert stake(made, done, row, "long") == pytest.approx(whole / 2)
    made.newsroom = Newest(at_candle(known, row, "bullish"), made.settings.news)
    halved = done.assign(hydra_gate_share=0.5)
    assert stake(made, halved, row, "long") == pytest.approx(whole / 2)


# --- a position, a record, a picture ------------------------------------------------------------


@pytest.mark.parametrize("follows", [True, False])
def test_a_position_is_left_on_exit_only_if_the_user_says_so(
    tmp_path, known, ungated, follows, gated
):
    row = int(entered(ungated, 1)[5])
    made, done = gated(tmp_path, at_candle(known, row + 2, "exit"), follow_exit=follows)
    made.leaving.see(PAIR, done)
    trade = position(done, row, tag="crowding_fade", is_short=False)

    def asked(after):
        time = (done["date"].iloc[row + after] + FIVE).to_pydatetime()
        return made.custom_exit(PAIR, trade, time, float(trade.open_rate), 0.0)

    assert asked(1) != "gate_exit"
    assert (asked(2) == "gate_exit") is follows


def test_the_record_of_a_trade_is_plain_and_says_what_stood(tmp_path, known, ungated, gated):
    row = int(entered(ungated, 1)[5])
    made, done = gated(tmp_path, at_candle(known, row, "bullish", "medium"))
    made.dp._set_cached_df(PAIR, "5m", done, made.config["candle_type_def"])
    filled = SimpleNamespace(order_date_utc=(done["date"].iloc[row] + FIVE).to_pydatetime())
    told = made._gate_record(PAIR, filled)
    assert json.loads(json.dumps(told)) == told
    assert told["gate"] == "bullish (medium): allowed"
    assert told["reason"] == "because it is bullish"
    assert told["news"] == 2
    before = SimpleNamespace(order_date_utc=done["date"].iloc[row].to_pydatetime())
    assert made._gate_record(PAIR, before) == {"gate": "no analysis: allowed"}


def test_annotations_name_the_verdict_and_its_reason(tmp_path, known, ungated, gated):
    row = int(entered(ungated, 1)[5])
    made, done = gated(tmp_path, at_candle(known, row, "bearish"))
    marks = made.plot_annotations(PAIR, done["date"].iloc[0], done["date"].iloc[-1], done)
    start = done["date"].iloc[row].isoformat()
    label = next(mark["label"] for mark in marks if mark["start"] == start)
    assert label == "gate: bearish (bearish, high: because it is bearish)"
    drawn = {name for part in made.plot_config["subplots"].values() for name in part}
    assert {"hydra_verdict", "hydra_gate_share", "sentiment"} <= drawn <= set(done)


def test_a_strategy_with_a_tape_goes_into_hyperopt_processes(tmp_path, known, gated):
    made, _ = gated(tmp_path, at_candle(known, 50, "hold"))
    del made.remembered.positioning  # the test's own
    copied = pickle.loads(pickle.dumps(made.heard))
    assert copied._tapes == {}
    assert copied.gates


def test_a_backtest_says_once_that_there_is_no_tape(tmp_path, ungated, gated, caplog):
    made, _ = gated(tmp_path, mode=RunMode.BACKTEST)
    made.with_news(ungated.copy(), PAIR)
    assert sum("no verdict on the tape" in record.message for record in caplog.records) == 1


def test_a_backtest_leaves_out_what_knows_the_future_and_says_so(tmp_path, known, gated, caplog):
    write_tape(tmp_path)
    with Memory(f"sqlite:///{tmp_path / 'hydra' / 'memory.sqlite'}") as memory:
        knows = replace(at_candle(known, 50, "hold"), backfilled=True)
        tape.write(memory, [knows], origin(cutoff_ms=None))
    _, done = gated(tmp_path, mode=RunMode.BACKTEST)
    assert (done["hydra_verdict"] == NONE).all()
    assert sum("may know are not used" in record.message for record in caplog.records) == 1
    _, done = gated(tmp_path, mode=RunMode.BACKTEST, backfilled="all")
    assert (done["hydra_verdict"] == ACTIONS.index("hold")).any()


def test_the_whole_way_from_candles_gives_the_same(tmp_path, known, gated):
    made, quick = gated(tmp_path, *every_hour(known, "bearish"))
    whole = decided(made, known)
    for name in ("hydra_reason", "hydra_verdict", "hydra_gate_share", "hydra_side", "hydra_wanted"):
        np.testing.assert_array_equal(whole[name], quick[name])
