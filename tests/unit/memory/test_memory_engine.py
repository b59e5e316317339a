"""Opening: which database is meant, how it is set up, and what is said when it cannot be opened."""

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError

from hydra_quant.memory import Memory, StoreError
from hydra_quant.memory.engine import open_engine, parse_url, resolve_url, shown

NOBODY = 65534


# --- the address ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "configured", "meant"),
    [
        ({"HYDRA_MEMORY_URL": "postgres://e/d"}, "sqlite:///c", "postgres://e/d"),
        ({}, "sqlite:///c", "sqlite:///c"),
        ({"HYDRA_MEMORY_URL": ""}, None, "sqlite:///ud/hydra/memory.sqlite"),
    ],
)
def test_the_environment_counts_most_and_the_user_directory_least(environ, configured, meant):
    assert resolve_url(configured, Path("ud"), environ) == meant


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgres://u@h/d", "postgresql+psycopg"),
        ("postgresql://u@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg2://u@h/d", "postgresql+psycopg"),
        ("sqlite:///a.sqlite", "sqlite"),
    ],
)
def test_drivers_are_the_ones_that_are_installed(url, driver):
    assert parse_url(url).drivername == driver


def test_a_relative_file_lies_in_the_working_directory_of_the_opening(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    engine = open_engine("sqlite:///some/folder/m.sqlite")
    engine.dispose()
    monkeypatch.chdir("elsewhere")
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM news")
    engine.dispose()
    assert (tmp_path / "some/folder/m.sqlite").exists()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_neither_password_nor_options_are_shown():
    address = parse_url("postgresql://me:hush@host:5/db?password=hush&sslmode=require")
    assert shown(address) == "postgresql+psycopg://me:***@host:5/db"


# --- what is said --------------------------------------------------------------------------------


def refusal(url):
    """What is said about an address that cannot be opened: one line, without the password."""
    with pytest.raises(StoreError) as error:
        open_engine(url)
    said = str(error.value)
    assert "\n" not in said
    assert "hush" not in said
    return said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("hush", "address is not one; write it like sqlite:///"),
        ("postgresql://u:hush@h:port/d", "address is not one; write it like sqlite:///"),
        ("", "address is not one"),
        ("mysql://u:hush@h/d", 'cannot live in "mysql"; write sqlite:///'),
        ("sqlite://", "needs a file: sqlite:///path/to/memory.sqlite"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite:////dev/null/m.sqlite", "folder /dev/null cannot be made: File exists"),
        ("sqlite:////dev/null/a/m.sqlite", "folder /dev/null/a cannot be made: Not a directory"),
        ("postgresql://u:hush@/d?host=/nowhere&password=hush", "fails: connection"),
    ],
)
def test_an_address_that_cannot_be_used(url, said):
    assert said in refusal(url)


def test_a_server_that_is_not_there():
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        said = refusal(f"postgresql://me:hush@127.0.0.1:{port}/db")
    assert said.startswith(f"the memory postgresql+psycopg://me:***@127.0.0.1:{port}/db fails: ")
    assert "refused Is the server running" in said


def test_a_database_that_the_server_has_not(postgres):
    said = refusal(postgres.url("nowhere").replace("postgres@", "postgres:hush@"))
    assert 'database "nowhere" does not exist' in said


def test_a_file_that_is_no_database_stays_as_it_is(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("my notes, of which I have no copy\n" * 50)
    assert "fails: file is not a database; name another file" in refusal(f"sqlite:///{file}")
    assert file.read_text() == "my notes, of which I have no copy\n" * 50


def test_a_database_of_another_program_stays_as_it_is(tmp_path):
    file = tmp_path / "tradesv3.sqlite"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE trades (id INTEGER)")
    before = file.read_bytes()
    assert "is another program's (it has trades)" in refusal(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_a_folder_instead_of_a_file(tmp_path):
    assert "unable to open database file; check" in refusal(f"sqlite:///{tmp_path}")


@contextmanager
def someone_without_rights():
    """A folder in which this process may not write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        user = os.geteuid()
        folder.chmod(0o555)
        if user == 0:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(user)
            folder.chmod(0o755)


def test_a_folder_in_which_nothing_may_be_written():
    with someone_without_rights() as folder:
        assert "unable to open database file; check" in refusal(f"sqlite:///{folder}/m.sqlite")
        said = refusal(f"sqlite:///{folder}/new/m.sqlite")
        assert f"folder {folder}/new cannot be made: Permission denied; name another" in said


# --- how it is set up ----------------------------------------------------------------------------


def test_every_connection_to_a_file_is_safe_and_patient(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'm.sqlite'}")
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000}
    with engine.connect() as one, engine.connect() as other:
        for connection in (one, other):
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
            assert found == wanted
    engine.dispose()


def test_a_file_that_lost_its_log_mode_gets_it_back(tmp_path):
    file = tmp_path / "m.sqlite"
    open_engine(f"sqlite:///{file}").dispose()
    with closing(sqlite3.connect(file)) as copy:
        copy.execute("PRAGMA journal_mode = delete")
    open_engine(f"sqlite:///{file}").dispose()
    with closing(sqlite3.connect(file)) as reopened:
        assert reopened.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_log_mode_waits_until_another_writer_is_done(tmp_path):
    """SQLite itself gives up at once here, whatever its busy timeout."""
    file = tmp_path / "m.sqlite"
    open_engine(f"sqlite:///{file}").dispose()
    with ThreadPoolExecutor(1) as pool, closing(sqlite3.connect(file)) as other:
        other.isolation_level = None
        other.execute("PRAGMA journal_mode = delete")
        other.execute("BEGIN IMMEDIATE")
        opening = pool.submit(open_engine, f"sqlite:///{file}")
        wait([opening], 0.2)
        assert not opening.done()
        other.execute("ROLLBACK")
        opening.result(60).dispose()
    with closing(sqlite3.connect(file)) as reopened:
        assert reopened.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_up_to_date_database_opens_with_two_small_queries(memory_url):
    sent = []

    def remember(connection, cursor, statement, *rest):
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", remember)
    try:
        Memory(memory_url).close()
        created, sent[:] = list(sent), []
        Memory(memory_url).close()
    finally:
        event.remove(Engine, "before_cursor_execute", remember)
    driver = "select pg_catalog.version()", "select current_schema()", "show standard_conforming"
    ours = [statement for statement in sent if not statement.startswith(("BEGIN", *driver))]
    assert len(ours) == 2, ours
    assert len(created) > 20


def test_an_up_to_date_database_opens_without_the_migration_tool(tmp_path):
    url = f"sqlite:///{tmp_path / 'm.sqlite'}"
    program = (
        "import sys; from hydra_quant.memory import Memory; Memory(sys.argv[1]).close(); "
        "print('alembic' in sys.modules)"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program, url], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["True", "False"]


def test_a_failing_database_is_one_line_and_our_mistakes_are_not_hidden(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'm.sqlite'}")
    fails = r"^the memory sqlite:////.*m\.sqlite fails: no such table: nowhere$"
    with engine.connect() as connection, pytest.raises(StoreError, match=fails):
        connection.exec_driver_sql("SELECT * FROM nowhere")
    wrong = "INSERT INTO funding (series_id, event_time, known_at, collected_at) VALUES (9,1,1,1)"
    with engine.begin() as connection, pytest.raises(IntegrityError, match="FOREIGN KEY"):
        connection.exec_driver_sql(wrong)
    engine.dispose()
