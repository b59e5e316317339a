"""Rows as sources send them: what is refused and why, what is new, what corrects."""

import numpy as np
import pandas as pd
import pytest
from support.remembering import MINUTE, PAIR, T0

from hydra_quant.memory import Series, StoreError, Written
from hydra_quant.memory.checks import sound
from hydra_quant.memory.kinds import KINDS
from hydra_quant.memory.revisions import known_from, plan

NOW = T0 + 60 * MINUTE
RATIO = Series("ratios", "binance", PAIR, "taker", 5 * MINUTE)
NEWS = Series("news", "rss", "", "desk")
FORCED = Series("liquidations", "binance", PAIR)
HEARD = Series("listening", "binance", PAIR, "liquidations", MINUTE)


def check(series, rows):
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows, dtype=object)
    return sound(series, KINDS[series.kind], frame, NOW)


def one(series, **values):
    """What becomes of a single row: its values, or the reason it is refused for."""
    kept, refused = check(series, [{"event_time": T0, **values}])
    assert len(kept) + refused.total() == 1
    return kept.iloc[0] if len(kept) else next(iter(refused))


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [0.5, "0.5", np.float32(0.5), " 0.5 "])
def test_numbers_may_come_as_text(given):
    assert one(RATIO, long_side=given).long_side == 0.5


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (np.inf, "long_side is not finite"),
        ("-inf", "long_side is not finite"),
        ("much", "long_side is not a number"),
        (True, "long_side is not a number"),
        ([0.5], "long_side is not a number"),
        (-0.1, "long_side out of range"),
        (None, "says nothing"),
        ("nan", "says nothing"),
        (pd.NA, "says nothing"),
        (np.nan, "says nothing"),
    ],
)
def test_what_is_no_number_is_refused_for_one_reason(given, why):
    assert one(RATIO, long_side=given) == why


def test_a_column_of_truth_values_is_refused():
    rows = pd.DataFrame({"event_time": [T0, T0 + 1], "long_side": [True, False]})
    kept, refused = check(RATIO, rows)
    assert kept.empty
    assert refused == {"long_side is not a number": 2}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (2**63, "messages out of range"),
        (10**30, "messages out of range"),
        (-1, "messages out of range"),
        (1.5, "messages is not a whole number"),
    ],
)
def test_counts_are_whole_and_fit(given, why):
    assert one(HEARD, messages=given) == why


def test_what_is_missing_is_missing_and_not_zero():
    kept = one(RATIO, long_side=0.0)
    assert kept.long_side == 0.0
    assert np.isnan(kept.short_side)


# --- times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "why"),
    [
        (NOW - 5 * MINUTE + 1, "not over yet"),
        (10**30, "not over yet"),
        (0, "no event time"),
        (-T0, "no event time"),
        (None, "no event time"),
        ("yesterday", "no event time"),
        (np.inf, "no event time"),
        (True, "no event time"),
    ],
)
def test_times_that_no_fact_can_have(time, why):
    assert one(RATIO, long_side=1.0, event_time=time) == why


def test_a_period_that_has_just_ended_counts():
    assert one(RATIO, long_side=1.0, event_time=NOW - 5 * MINUTE).event_time == NOW - 5 * MINUTE


def test_dates_instead_of_milliseconds_are_a_mistake_of_the_program():
    with pytest.raises(StoreError, match="event_time is a date; it must be a number, epoch ms"):
        check(
            RATIO,
            pd.DataFrame({"event_time": pd.to_datetime([T0], unit="ms"), "long_side": [1.0]}),
        )


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (np.nan, 6 * MINUTE),  # the rule: the period's end and the lag
        (7 * MINUTE, 7 * MINUTE),
        (2 * MINUTE, 5 * MINUTE),  # nobody knows a period before its end
        (-1e300, 5 * MINUTE),
        (90 * MINUTE, 60 * MINUTE),  # a source with a clock that is ahead
        (1e300, 60 * MINUTE),
    ],
)
def test_a_source_is_believed_between_the_end_of_the_period_and_now(told, known):
    rows = pd.DataFrame({"event_time": [T0], "known_at": [T0 + told]})
    assert known_from(rows, RATIO, MINUTE, NOW, None).tolist() == [T0 + known]


