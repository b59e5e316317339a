"""Laws of positioning: nothing from the future, no memory of where the candles began."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.crowd import DAY, FORCED, HOUR, crowd, store
from support.remembering import MINUTE, PAIR, T0, candles, empty_memory

from hydra_quant.memory.enrich import Reading
from hydra_quant.positioning.enrich import added
from hydra_quant.settings import Signals

WEEK = Signals(history_days=7)
few = settings(max_examples=15)
WIDTHS = (15, 60, 240)
DAYS = 12


@pytest.fixture(scope="module")
def memory():
    with empty_memory() as kept:
        store(kept, crowd(DAYS))
        yield kept


@pytest.fixture(scope="module")
def wholes(memory):
    return {width: found(memory, whole(width), width) for width in WIDTHS}


def whole(width):
    return candles(DAYS * 1440 // width, width)


def found(memory, frame, width):
    return added(memory, frame, PAIR, Reading(width * MINUTE, ("binance",)), WEEK)


def known_before(facts, close):
    """What could have been read by a time: liquidations at once, all else a period and a minute."""
    return {
        series: rows[rows["event_time"] + series.period_ms <= close]
        for series, rows in facts.items()
    }


@few
@given(st.sampled_from(WIDTHS), st.floats(0, 1), st.floats(0, 1))
def test_a_row_depends_on_no_other_candle(memory, wholes, width, begin, end):
    frame = whole(width)
    first = int(begin * (len(frame) - 1))
    last = first + int(end * (len(frame) - 1 - first))
    part = frame.iloc[first : last + 1]
    pd.testing.assert_frame_equal(
        found(memory, part, width), wholes[width].iloc[first : last + 1], check_exact=True
    )


@settings(max_examples=5)
@given(st.sampled_from((60, 240)), st.integers(8 * 24, DAYS * 24 - 5))
def test_what_happens_later_changes_no_row(wholes, width, hour):
    close = T0 + hour * HOUR - hour * HOUR % (width * MINUTE)
    with empty_memory() as kept:
        store(kept, known_before(crowd(DAYS), close))
        before = (close - T0) // (width * MINUTE)
        frame = whole(width).iloc[:before]
        pd.testing.assert_frame_equal(
            found(kept, frame, width), wholes[width].iloc[:before], check_exact=True
        )


def test_the_law_catches_a_fact_that_is_known_a_candle_too_early(wholes):
    facts = crowd(DAYS)
    for series in facts:
        if series.period_ms == HOUR:
            early = facts[series].assign(event_time=facts[series]["event_time"] - HOUR)
            with empty_memory() as kept:
                store(kept, facts | {series: early})
                cheat = found(kept, whole(60), 60)
            assert not cheat.equals(wholes[60]), series


def test_corrections_count_from_when_they_were_made():
    facts = crowd(10)
    frame, made = candles(240, 60), T0 + 9 * DAY + 30 * MINUTE
    with empty_memory(now=made) as kept:
        store(kept, facts)
        first = found(kept, frame, 60)
        for series, rows in facts.items():
            if series.kind in ("open_interest", "ratios", "premium_index"):
                values = [name for name in rows if name != "event_time"]
                kept.write(series, rows.assign(**{name: rows[name] / 2 for name in values}))
        second = found(kept, frame, 60)
    at = (made - T0) // HOUR
    pd.testing.assert_frame_equal(first.iloc[:at], second.iloc[:at], check_exact=True)
    changed = ["open_interest_value", "premium_index", "premium_zscore", "oi_zscore"]
    # from then on the corrected fact shows, and is measured against the past as it was known
    assert (first[changed].iloc[at : at + 1] != second[changed].iloc[at : at + 1]).all(axis=None)


@settings(max_examples=5)
@given(st.integers(8 * 24, DAYS * 24 - 1))
def test_statistics_forget_what_is_older_than_the_past(wholes, hour):
    """A week, and what the first row of that week is made of."""
    since = T0 + hour * HOUR - 7 * DAY - 12 * HOUR
    with empty_memory() as kept:
        store(kept, _since(crowd(DAYS), since))
        row = found(kept, whole(60).iloc[hour : hour + 1], 60)
    pd.testing.assert_frame_equal(row, wholes[60].iloc[hour : hour + 1], check_exact=True)


def _since(facts, start):
    return {series: rows[rows["event_time"] >= start] for series, rows in facts.items()}


def test_liquidations_of_the_last_minute_wait_for_the_next_candle(memory, wholes):
    """A minute was heard only when it is over and noted: the candle's last one counts later."""
    facts = crowd(DAYS)
    minute = facts[FORCED]["event_time"] - T0
    last = facts[FORCED][minute % HOUR >= HOUR - MINUTE]
    assert len(last)
    at = int((last["event_time"].iloc[0] - T0) // HOUR)
    with empty_memory() as kept:
        store(kept, facts | {FORCED: facts[FORCED].drop(index=last.index[:1])})
        without = found(kept, whole(60), 60)
    sums = ["long_liquidations_usd", "short_liquidations_usd"]
    gone = (wholes[60][sums] - without[sums]).abs().sum(axis=1).to_numpy()
    np.testing.assert_array_equal(np.flatnonzero(gone > 1e-9), [at + 1])
