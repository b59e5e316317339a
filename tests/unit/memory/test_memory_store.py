"""Write and read back: types, windows, extents, forgetting, threads, a database put back."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from support.remembering import MINUTE, PAIR, T0, Clock, empty_memory

from hydra_quant.memory import Memory, Series, StoreError, Written

NOW = T0 + 10**9
RATIO = Series("ratios", "binance", PAIR, "taker", 5 * MINUTE)
NEWS = Series("news", "rss", "", "desk")
POST = Series("social_posts", "x")


@pytest.fixture
def memory(memory_url):
    with Memory(memory_url, clock=Clock(NOW)) as kept:
        yield kept


def ratios(*minutes, long=1.0):
    event = T0 + MINUTE * np.array(minutes, dtype=np.int64)
    return pd.DataFrame({"event_time": event, "long_side": long, "short_side": 1.0})


def test_numbers_and_text_come_back_as_they_were(memory):
    post = {
        "event_time": T0,
        "item": "größe \N{ROCKET}",
        "text": "a\0b \ud83d",
        "author_created": T0 - 5,
        "likes": 2**53 - 1,
        "replies": None,
    }
    page = pd.DataFrame([post], dtype=object)
    assert memory.write(POST, page).new == 1
    assert memory.write(POST, page).unchanged == 1
    row = memory.rows(POST).iloc[0]
    assert (row["item"], row["text"], row["url"]) == ("größe \N{ROCKET}", "ab \ufffd", None)
    assert (row["author_created"], row["likes"]) == (T0 - 5, 2**53 - 1)
    assert np.isnan(row["replies"])
    assert memory.rows(POST).dtypes["event_time"] == np.int64


def test_numbers_are_stored_as_numbers(memory):
    memory.write(RATIO, ratios(0))
    on_sqlite = memory.engine.dialect.name == "sqlite"
    typeof = "typeof" if on_sqlite else "pg_typeof"
    query = f"SELECT {typeof}(event_time), {typeof}(known_at), {typeof}(long_side) FROM ratios"
    whole, real = ("integer", "real") if on_sqlite else ("bigint", "double precision")
    with memory.engine.connect() as connection:
        assert connection.exec_driver_sql(query).one() == (whole, whole, real)


def test_a_page_is_stored_without_what_it_cannot_say(memory):
    page = pd.concat([ratios(5, 0, 5), ratios(10, long=np.inf), ratios(10**6)])
    written = memory.write(RATIO, page)
    assert written == Written(2, refused={"long_side is not finite": 1, "not over yet": 1})
    assert memory.rows(RATIO)["event_time"].tolist() == [T0, T0 + 5 * MINUTE]


@pytest.mark.parametrize("page", [ratios(), ratios(10**6)])
def test_a_page_without_facts_makes_no_series(memory, page):
    assert memory.write(RATIO, page).new == 0
    assert memory.series() == []
    assert memory.forget(RATIO, NOW) == 0
    assert memory.series() == []


def test_windows_are_half_open(memory):
    memory.write(RATIO, ratios(0, 5, 10))
    found = memory.rows(RATIO, ["short_side"], T0, T0 + 10 * MINUTE)
    assert list(found.columns) == ["event_time", "known_at", "short_side"]
    assert found["event_time"].tolist() == [T0, T0 + 5 * MINUTE]
    assert memory.rows(Series("ratios", "okx", PAIR, "taker")).empty


def test_the_newest_fact_known_at_a_time(memory):
    memory.write(RATIO, ratios(0, 5, 10))
    known = T0 + (5 + 5 + 1) * MINUTE  # of the fact at 5: its period and the lag of a minute
    assert memory.newest(RATIO, known) == T0 + 5 * MINUTE
    assert memory.newest(RATIO, known - 1) == T0
    assert memory.newest(RATIO, T0) is None
    assert memory.newest(NEWS, NOW) is None


def test_extents_tell_facts_from_revisions(memory):
    memory.write(RATIO, ratios(0, 5))
    memory.clock.now += 7
    assert memory.write(RATIO, ratios(5, long=2.0)).revised == 1
    memory.write(NEWS, pd.DataFrame([{"event_time": T0, "item": "a", "title": "t"}]))
    found = {extent.series: extent for extent in memory.extents()}
    extent = found[RATIO]
    assert (extent.first, extent.last) == (T0, T0 + 5 * MINUTE)
    assert (extent.facts, extent.rows, extent.collected_at) == (2, 3, NOW + 7)
    assert memory.extent(RATIO) == extent
    assert found.keys() == {RATIO, NEWS}
    assert memory.extent(Series("funding", "okx")) is None


def test_forgetting_takes_what_is_older(memory):
    memory.write(RATIO, ratios(0, 5, 10))
    assert memory.forget(RATIO, T0 + 10 * MINUTE) == 2
    assert memory.rows(RATIO)["event_time"].tolist() == [T0 + 10 * MINUTE]


def test_more_items_than_one_query_asks_for(memory):
    rows = pd.DataFrame({"event_time": T0, "item": [str(n) for n in range(1200)], "title": "t"})
    assert memory.write(NEWS, rows).new == 1200
    rows.loc[700, "title"] = "corrected"
    assert memory.write(NEWS, rows.sample(frac=1, random_state=1)) == Written(0, 1, 1199)


def test_an_unknown_kind_names_the_nearest():
    with empty_memory(NOW) as memory:
        wrong = Series("ratio", "binance", PAIR)
        with pytest.raises(StoreError, match='no kind of fact "ratio"; did you mean "ratios"'):
            memory.write(wrong, ratios(0))
        with pytest.raises(StoreError, match="known: ratios, funding"):
            memory.rows(Series("xyz", "binance"))


def disk_full(dialect, when):
    """Make the database refuse some rows, after it has taken others."""
    if dialect == "sqlite":
        yield (
            f"CREATE TRIGGER no_room BEFORE INSERT ON ratios WHEN {when} "
            "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    else:
        yield (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'disk full'; END $$"
        )
        yield (
            f"CREATE TRIGGER no_room BEFORE INSERT ON ratios FOR EACH ROW WHEN ({when}) "
            "EXECUTE FUNCTION refuse()"
        )


def test_a_batch_that_cannot_be_written_leaves_nothing(memory):
    memory.write(RATIO, ratios(0))
    last = f"NEW.event_time >= {T0 + 10 * MINUTE}"
    with memory.engine.begin() as connection:
        for statement in disk_full(memory.engine.dialect.name, last):
            connection.exec_driver_sql(statement)
    with pytest.raises(Exception, match="disk full"):
        memory.write(RATIO, ratios(5, 10))
    assert memory.rows(RATIO)["event_time"].tolist() == [T0]


def test_threads_write_the_same_pages_once_each(memory):
    pages = [ratios(*range(at, at + 50, 5)) for at in range(0, 500, 25)]

    def collect(_):
        return sum(memory.write(RATIO, page).new for page in pages)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(collect, range(4))) == len(memory.rows(RATIO)) == 105
    assert memory.extent(RATIO).rows == 105


def test_a_database_put_back_under_a_running_memory_is_not_mixed_up(tmp_path):
    """A restored file numbers its series otherwise; rows must still go where they belong."""
    first, second = tmp_path / "first.sqlite", tmp_path / "second.sqlite"
    other = Series("ratios", "okx", PAIR, "taker", 5 * MINUTE)
    with Memory(f"sqlite:///{second}", clock=Clock(NOW)) as memory:
        memory.write(other, ratios(0))
    with Memory(f"sqlite:///{first}", clock=Clock(NOW)) as memory:
        memory.write(RATIO, ratios(0))
        memory.close()
        first.unlink()
        shutil.copy(second, first)
        assert memory.rows(RATIO).empty
        memory.write(RATIO, ratios(5))
        assert memory.rows(other)["event_time"].tolist() == [T0]
        assert memory.rows(RATIO)["event_time"].tolist() == [T0 + 5 * MINUTE]