# --- text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("BTC\0 up", "BTC up"),
        ("half \ud83d", "half \ufffd"),
        ("\ud83d\ude80", "\N{ROCKET}"),
        ("größer", "größer"),
        ("", None),
        ("\0", None),
        (None, None),
        (np.nan, None),
    ],
)
def test_text_becomes_storable(given, kept):
    assert one(NEWS, item="1", title=given, url="u").title == kept


@pytest.mark.parametrize("given", [3, ["a"], {"a": 1}, b"bytes"])
def test_what_is_no_text_is_refused(given):
    assert one(NEWS, item="1", title=given) == "title is not text"


@pytest.mark.parametrize("item", [None, "", "\0", np.nan])
def test_an_item_needs_an_identity(item):
    assert one(NEWS, item=item, title="t") == "no item"


@pytest.mark.parametrize("item", [7, np.int64(7), "7"])
def test_a_number_is_an_identity(item):
    assert one(NEWS, item=item, title="t")["item"] == "7"


# --- frames --------------------------------------------------------------------------------------


def test_a_repeated_index_and_repeated_rows_count_once_and_the_last_holds():
    rows = pd.DataFrame(
        {"event_time": [T0, T0 + MINUTE, T0], "long_side": [1.0, np.inf, 3.0]}, index=[5, 5, 5]
    )
    kept, refused = check(RATIO, rows)
    assert kept["long_side"].tolist() == [3.0]
    assert refused == {"long_side is not finite": 1}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["event_time", "rate"], r"rows of ratios .* unknown: \['rate'\], missing: none"),
        (["long_side"], r"unknown: none, missing: \['event_time'\]"),
        (["event_time", "long_side", "long_side"], r"repeated: \['long_side'\]"),
    ],
)
def test_columns_of_another_kind_are_a_mistake_of_the_program(columns, message):
    with pytest.raises(StoreError, match=message):
        check(RATIO, pd.DataFrame(np.ones((1, len(columns))), columns=columns))


def test_an_empty_frame_says_nothing():
    kept, refused = check(NEWS, pd.DataFrame({"event_time": [], "item": []}))
    assert kept.empty
    assert not refused
    assert list(kept.columns) == ["event_time", *KINDS["news"].values, "item", "known_at"]


# --- revisions -----------------------------------------------------------------------------------


def decide(series, rows, known, stored, now=NOW):
    kind = KINDS[series.kind]
    kept, _ = sound(series, kind, pd.DataFrame(rows), NOW)
    names = [*(["item"] if kind.items else []), "event_time", "known_at", *kind.values]
    before = pd.DataFrame(stored).reindex(columns=names)
    return plan(kind, kept, np.array(known), before, now)


def test_a_missing_value_that_stays_missing_is_no_correction():
    row = {"event_time": T0, "long_side": 1.0, "short_side": np.nan}
    chosen, written = decide(RATIO, [row], [NOW], [row | {"known_at": T0}])
    assert chosen.empty
    assert written == Written(unchanged=1)


@pytest.mark.parametrize("now", [NOW, T0 - 1])
def test_a_correction_is_known_after_what_it_corrects(now):
    row = {"event_time": T0, "long_side": 1.0, "short_side": 1.0}
    stored = [row | {"known_at": NOW + 5, "short_side": 2.0}]
    chosen, written = decide(RATIO, [row], [T0], stored, now)
    assert chosen["known_at"].tolist() == [NOW + 6]
    assert written == Written(revised=1)


def test_an_item_under_another_time_keeps_its_first_time():
    stored = [{"event_time": T0, "item": "a", "title": "first", "known_at": T0}]
    rows = [
        {"event_time": T0 + 1, "item": "a", "title": "first"},
        {"event_time": T0 + 2, "item": "b", "title": "other"},
    ]
    chosen, written = decide(NEWS, rows, [T0, T0], stored)
    assert written == Written(new=1, unchanged=1)
    rows[0]["title"] = "second"
    chosen, written = decide(NEWS, rows, [T0, T0], stored)
    assert chosen["event_time"].tolist() == [T0, T0 + 2]
    assert chosen["event_time"].dtype == np.int64
    assert written == Written(new=1, revised=1)


def test_counts_add_up():
    total = Written(1, 2, 3, {"a": 1}) + Written(10, 20, 30, {"a": 1, "b": 2})
    assert total == Written(11, 22, 33, {"a": 2, "b": 2})
