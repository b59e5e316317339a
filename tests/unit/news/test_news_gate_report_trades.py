"""Trades that were wanted: prices of the first possible moment, walked in order, turned round."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame, date_range

from hydra_quant.news.gate_prices import Prices
from hydra_quant.news.gate_trades import candidates, holding_ms, turned, walk
from hydra_quant.settings import SIGNALS, Signals

MINUTE = 60_000
WIDTH = 5 * MINUTE


def prices(opens, first_ms=0):
    opens = np.asarray(opens, float)
    return Prices(first_ms + WIDTH * np.arange(len(opens)), opens, WIDTH)


def frame(wanted, **more):
    count = len(wanted)
    dates = date_range("1970-01-01", periods=count, freq="5min", tz="UTC")
    columns = {"hydra_wanted": wanted, "hydra_verdict": -1, "hydra_gate_share": 1.0, **more}
    return DataFrame({"date": dates, **columns})


# --- prices ---------------------------------------------------------------------------------------


def test_a_time_has_the_price_of_the_first_open_at_or_after_it():
    found = prices([100, 101, 102]).at(np.array([-1, 0, 1, WIDTH, WIDTH + 1, 2 * WIDTH + 1]))
    assert found.tolist() == [0, 0, 1, 1, 2, -1]


def test_a_hole_in_the_candles_gives_no_price():
    holed = Prices(np.array([0, 100 * WIDTH]), np.array([100.0, 200.0]), WIDTH)
    assert holed.at(np.array([1, 96 * WIDTH, 97 * WIDTH])).tolist() == [-1, -1, 1]


def test_a_move_begins_after_it_was_known_and_ends_with_its_span():
    market = prices([100, 110, 121, 133.1])
    assert market.moved(np.array([1]), WIDTH).tolist() == pytest.approx([0.1])  # from 110 to 121
    assert np.isnan(market.moved(np.array([2 * WIDTH + 1, 10 * WIDTH]), WIDTH)).all()


def test_candles_after_the_end_of_a_span_change_nothing():
    rng = np.random.default_rng(3)
    opens = 100 + rng.normal(0, 1, 50)
    times = WIDTH * np.arange(20)
    before = prices(opens).moved(times, 5 * WIDTH)
    later, sooner = opens.copy(), opens.copy()
    later[25:] = 1.0
    assert np.array_equal(prices(later).moved(times, 5 * WIDTH), before)
    sooner[24:] = 1.0
    assert not np.array_equal(prices(sooner).moved(times, 5 * WIDTH), before)


# --- outcomes -------------------------------------------------------------------------------------


def test_an_entry_earns_from_the_next_open_until_its_time_is_over_less_costs():
    opens = [100, 102, 104, 103, 100, 90, 80]
    found = candidates(frame([1, 0, -1, 0, 0, 0, 1]), prices(opens), np.full(7, 2 * WIDTH), 0.001)
    assert found.enter_ms.tolist() == [WIDTH, 3 * WIDTH]  # the last one's end is not known
    assert found.leave_ms.tolist() == [3 * WIDTH, 5 * WIDTH]
    assert found.net.tolist() == pytest.approx([103 / 102 - 1.001, -(90 / 103 - 1) - 0.001])
    assert found.side.tolist() == [1, -1]


def test_a_signal_has_its_own_time_and_a_vote_the_horizon():
    signals = Signals(funding_squeeze_minutes=60, crowding_fade_minutes=600)
    sources = [SIGNALS.index("funding_squeeze"), -1, SIGNALS.index("crowding_fade")]
    own = holding_ms(frame([1, 1, 1], signal_source=sources), signals, 7 * MINUTE)
    assert own.tolist() == [60 * MINUTE, 7 * MINUTE, 600 * MINUTE]
    assert holding_ms(frame([1, 1]), signals, 7 * MINUTE).tolist() == [7 * MINUTE] * 2


# --- walking --------------------------------------------------------------------------------------


def walked_by_hand(enter, leave, allowed):
    taken, free = [], 0
    for begin, end, may in zip(enter, leave, allowed, strict=True):
        taken.append(bool(may and begin >= free))
        free = end if taken[-1] else free
    return taken


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9)), max_size=30),
    st.integers(0, 2**32 - 1),
)
def test_positions_keep_out_what_comes_until_they_end(steps, seed):
    enter = np.cumsum([gap for gap, _ in steps], dtype=np.int64)
    leave = enter + np.array([span for _, span in steps], dtype=np.int64)
    allowed = np.random.default_rng(seed).random((5, len(enter))) < 0.6
    found = walk(enter, leave, allowed)
    assert found.tolist() == [walked_by_hand(enter, leave, row) for row in allowed]


def test_a_veto_only_delays_a_signal_that_lasts():
    enter, leave = np.array([1, 2, 3, 10]), np.array([6, 7, 8, 15])
    allowed = np.array([[True] * 4, [False, True, True, True], [False, False, False, True]])
    assert [np.flatnonzero(row).tolist() for row in walk(enter, leave, allowed)] == [
        [0, 3],
        [1, 3],
        [3],
    ]


# --- turning --------------------------------------------------------------------------------------


def runs(values):
    """Lengths of runs on a ring, by value, in no order."""
    values = list(values)
    edge = next((at for at in range(1, len(values)) if values[at] != values[at - 1]), 0)
    ring = values[edge:] + values[:edge]
    return sorted((value, len(list(run))) for value, run in groupby(ring))


def test_a_turned_gate_blocks_as_much_of_each_side_in_runs_as_long():
    rng = np.random.default_rng(5)
    side = np.repeat(rng.choice([1, -1], 40), rng.integers(1, 6, 40))
    share = np.repeat(rng.choice([0.0, 0.5, 1.0], len(side) // 3 + 1), 3)[: len(side)]
    found = turned(side, share, rng.random(50))
    for row in found:
        for one in (1, -1):
            assert runs(row[side == one]) == runs(share[side == one])
    assert len(np.unique(found, axis=0)) > 30
    assert turned(side, share, np.zeros(1))[0].tolist() == share.tolist()


def test_vetoes_of_several_pairs_stay_together():
    share = np.ones(40)
    share[10:20] = 0.0
    turns = np.random.default_rng(6).random(20)
    first, second = (turned(np.full(40, side), share, turns) for side in (1, -1))
    assert np.array_equal(first, second)
