"""Candles with positioning: every column against a loop over what was known at each hour."""

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame
from support.crowd import DAY, FORCED, FUNDING, HEARD, HOUR, INTEREST, crowd, open_at, store
from support.remembering import MINUTE, PAIR, T0, candles, empty_memory

from hydra_quant.memory import Series, StoreError
from hydra_quant.memory.enrich import Reading, as_of
from hydra_quant.positioning.enrich import (
    STANDARDISED,
    added,
    covers,
    enriched,
    fixed,
    is_settled,
    past_of,
)
from hydra_quant.positioning.names import ADDED, LEVELLED, LEVELS, RAW
from hydra_quant.settings import Signals

WEEK = Signals(history_days=7)
DAYS = 12


def reading(minutes):
    return Reading(minutes * MINUTE, ("binance",))


@pytest.fixture(scope="module")
def memory():
    with empty_memory() as kept:
        store(kept, crowd(DAYS))
        yield kept


def known(memory, closes, name):
    """One column as it was known at these moments, the end of an hour each."""
    frame = DataFrame({"date": pd.to_datetime(closes - HOUR, unit="ms", utc=True)})
    return as_of(memory, frame, PAIR, [name], reading(60))[name].to_numpy()


def hourly(memory, ends, name):
    """What grid rows that end there say of one quantity."""
    if name == "oi_delta_pct":
        now, then = (known(memory, ends - ago, "open_interest") for ago in (0, 4 * HOUR))
        return now / then - 1
    if name == "liq_velocity":
        both = sum(known(memory, ends, f"{side}_liquidations_usd") for side in ("long", "short"))
        return both / known(memory, ends, "open_interest_value")
    return known(memory, ends, name)


@pytest.mark.parametrize("name", sorted(STANDARDISED))
def test_z_scores_and_levels_are_those_of_the_week_before(memory, name):
    of = STANDARDISED[name]
    first = T0 + 10 * DAY
    frame = candles(9, 15, first)
    found = added(memory, frame, PAIR, reading(15), WEEK)
    for row in (0, 3, 8):
        close = first + (row + 1) * 15 * MINUTE
        hour = close - close % HOUR
        past = hourly(memory, hour - HOUR * np.arange(168), of)
        expected = (found[of][row] - past.mean()) / past.std()
        np.testing.assert_allclose(found[name][row], expected, rtol=1e-9)
        if of in LEVELLED:
            levels = found.loc[row, [f"{of}_low", f"{of}_high"]].to_numpy(float)
            np.testing.assert_allclose(levels, np.quantile(past, [0.05, 0.95]), rtol=1e-9)


def test_raw_columns_are_the_memorys(memory):
    frame = candles(50, 15, T0 + 9 * DAY)
    names = [name for name in RAW if not name.startswith("btc")]
    joined = as_of(memory, frame, PAIR, names, reading(15))[names]
    pd.testing.assert_frame_equal(added(memory, frame, PAIR, reading(15), WEEK)[names], joined)
    assert joined.notna().any().all()


def test_the_frame_keeps_its_candles_and_its_index(memory):
    frame = candles(5, 60, T0 + 9 * DAY).assign(close=1.0).set_index(pd.Index(range(7, 12)))
    found = enriched(memory, frame, PAIR, reading(60), WEEK)
    assert list(found.columns) == ["date", "close", *ADDED]
    assert list(found.index) == list(frame.index)
    assert list(frame.columns) == ["date", "close"]


def test_order_and_holes_of_the_candles_do_not_matter(memory):
    frame = candles(100, 15, T0 + 9 * DAY)
    whole = added(memory, frame, PAIR, reading(15), WEEK)
    some = frame.iloc[[70, 3, 40, 41, 99, 3]]
    pd.testing.assert_frame_equal(
        added(memory, some, PAIR, reading(15), WEEK), whole.loc[some.index]
    )


