"""Checks of stored facts: each planted defect is named, and sound rows give nothing."""

import numpy as np
import pytest
from pandas import DataFrame

from hydra_quant.memory import Extent, Series
from hydra_quant.validation.facts import FactLimits, check_ends, check_facts
from hydra_quant.validation.spacing import gaps, usual_step

HOUR, DAY = 3_600_000, 86_400_000
MONDAY = 1_704_067_200_000  # 2024-01-01
INTEREST = Series("open_interest", "bybit", "BTC/USDT:USDT", "", HOUR)
FUNDING = Series("funding", "binance", "BTC/USDT:USDT")
DAILY = Series("indices", "macro", "", "spx", DAY)
NEWS = Series("news", "rss", "", "feed")
LIMITS = FactLimits()


def hourly(rows: int = 200) -> DataFrame:
    event = MONDAY + HOUR * np.arange(rows)
    return DataFrame({
        "event_time": event, "known_at": event + HOUR, "contracts": 100.0 + np.arange(rows),
        "value": 1e6 + np.arange(rows),
    })  # fmt: skip


def named(series, rows, limits=LIMITS):
    return [
        (f.check, (f.first - MONDAY) // HOUR, (f.last - MONDAY) // HOUR, f.count)
        for f in check_facts(series, rows, limits)
    ]


def test_sound_rows_give_nothing():
    assert named(INTEREST, hourly()) == []


def test_every_gap_is_named_with_its_ends_and_the_rows_that_are_missing():
    rows = hourly().drop(index=[50, 120, 121, 122])
    assert named(INTEREST, rows) == [("gap", 49, 51, 1), ("gap", 119, 123, 3)]


def test_a_settlement_may_be_late_but_not_left_out():
    event = MONDAY + 8 * HOUR * np.arange(30) + np.tile([0, 900, 12_000], 10)
    rows = DataFrame({"event_time": event, "known_at": event, "rate": 1e-4})
    assert named(FUNDING, rows) == []  # and a resting rate is no defect
    assert [found[0] for found in named(FUNDING, rows.drop(index=[7]))] == ["gap"]


@pytest.mark.parametrize(("off", "missing"), [([], []), ([9], []), ([8, 9], [2])])
def test_a_market_that_rests_on_weekends_has_gaps_only_when_two_working_days_lack(off, missing):
    days = [day for day in range(60) if day % 7 < 5]
    event = MONDAY + DAY * np.array([day for at, day in enumerate(days) if at not in off])
    found = gaps(event, DAY)
    assert found.missing.tolist() == missing


def test_a_market_that_never_rests_misses_its_weekends():
    event = MONDAY + DAY * np.array([day for day in range(21) if day not in (5, 6)])
    assert gaps(event, DAY).missing.tolist() == [2]


def test_windows_of_a_quarter_hour_every_eight_hours_are_not_full_of_gaps():
    event = MONDAY + 8 * HOUR * np.arange(10)
    assert usual_step(event, HOUR // 4) == 8 * HOUR
    assert len(gaps(event, HOUR // 4).missing) == 0
    assert usual_step(event[:2], HOUR // 4) == 0


def test_what_is_known_before_its_period_is_over_is_named():
    rows = hourly()
    rows.loc[[3, 4, 5, 90], "known_at"] = rows["event_time"] + HOUR - 1
    assert named(INTEREST, rows) == [("known too early", 3, 5, 3), ("known too early", 90, 90, 1)]


def test_a_headline_may_be_known_when_it_appears_not_before():
    event = MONDAY + HOUR * np.arange(3)
    rows = DataFrame({"event_time": event, "known_at": event, "item": list("abc"), "title": "x"})
    assert named(NEWS, rows) == []
    rows.loc[1, "known_at"] -= 1
    assert named(NEWS, rows) == [("known too early", 1, 1, 1)]


def test_a_revision_that_revises_nothing_is_a_duplicate_and_a_real_one_is_not():
    rows = hourly()
    again = rows.iloc[[10]].assign(known_at=rows["known_at"].iloc[10] + 5 * HOUR)
    changed = rows.iloc[[20]].assign(known_at=rows["known_at"].iloc[20] + 5 * HOUR, contracts=7.0)
    three = DataFrame(np.concatenate([rows, again, changed]), columns=rows.columns)
    assert named(INTEREST, three.sort_values(["event_time", "known_at"])) == [
        ("duplicate", 10, 10, 1)
    ]


def test_missing_values_are_equal_to_each_other():
    rows = hourly(5).assign(value=np.nan)
    again = rows.iloc[[2]].assign(known_at=rows["known_at"].iloc[2] + 1)
    two = DataFrame(np.concatenate([rows, again]), columns=rows.columns)
    assert named(INTEREST, two.sort_values(["event_time", "known_at"])) == [("duplicate", 2, 2, 1)]


def test_values_that_cannot_be_are_named():
    rows = hourly()
    rows.loc[7, "contracts"] = -1.0
    assert named(INTEREST, rows) == [("out of range", 7, 7, 1)]


@pytest.mark.parametrize(("length", "found"), [(24, []), (25, [("stuck", 30, 54, 25)])])
def test_a_series_that_stands_still_too_long_is_stuck(length, found):
    rows = hourly()
    rows.loc[30 : 30 + length - 1, ["contracts", "value"]] = [1.0, 2.0]
    assert named(INTEREST, rows) == found
    assert named(INTEREST, rows, FactLimits(repeats=length)) == []


def extent(subject: str, last: int, period: int = HOUR) -> Extent:
    series = Series("open_interest", "bybit", subject, "", period)
    return Extent(series, MONDAY, last, 10, 10, last)


def test_a_series_that_ended_before_its_neighbours_has_stopped():
    end = MONDAY + 100 * DAY
    some = [extent("BTC", end), extent("ETH", end - 20 * HOUR), extent("XRP", end - 30 * DAY)]
    found = check_ends(some, end + 900 * DAY, LIMITS)
    assert [(f.check, f.where, f.what) for f in found] == [
        ("stopped", "bybit open_interest XRP", "ends 30 days before others of its kind")
    ]
    other_width = extent("BTC", end - 30 * DAY, 5 * 60_000)
    assert check_ends([*some[:2], other_width], end, LIMITS) == []


def test_age_is_a_finding_only_when_asked_for():
    now = MONDAY + 10 * HOUR
    some = [extent("BTC", MONDAY)]
    assert check_ends(some, now, LIMITS) == []
    assert check_ends(some, now, FactLimits(age_hours=10)) == []
    assert [f.check for f in check_ends(some, now, FactLimits(age_hours=9))] == ["age"]
