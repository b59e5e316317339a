"""Law 5 in the report: one reason a candle, none lost, none invented."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame, Timestamp
from support.backtest import BTC, ETH, at, lock, reason_frame, result, trade

from hydra_quant.reasons import Reason
from hydra_quant.report.reason_files import ReasonError, ReasonFiles, read_reasons
from hydra_quant.report.reasons import explain, tabulate, vote_skill
from hydra_quant.report.results import Result

LONG, SHORT = (Reason.ENTER, 1), (Reason.ENTER, -1)
Denials = Mapping[tuple[str, Timestamp, int], Reason]


def files(
    btc: dict[int, tuple[Reason, int]],
    eth: dict[int, tuple[Reason, int]] | None = None,
    denials: Denials | None = None,
) -> ReasonFiles:
    return ReasonFiles({BTC: reason_frame(btc), ETH: reason_frame(eth or {})}, denials or {})


def reason_at(rows: DataFrame, candle: int, pair: str = BTC) -> Reason:
    row = rows[(rows["pair"] == pair) & (rows["date"] == at(candle))]
    assert len(row) == 1
    return Reason(int(row["reason"].iloc[0]))


def test_each_fate_of_an_entry_signal(tmp_path: Path) -> None:
    """
    candle  signal  what happened                                       reason
    3       long    opened on 4                                         entered
    5       long    still in it                                         in position
    9       long    the long closed on 10, freqtrade does not re-enter  in position
    10      long    free again, pause until 13                          pair locked
    12      long    the pause ends as 13 opens; stake gate said no      stake too small
    20      short   ETH took the last slot                              no free slot
    30      long    nothing explains it                                 not filled
    38      long    39 is the last candle                               end of data
    39      long    there is no next candle                             end of data
    """
    found = result(
        tmp_path,
        trade(4, 10),
        trade(15, 25, pair=ETH),
        locks=[lock(10, 13)],
        max_open=1,
    )
    signals = dict.fromkeys((3, 5, 9, 10, 12, 30, 38, 39), LONG) | {20: SHORT}
    denied = {(BTC, at(13), 1): Reason.STAKE_TOO_SMALL}
    rows = explain(found, files(signals, {14: LONG}, denied))
    expected = {
        3: Reason.ENTERED,
        5: Reason.IN_POSITION,
        9: Reason.IN_POSITION,
        10: Reason.PAIR_LOCKED,
        12: Reason.STAKE_TOO_SMALL,
        20: Reason.NO_FREE_SLOT,
        30: Reason.NOT_FILLED,
        38: Reason.END_OF_DATA,
        39: Reason.END_OF_DATA,
    }
    assert {candle: reason_at(rows, candle) for candle in expected} == expected
    assert reason_at(rows, 14, ETH) is Reason.ENTERED


def test_a_reversal_on_the_closing_candle_is_not_in_position(tmp_path: Path) -> None:
    found = result(tmp_path, trade(4, 10), trade(10, 12, side=-1))
    rows = explain(found, files({3: LONG, 9: SHORT}))
    assert reason_at(rows, 9) is Reason.ENTERED
    locked = result(tmp_path, trade(4, 10), locks=[lock(10, 11)])
    assert reason_at(explain(locked, files({3: LONG, 9: SHORT})), 9) is Reason.PAIR_LOCKED


@pytest.mark.parametrize(
    ("pause", "side", "reason"),
    [
        (lock(9, 20, pair="*"), 1, Reason.PAIR_LOCKED),
        (lock(9, 20, side="short"), 1, Reason.NOT_FILLED),
        (lock(9, 20, side="short"), -1, Reason.PAIR_LOCKED),
        (lock(9, 20, pair=ETH), 1, Reason.NOT_FILLED),
        (lock(12, 20), 1, Reason.NOT_FILLED),  # began later
        (lock(2, 11), 1, Reason.NOT_FILLED),  # ends as the order is due
    ],
)
def test_only_a_lock_in_force_for_pair_and_side_counts(
    tmp_path: Path, pause: dict[str, Any], side: int, reason: Reason
) -> None:
    rows = explain(result(tmp_path, locks=[pause]), files({10: (Reason.ENTER, side)}))
    assert reason_at(rows, 10) is reason


def test_slots_are_taken_by_pairs_asked_before_on_the_same_candle(tmp_path: Path) -> None:
    """BTC comes before ETH: it takes the only slot; the other way round nothing is proven."""
    first = result(tmp_path, trade(11, 20), max_open=1)
    assert reason_at(explain(first, files({10: LONG}, {10: LONG})), 10, ETH) is Reason.NO_FREE_SLOT
    second = result(tmp_path, trade(11, 20, pair=ETH), max_open=1)
    assert reason_at(explain(second, files({10: LONG}, {10: LONG})), 10, BTC) is Reason.NOT_FILLED


def test_what_followed_is_the_move_in_the_votes_direction_after_costs(tmp_path: Path) -> None:
    found = result(tmp_path)
    signals = {4: (Reason.BELOW_THRESHOLD, 1), 6: (Reason.BELOW_THRESHOLD, -1), 37: LONG}
    rows = explain(found, files(signals)).set_index(["pair", "date"])["followed"]
    # closes rise by 1 a candle from 100 at candle -5; the horizon is 3, costs are 20 bps
    assert rows[BTC, at(4)] == pytest.approx(112 / 109 - 1 - 0.002)
    assert rows[BTC, at(6)] == pytest.approx(-(114 / 111 - 1) - 0.002)
    assert np.isnan(rows[BTC, at(37)])  # its horizon ends after the data
    assert np.isnan(rows[BTC, at(5)])  # no signal, no direction


def test_vote_skill_is_one_for_a_seer_and_minus_one_for_its_opposite() -> None:
    ahead = np.array([0.01, -0.02, 0.005, 0.03, np.nan])
    seer = DataFrame({"vote": [0.2, -0.9, 0.1, 0.7, 1.0], "ahead": ahead})
    assert vote_skill(seer) == pytest.approx(1)
    assert vote_skill(seer.assign(vote=-seer["vote"])) == pytest.approx(-1)
    noise = np.random.default_rng(2).normal(size=(20_000, 2))
    assert abs(vote_skill(DataFrame(noise, columns=["vote", "ahead"]))) < 0.02
    assert np.isnan(vote_skill(seer.assign(vote=0.0)))


def test_table_adds_up_and_shares_are_of_signals(tmp_path: Path) -> None:
    found = result(tmp_path, trade(4, 10))
    signals = {3: LONG, 20: (Reason.BELOW_THRESHOLD, -1), 21: (Reason.BELOW_THRESHOLD, 1)}
    table = tabulate(explain(found, files(signals)))
    assert table["count"].sum() == 80
    assert table["share"].sum() == pytest.approx(100)
    assert table.loc["below threshold", ["count", "longs", "shorts"]].to_list() == [2, 1, 1]
    assert table.loc["below threshold", "signal_share"] == pytest.approx(200 / 3)
    assert np.isnan(table.loc["no signal", "signal_share"])
    assert table.index[0] == "no signal"


def _other_run(found: Result, kind: str) -> ReasonFiles:
    if kind == "a pair missing":
        return ReasonFiles({BTC: reason_frame({3: LONG})}, {})
    if kind == "other trades":
        return files({3: (Reason.BELOW_THRESHOLD, 1)})
    short = reason_frame({3: LONG}, candles=30)
    return ReasonFiles({BTC: short, ETH: short}, {})


@pytest.mark.parametrize("kind", ["a pair missing", "other trades", "other range"])
def test_reasons_of_another_run_are_refused(tmp_path: Path, kind: str) -> None:
    found = result(tmp_path, trade(4, 10))
    explain(found, files({3: LONG}))
    with pytest.raises(ReasonError, match="from another run"):
        explain(found, _other_run(found, kind))


EVENTS = st.dictionaries(
    st.integers(-3, 39), st.tuples(st.sampled_from(list(Reason)[:9]), st.sampled_from([-1, 1]))
)


@settings(max_examples=60, deadline=None)
@given(EVENTS, EVENTS, st.lists(st.tuples(st.integers(0, 39), st.integers(1, 9)), max_size=3))
def test_every_candle_has_one_reason_and_none_is_lost(
    btc: dict[int, tuple[Reason, int]],
    eth: dict[int, tuple[Reason, int]],
    pauses: list[tuple[int, int]],
) -> None:
    """Conservation; candles that did not decide to enter keep their own reason."""
    with TemporaryDirectory() as folder:
        found = result(Path(folder), locks=[lock(a, a + n) for a, n in pauses], max_open=1)
    rows = explain(found, files(btc, eth))
    assert len(rows) == 2 * 40 == tabulate(rows)["count"].sum()
    assert not rows.duplicated(["pair", "date"]).any()
    assert Reason.ENTER not in set(rows["reason"])
    for candle, (reason, _) in btc.items():
        if candle >= 0 and reason is not Reason.ENTER:
            assert reason_at(rows, candle) is reason


def test_reads_what_a_strategy_left(tmp_path: Path) -> None:
    folder = tmp_path / "hydra" / "reasons" / "Probe"
    folder.mkdir(parents=True)
    assert read_reasons(tmp_path, "Probe", (BTC,)) is None
    reason_frame({3: LONG}).to_feather(folder / "BTC_USDT_USDT.feather")
    line = f'{{"time": "{at(13).isoformat()}", "pair": "{BTC}", "side": 1, "reason": 25}}\n'
    (folder / "denied.jsonl").write_text(line)
    found = read_reasons(tmp_path, "Probe", (BTC,))
    assert found is not None
    assert found.denials == {(BTC, at(13), 1): Reason.STAKE_TOO_SMALL}
    assert len(found.candles[BTC]) == 45
    (folder / "denied.jsonl").write_text(line + "half a li")
    with pytest.raises(ReasonError, match=r"denied\.jsonl line 2"):
        read_reasons(tmp_path, "Probe", (BTC,))
    (folder / "BTC_USDT_USDT.feather").write_bytes(b"nonsense")
    with pytest.raises(ReasonError, match=r"BTC_USDT_USDT\.feather"):
        read_reasons(tmp_path, "Probe", (BTC,))