def test_funding_of_candles_shorter_and_longer_than_its_interval():
    rates = {0: 1e-4, 8: 2e-4, 16: -1e-4, 24: 3e-4, 32: 1e-4, 40: 1e-4, 48: 5e-4}
    rows = DataFrame({
        "event_time": [T0 + hour * HOUR for hour in rates], "rate": list(rates.values()),
    })  # fmt: skip
    start = -T0 % DAY // MINUTE
    with empty_memory() as kept:
        kept.write(FUNDING, rows)
        hours = added(kept, candles(50, 60), PAIR, reading(60), WEEK)
        begin = T0 + start * MINUTE
        days = added(kept, candles(2, 1440, begin), PAIR, reading(1440), WEEK)
    paid = hours["funding_paid"].to_numpy()
    # settled at the full hour, readable a minute later: in the candle that opens there
    assert {at: paid[at] for at in np.flatnonzero(paid)} == rates
    shown = [rates[hour // 8 * 8] for hour in range(50)]
    np.testing.assert_allclose(hours["funding_rate"], shown)
    np.testing.assert_allclose(hours["funding_annualized"], np.array(shown) * 1095)
    assert hours["funding_momentum"][:24].isna().all()
    np.testing.assert_allclose(hours["funding_momentum"][24:32], 2e-4)
    day = (begin - T0) // HOUR
    within = [rate for hour, rate in rates.items() if day <= hour < day + 24]
    assert len(within) == 3
    np.testing.assert_allclose(days["funding_paid"][0], sum(within))


def test_silence_of_a_stream_is_not_a_quiet_market():
    facts = crowd(9)
    facts[HEARD] = facts[HEARD].drop(index=8 * 1440 + 30)  # one minute was not heard
    with empty_memory() as kept:
        store(kept, facts)
        found = added(kept, candles(24, 30, T0 + 8 * DAY), PAIR, reading(30), WEEK)
    # candles end a minute early: the minute lies in the second one, and so in two hours
    unknown = [False, True, True, *[False] * 21]
    for name in ("liq_velocity", "liq_imbalance", "liq_zscore"):
        np.testing.assert_array_equal(found[name].isna(), unknown)


def test_quiet_hours_count_as_quiet():
    facts = {series: rows for series, rows in crowd(9).items() if series != FORCED}
    with empty_memory() as kept:
        store(kept, facts)
        found = added(kept, candles(5, 60, T0 + 8 * DAY), PAIR, reading(60), WEEK)
    assert (found[["liq_velocity", "liq_imbalance", "liq_velocity_high"]] == 0.0).all(axis=None)
    assert found["liq_zscore"].isna().all()  # it never moved


def test_a_missing_series_leaves_its_own_columns_empty_and_no_others():
    facts = {series: rows for series, rows in crowd(9).items() if series != INTEREST}
    with empty_memory() as kept:
        store(kept, facts)
        found = added(kept, candles(5, 60, T0 + 8 * DAY), PAIR, reading(60), WEEK)
    empty = {name for name in ADDED if found[name].isna().all()}
    of_interest = {name for name in ADDED if name.startswith(("open_interest", "oi_"))}
    relative = {"liq_velocity", "liq_zscore", "liq_velocity_low", "liq_velocity_high"}
    assert empty == of_interest | relative | {"btc_mvrv_zscore", "btc_sopr"}


def test_an_empty_memory_raises_nothing():
    with empty_memory() as kept:
        assert added(kept, candles(5), PAIR, reading(5), WEEK).isna().all(axis=None)
        nothing = added(kept, candles(0), PAIR, reading(5), WEEK)
        assert (list(nothing.columns), len(nothing)) == (list(ADDED), 0)
        with pytest.raises(StoreError, match='"date" column'):
            added(kept, DataFrame({"close": [1.0]}), PAIR, reading(5), WEEK)


def test_fixed_levels_are_the_users():
    users = Signals(thresholds="fixed", long_share=0.7, funding_rate=1e-3)
    with empty_memory() as kept:
        found = added(kept, candles(3), PAIR, reading(5), users)
    levels = found.loc[2, list(LEVELS)].to_dict()
    assert levels == fixed(users)
    assert (levels["long_share_low"], levels["long_share_high"]) == (1 - 0.7, 0.7)
    assert (levels["funding_rate_low"], levels["funding_rate_high"]) == (-1e-3, 1e-3)
    assert (levels["oi_delta_pct_low"], levels["liq_velocity_low"]) == (-0.02, 0.0)


def test_only_levels_depend_on_how_they_are_chosen(memory):
    frame = candles(20, 60, T0 + 9 * DAY)
    quantile = added(memory, frame, PAIR, reading(60), WEEK)
    levels = added(memory, frame, PAIR, reading(60), Signals(history_days=7, thresholds="fixed"))
    others = [name for name in ADDED if name not in LEVELS]
    pd.testing.assert_frame_equal(quantile[others], levels[others])
    moved = [name for name in LEVELS if name != "liq_velocity_low"]  # 0 in quiet hours as well
    assert (quantile[moved] != levels[moved]).all(axis=None)


def test_facts_from_elsewhere_are_read_too():
    series, rows = FUNDING, crowd(9)[FUNDING]
    extra = {series: rows.assign(known_at=rows["event_time"] + MINUTE)}
    frame = candles(24, 60, T0 + 8 * DAY)
    with empty_memory() as kept:
        elsewhere = added(kept, frame, PAIR, reading(60), WEEK, extra)
        kept.write(series, rows)
        pd.testing.assert_frame_equal(added(kept, frame, PAIR, reading(60), WEEK), elsewhere)
    assert elsewhere["funding_paid"].ne(0).sum() == 3


def test_a_kept_past_gives_the_same_columns(memory):
    frame = candles(30, 15, T0 + 9 * DAY)
    past = past_of(memory, frame, PAIR, reading(15), WEEK)
    pd.testing.assert_frame_equal(
        added(memory, frame, PAIR, reading(15), WEEK, past=past),
        added(memory, frame, PAIR, reading(15), WEEK),
    )
    assert covers(past, frame, reading(15), WEEK)
    assert covers(past, frame.iloc[5:20], reading(15), WEEK)
    assert not covers(past, candles(34, 15, T0 + 9 * DAY), reading(15), WEEK)
    assert not covers(past, candles(30, 15, T0 + 8 * DAY), reading(15), WEEK)


def test_a_past_is_settled_when_what_is_known_has_one(memory):
    late, early = (candles(3, 60, T0 + days * DAY) for days in (9, 1))
    assert is_settled(added(memory, late, PAIR, reading(60), WEEK))
    assert not is_settled(added(memory, early, PAIR, reading(60), WEEK))
    with empty_memory() as kept:
        assert not is_settled(added(kept, late, PAIR, reading(60), WEEK))


def test_sources_are_believed_in_the_order_of_the_reading(memory):
    bybit = Series("funding", "bybit", PAIR)
    frame = candles(3, 60, T0 + 9 * DAY)
    rows = DataFrame({"event_time": T0 + 8 * HOUR * np.arange(30), "rate": 7e-3})
    with empty_memory() as kept:
        store(kept, crowd(10) | {bybit: rows})
        own = added(kept, frame, PAIR, reading(60), WEEK)
        theirs = added(kept, frame, PAIR, Reading(HOUR, ("bybit", "binance")), WEEK)
    assert (theirs["funding_rate"] == 7e-3).all()
    assert (own["funding_rate"] != 7e-3).all()
    assert theirs["funding_zscore"].isna().all()


def test_candles_off_the_grid_are_answered_by_what_was_known_before(memory):
    odd = open_at(9 * 1440 + 7, 9 * 1440 + 60)
    found = added(memory, odd, PAIR, reading(15), WEEK)
    assert found["funding_rate"].notna().all()
