"""Laws of the memory: nothing from the future, corrections hide nothing, writing twice is once.

Each law is checked against a loop a child could write, and against broken versions that it catches.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.remembering import MINUTE, PAIR, T0, candles, empty_memory, joined

from hydra_quant.memory import Series
from hydra_quant.memory.as_of import age, latest, pick, replaced_at, sum_between
from hydra_quant.memory.revisions import known_from

few = settings(max_examples=25)
many = settings(max_examples=150)
RATIO = Series("ratios", "binance", PAIR, "taker", 5 * MINUTE)
POINT = Series("open_interest", "binance", PAIR)
FORCED = Series("liquidations", "binance", PAIR)
times = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 15)), max_size=25)


# --- as-of on arrays -----------------------------------------------------------------------------


def loop_latest(event, known, closes):
    """For each close: of the rows known by then the newest event, its last revision."""
    answers = []
    for close in closes:
        rows = [at for at in range(len(event)) if known[at] <= close]
        answers.append(max(rows, key=lambda at: (event[at], known[at], at), default=-1))
    return np.array(answers)


def exclusive(event, known, closes):
    order = np.lexsort((event, known))
    leads = order[event[order] >= np.maximum.accumulate(event[order])]
    at = np.searchsorted(known[leads], closes, side="left") - 1
    return np.where(at >= 0, leads[at], -1)


def by_event(event, known, closes):
    return latest(event, event, closes)


def last_written(event, known, closes):
    """Forward fill in the order of publication: late corrections hide what is newer."""
    order = np.argsort(known, kind="stable")
    at = np.searchsorted(known[order], closes, side="right") - 1
    return np.where(at >= 0, order[at], -1)


def arrays(rows):
    event = np.array([event for event, _ in rows], dtype=np.int64)
    return event, event + np.array([delay for _, delay in rows], dtype=np.int64)


@many
@given(times)
def test_latest_is_the_newest_event_known_by_the_close(rows):
    event, known = arrays(rows)
    closes = np.arange(-1, 30)
    np.testing.assert_array_equal(latest(event, known, closes), loop_latest(event, known, closes))


@pytest.mark.parametrize("broken", [exclusive, by_event, last_written])
def test_the_oracle_catches_broken_versions(broken):
    event, known = arrays([(0, 1), (5, 1), (2, 9), (5, 4), (8, 1)])
    closes = np.arange(-1, 15)
    assert (latest(event, known, closes) == loop_latest(event, known, closes)).all()
    assert (broken(event, known, closes) != loop_latest(event, known, closes)).any()


@many
@given(times, st.integers(0, 28))
def test_what_is_published_later_changes_no_answer(rows, close):
    event, known = arrays(rows)
    past = known <= close
    whole = latest(event, known, np.array([close]))[0]
    alone = latest(event[past], known[past], np.array([close]))[0]
    assert whole == (np.flatnonzero(past)[alone] if alone >= 0 else -1)


def test_without_rows_nothing_is_known():
    none, closes = np.array([], dtype=np.int64), np.array([1, 2])
    positions = latest(none, none, closes)
    assert positions.tolist() == [-1, -1]
    assert np.isnan(pick(none.astype(float), positions)).all()
    assert np.isnan(age(none, positions, closes)).all()


def loop_sums(facts, event, known, amount, opens, closes, deadline):
    sums = []
    for low, high, limit in zip(opens, closes, deadline, strict=True):
        newest = {}
        for at in sorted(range(len(event)), key=lambda at: (known[at], at)):
            if low <= event[at] < high and known[at] <= limit:
                newest[facts[at]] = amount[at]
        sums.append(sum(newest.values()))
    return np.array(sums, dtype=float)


@st.composite
def forced_orders(draw):
    """Facts of one event each, some with revisions; windows with gaps between them."""
    rows = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9), st.integers(1, 50))))
    facts = np.array([row[0] for row in rows], dtype=np.int64)
    event = facts * 3
    known = event + np.array([row[1] for row in rows], dtype=np.int64)
    amount = np.array([row[2] for row in rows], dtype=float)
    opens = np.unique(np.array(draw(st.lists(st.integers(-1, 8))), dtype=np.int64)) * 3
    return facts, event, known, amount, opens, opens + 3, opens + 3 + draw(st.integers(0, 4))


@many
@given(forced_orders())
def test_sums_count_each_fact_once_as_it_was_known(world):
    facts, event, known, amount, *windows = world
    sums = sum_between(event, amount, (known, replaced_at(facts, known)), tuple(windows))
    np.testing.assert_array_equal(sums, loop_sums(*world))


def test_the_oracle_catches_sums_that_count_revisions():
    facts, event, known = (np.array(x) for x in ([1, 1], [3, 3], [4, 5]))
    windows = tuple(np.array([x]) for x in (3, 6, 6))
    amount, never = np.array([10.0, 20.0]), np.array([99, 99])
    expected = loop_sums(facts, event, known, amount, *windows)
    assert expected.tolist() == [20.0]
    assert sum_between(event, amount, (known, never), windows).tolist() == [30.0]


# --- through the store ---------------------------------------------------------------------------


@st.composite
def published(draw):
    """Rows (minute of the event, minutes until known, value), one a fact, in any order."""
    rows = st.tuples(st.integers(0, 60), st.integers(0, 40), st.integers(1, 99))
    return draw(st.lists(rows, max_size=15, unique_by=lambda row: row[0]))


def frame_of(rows):
    event, delay, value = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return pd.DataFrame(
        {
            "event_time": T0 + event * MINUTE,
            "known_at": T0 + (event + delay) * MINUTE,
            "contracts": value.astype(float),
        }
    )


def seen(memory, frame):
    return joined(memory, frame, "open_interest", "long_liquidations_usd")


@few
@given(published(), st.integers(1, 25))
def test_the_first_candles_do_not_know_how_many_follow(rows, n):
    with empty_memory() as memory:
        memory.write(POINT, frame_of(rows))
        whole = seen(memory, candles(25))
        pd.testing.assert_frame_equal(seen(memory, candles(n)), whole.iloc[:n])
        last = seen(memory, candles(n, start=T0 + 5 * MINUTE * (25 - n)))
        pd.testing.assert_frame_equal(last, whole.iloc[25 - n :].reset_index(drop=True))


@few
@given(published(), published(), st.integers(0, 24))
def test_rows_known_after_a_close_never_change_its_value(rows, later, last):
    close = 5 * (last + 1)
    late = [(event, close + 1 - event + delay, value) for event, delay, value in later]
    late = [row for row in late if row[1] >= 0 and row[0] not in {row[0] for row in rows}]
    with empty_memory() as memory:
        memory.write(POINT, frame_of(rows))
        before = seen(memory, candles(last + 1))
        memory.write(POINT, frame_of(late))
        pd.testing.assert_frame_equal(seen(memory, candles(25)).iloc[: last + 1], before)


@few
@given(published(), st.randoms(use_true_random=False), st.integers(1, 5))
def test_pages_in_any_order_and_twice_give_one_view(rows, random, size):
    with empty_memory() as one, empty_memory() as other:
        assert one.write(POINT, frame_of(rows)).new == len(rows)
        shuffled = random.sample(rows, len(rows))
        pages = [shuffled[at : at + size] for at in range(0, len(rows), size)]
        news = [other.write(POINT, frame_of(page)).new for page in pages + pages]
        assert sum(news) == len(rows)
        pd.testing.assert_frame_equal(one.rows(POINT), other.rows(POINT))
        pd.testing.assert_frame_equal(seen(one, candles(25)), seen(other, candles(25)))


@few
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 3)), max_size=20))
def test_a_correction_is_known_from_the_time_it_is_read(said):
    """A source restates events minute by minute; each candle must equal what it saw live."""
    with empty_memory() as memory:
        live = []
        for minute, (event, value) in enumerate(said, start=10):
            memory.clock.now = T0 + minute * MINUTE
            memory.write(POINT, frame_of([(event, minute - event, value)]))
            frame = candles(1, minutes=1, start=memory.clock.now - MINUTE)
            live.append(joined(memory, frame, "open_interest", minutes=1))
        memory.clock.now = T0 + 10**10
        n = len(said)
        replayed = joined(memory, candles(n, 1, T0 + 9 * MINUTE), "open_interest", minutes=1)
        assert not n or replayed.equals(pd.concat(live, ignore_index=True))
        written = [memory.write(POINT, frame_of([(e, 0, v)])) for e, v in dict(said).items()]
        assert all(each.unchanged == 1 for each in written)


@few
@given(published(), st.integers(0, 45))
def test_beyond_its_maximum_age_a_value_is_gone_but_its_age_is_shown(rows, limit):
    with empty_memory() as memory:
        memory.write(POINT, frame_of(rows))
        frame = candles(30)
        limits = {"open_interest": limit * MINUTE}
        found = joined(memory, frame, "open_interest", max_age_ms=limits)
        whole = joined(memory, frame, "open_interest", max_age_ms={"open_interest": 10**15})
    old = found["open_interest_age"]
    pd.testing.assert_series_equal(old, whole["open_interest_age"])
    np.testing.assert_array_equal(old.isna(), whole["open_interest"].isna())
    expected = whole["open_interest"].where(old <= limit)
    pd.testing.assert_series_equal(found["open_interest"], expected)


@many
@given(
    event=st.lists(st.integers(0, 100), max_size=8),
    lag=st.integers(0, 30),
    now=st.integers(100, 200),
    since=st.none() | st.integers(0, 220),
)
def test_a_follower_knew_only_what_it_had_seen(event, lag, now, since):
    rows = pd.DataFrame({"event_time": np.array(event, dtype=np.int64), "known_at": np.nan})
    found = known_from(rows, RATIO, lag, now, since)
    for time, known in zip(event, found.tolist(), strict=True):
        rule = time + RATIO.period_ms + lag
        followed = since is not None and rule >= since
        assert known == (max(rule, now) if followed else rule)


@few
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.integers(1, 9)), max_size=20))
def test_forced_orders_in_any_number_of_revisions_are_summed_once(orders):
    """The sums of the memory against a dictionary of what was said last about each order."""
    frame = candles(7, start=T0)
    sums = {name: np.zeros(7) for name in ("sell", "buy")}
    with empty_memory() as memory:
        heard = T0 - MINUTE + MINUTE * np.arange(50)
        memory.write(
            Series("listening", "binance", PAIR, "liquidations", MINUTE),
            pd.DataFrame({"event_time": heard, "messages": 1}),
        )
        last = {}
        for minute, sells, amount in orders:
            memory.clock.now = T0 + minute * MINUTE
            last[minute] = ("sell" if sells else "buy", amount)
            row = {"event_time": memory.clock.now, "item": str(minute), "price": 2.0}
            row |= {"side": last[minute][0], "amount": amount}
            memory.write(FORCED, pd.DataFrame([row]))
        found = joined(memory, frame, "long_liquidations_usd", "short_liquidations_usd")
    for minute, (side, amount) in last.items():
        sums[side][(minute + 1) // 5] += 2 * amount
    np.testing.assert_array_equal(found["long_liquidations_usd"], sums["sell"])
    np.testing.assert_array_equal(found["short_liquidations_usd"], sums["buy"])
