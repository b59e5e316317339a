"""PostgreSQL itself: the test server, lost connections, turns of writers, TimescaleDB.

The store's contract runs on it in test_memory_store.py, by the fixture `memory_url`. TimescaleDB is
not among what these tests can install: what would be sent to it is checked against functions of the
documented signature, and has not run against the extension itself.
"""

import logging
import re
import threading

import psycopg
import pytest
from support.memory_writers import batch, opened, points, sizes
from support.postgres import running_server, why_not

from hydra_quant.memory import timescale
from hydra_quant.memory.engine import open_engine, parse_url
from hydra_quant.memory.kinds import KINDS
from hydra_quant.memory.timescale import hypertable_sql, use_hypertables

# https://www.tigerdata.com/docs/reference/timescaledb/hypertables/create_hypertable: the arguments
# and their types; each call is noted instead of done.
TIMESCALE = """
CREATE TABLE calls (relation regclass, of_column name, width bigint, indexes bool, again bool,
    move bool);
CREATE TYPE dimension_info AS (of_column name, width bigint);
CREATE FUNCTION by_range(column_name name, partition_interval anyelement DEFAULT NULL::bigint,
    partition_func regproc DEFAULT NULL) RETURNS dimension_info
    LANGUAGE sql AS $$ SELECT ROW(column_name, partition_interval)::dimension_info $$;
CREATE FUNCTION create_hypertable(relation regclass, dimension dimension_info,
    create_default_indexes boolean DEFAULT true, if_not_exists boolean DEFAULT false,
    migrate_data boolean DEFAULT false) RETURNS void LANGUAGE sql AS $$ INSERT INTO calls VALUES
    (relation, dimension.of_column, dimension.width, create_default_indexes, if_not_exists,
    migrate_data) $$;
"""


def test_the_server_of_the_tests_is_gone_when_they_are_done():
    if (why := why_not()) is not None:
        pytest.skip(why)
    with running_server() as server:
        url = server.new_database()
        psycopg.connect(url).close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)


def test_a_lost_connection_is_replaced_before_the_next_batch(postgres, postgres_url):
    with opened(postgres_url) as memory:
        memory.write(points(), batch(0, 5))
        lost = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
        postgres.execute(lost.format(parse_url(postgres_url).database))
        memory.write(points(), batch(1, 5))
        assert sizes(memory) == {0.0: 5, 1.0: 5}


def test_a_writer_that_waited_sees_what_the_one_before_it_wrote(postgres_url):
    """Even where the server's default would show every transaction the past."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = parse_url(postgres_url).database
        connection.execute(
            f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"
        )
    with opened(postgres_url) as one, opened(postgres_url) as other:
        done = []
        one.write(points(), batch(0, 5))
        with one._turn(points()) as connection:
            waiting = threading.Thread(
                target=lambda: done.append(other.write(points(), batch(1, 5)))
            )
            waiting.start()
            waiting.join(0.3)
            assert not done
            connection.exec_driver_sql("UPDATE open_interest SET contracts = 7")
            moved = "INSERT INTO open_interest SELECT series_id, event_time + 300000, known_at,"
            connection.exec_driver_sql(f"{moved} collected_at, 1, NULL FROM open_interest")
        waiting.join(60)
        assert (done[0].new, done[0].unchanged) == (0, 5)


# --- TimescaleDB ---------------------------------------------------------------------------------


@pytest.fixture
def plain(postgres_url):
    """An engine on a database with the tables."""
    engine = open_engine(postgres_url)
    yield engine
    engine.dispose()


def test_a_server_without_it_keeps_plain_tables_and_says_so_once(postgres_url, caplog):
    caplog.set_level(logging.INFO, logger=timescale.__name__)
    for _ in range(2):
        open_engine(postgres_url).dispose()
    assert [record.getMessage() for record in caplog.records] == [
        "the memory keeps plain tables: the server has no TimescaleDB"
    ]


@pytest.mark.parametrize(
    ("installed", "available", "why"),
    [
        (None, None, "the server has no TimescaleDB"),
        (None, 1, r"not switched on in this database \(CREATE EXTENSION timescaledb\)"),
        ("2.9.1", 1, "2.9.1 is older than 2.13"),
        ("1.7.5", 1, "1.7.5 is older than 2.13"),
    ],
)
def test_it_is_looked_for_in_this_database(plain, monkeypatch, installed, available, why):
    answer(monkeypatch, installed, available)
    with plain.connect() as connection:
        assert re.search(why, timescale.why_not(connection))


@pytest.mark.parametrize("installed", ["2.13.0", "2.14.2-dev", "3.0"])
def test_versions_that_can_split_by_a_range(plain, monkeypatch, installed):
    answer(monkeypatch, installed, 1)
    with plain.connect() as connection:
        assert timescale.why_not(connection) is None


def answer(monkeypatch, installed, available):
    """Ask the real server, but for constants: an extension cannot be made up in its catalogue."""
    for name, value in (("INSTALLED", installed), ("AVAILABLE", available)):
        quoted = "NULL" if value is None else f"'{value}'"
        monkeypatch.setattr(timescale, name, timescale.text(f"SELECT {quoted}"))


def test_the_statement_as_it_is_sent():
    assert hypertable_sql(KINDS["book_snapshots"]) == (
        "SELECT create_hypertable('book_snapshots', by_range('event_time', 3600000::bigint), "
        "create_default_indexes => FALSE, if_not_exists => TRUE, migrate_data => TRUE)"
    )


def test_every_kind_is_split_by_its_time_in_milliseconds(plain, monkeypatch):
    answer(monkeypatch, "2.13.0", 1)
    with plain.begin() as connection:
        connection.exec_driver_sql(TIMESCALE)
        assert use_hypertables(connection)
        calls = connection.exec_driver_sql("SELECT relation::text, * FROM calls").all()
    assert {row[0]: row[3] for row in calls} == {
        name: kind.chunk_ms for name, kind in KINDS.items()
    }
    assert {tuple(row[4:]) for row in calls} == {(False, True, True)}
    assert {row[2] for row in calls} == {"event_time"}


def test_keys_hold_the_time_as_a_hypertable_demands():
    for kind in KINDS.values():
        unique = [kind.table.primary_key, *(index for index in kind.table.indexes if index.unique)]
        assert all("event_time" in each.columns for each in unique), kind.name


def test_an_extension_that_refuses_costs_only_the_hypertables(postgres_url, monkeypatch, caplog):
    """Here it does not even know the function; the tables are there all the same."""
    answer(monkeypatch, "2.13.0", 1)
    caplog.set_level(logging.INFO, logger=timescale.__name__)
    with opened(postgres_url) as memory:
        assert memory.write(points(), batch(0, 5)).new == 5
    (said,) = caplog.messages
    assert said.startswith("the memory keeps plain tables: TimescaleDB refused: ")
    assert "\n" not in said
