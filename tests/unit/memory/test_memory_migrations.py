"""Schema versions: empty and older databases are brought up, newer ones refused, files intact."""

import logging
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, inspect
from support.memory_writers import PROCESSES, all_succeed, batch, migrate, opened, points

from hydra_quant.memory import Memory, StoreError
from hydra_quant.memory.engine import open_engine, parse_url
from hydra_quant.memory.kinds import METADATA
from hydra_quant.memory.migrations import HEAD, SCRIPTS, VERSION_TABLE, bring_up, revision_of

NEXT = '''
"""A version that does not exist yet."""
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("open_interest", sa.Column("margin", sa.Float))
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))
    op.get_bind().exec_driver_sql("UPDATE open_interest SET margin = contracts / 2")
'''


@pytest.fixture
def scripts(tmp_path):
    """The migrations, and one more."""
    folder = tmp_path / "100% migrations"
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions/v0002_next.py").write_text(NEXT)
    return folder


@pytest.fixture
def engine(memory_url):
    found = open_engine(memory_url)
    yield found
    found.dispose()


def stored_version(engine):
    with engine.connect() as connection:
        return revision_of(connection)


# --- the newest version is the declared schema ---------------------------------------------------


def differences(engine, metadata):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return compare_metadata(context, metadata)


def shape(engine):
    """Everything about the tables, keys and indexes that the database itself tells."""
    tables = inspect(engine)
    kinds = ("columns", "pk_constraint", "foreign_keys", "indexes", "unique_constraints")
    return {
        (name, kind): str(getattr(tables, f"get_{kind}")(name))
        for name in tables.get_table_names()
        for kind in kinds
        if name != VERSION_TABLE
    }


def test_the_newest_version_is_what_the_program_declares(engine, memory_url, tmp_path, request):
    assert differences(engine, METADATA) == []
    if engine.dialect.name == "sqlite":
        direct = create_engine(f"sqlite:///{tmp_path / 'direct.sqlite'}")
    else:
        url = request.getfixturevalue("postgres").new_database()
        direct = create_engine(parse_url(url))
    METADATA.create_all(direct)
    assert shape(engine) == shape(direct)
    if engine.dialect.name == "sqlite":  # to the letter, WITHOUT ROWID too
        assert statements(engine) == statements(direct)
    direct.dispose()


def statements(engine):
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    with engine.connect() as connection:
        found = dict(tuple(row) for row in connection.exec_driver_sql(query))
    return {name: sql for name, sql in found.items() if name != VERSION_TABLE}


def test_a_column_that_no_migration_makes_would_be_seen(engine):
    changed = MetaData()
    for table in METADATA.sorted_tables:
        table.to_metadata(changed)
    changed.remove(changed.tables["funding"])
    names = [difference[0] for difference in differences(engine, changed)]
    assert names == ["remove_table"]


def test_the_version_that_is_recognised_is_the_newest_there_is():
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


# --- empty and older databases -------------------------------------------------------------------


def test_an_empty_database_is_made_at_the_newest_version(engine):
    assert stored_version(engine) == HEAD
    assert set(inspect(engine).get_table_names()) == {*METADATA.tables, VERSION_TABLE}


def test_an_older_database_is_migrated_with_what_it_holds(memory_url, scripts):
    with opened(memory_url) as memory:
        memory.write(points(), batch(3, 5))
        bring_up(memory.engine, "it", scripts, "0002")
        assert stored_version(memory.engine) == "0002"
        with memory.engine.connect() as connection:
            query = "SELECT count(*), sum(margin) FROM open_interest WHERE contracts = 3"
            assert tuple(connection.exec_driver_sql(query).one()) == (5, 7.5)


def test_several_that_open_an_older_database_migrate_it_once(engine, memory_url, scripts):
    """Each step of the next version would fail if it was done twice."""
    together = PROCESSES.Barrier(3)
    assert all_succeed(migrate, [(memory_url, scripts, "0002", together)] * 3)
    assert stored_version(engine) == "0002"


def test_threads_migrate_one_after_the_other(memory_url, scripts):
    engines = [open_engine(memory_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: bring_up(each, "it", scripts, "0002"), engines))
    assert [stored_version(each) for each in engines] == ["0002"] * 4
    for each in engines:
        each.dispose()


def test_a_migration_that_fails_leaves_what_was_there(memory_url, scripts):
    broken = scripts / "versions/v0002_next.py"
    broken.write_text(NEXT + '    raise RuntimeError("no power")\n')
    with opened(memory_url) as memory:
        memory.write(points(), batch(0, 5))
        before = shape(memory.engine)
        with pytest.raises(RuntimeError, match="no power"):
            bring_up(memory.engine, "it", scripts, "0002")
        assert stored_version(memory.engine) == HEAD
        assert shape(memory.engine) == before
        assert len(memory.rows(points())) == 5
        broken.write_text(NEXT)
        bring_up(memory.engine, "it", scripts, "0002")
        assert stored_version(memory.engine) == "0002"


# --- newer and foreign databases -----------------------------------------------------------------


def test_a_database_of_a_newer_version_is_refused(memory_url, scripts):
    engine = open_engine(memory_url)
    bring_up(engine, "it", scripts, "0002")
    engine.dispose()
    with pytest.raises(StoreError) as error:
        open_engine(memory_url)
    assert str(error.value).endswith(
        f"was written by a newer HYDRA (its schema is 0002, this version knows up to {HEAD}): "
        "upgrade HYDRA"
    )


def test_a_file_of_a_newer_version_stays_as_it_is(tmp_path, scripts):
    file = tmp_path / "m.sqlite"
    engine = open_engine(f"sqlite:///{file}")
    bring_up(engine, "it", scripts, "0002")
    engine.dispose()
    before = file.read_bytes()
    with pytest.raises(StoreError, match="upgrade HYDRA"):
        open_engine(f"sqlite:///{file}")
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.glob("m.*")] == ["m.sqlite"]


def test_a_shared_server_keeps_the_tables_of_others(postgres_url):
    other = create_engine(parse_url(postgres_url))
    with other.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num text)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('theirs')")
    open_engine(postgres_url).dispose()
    with other.begin() as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    other.dispose()
    assert found == "theirs"


def test_a_table_of_another_program_is_not_taken(postgres_url):
    other = create_engine(parse_url(postgres_url))
    with other.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE news (headline text)")
    other.dispose()
    with pytest.raises(StoreError, match=r"is another program's \(it has news\)"):
        open_engine(postgres_url)


# --- quiet ---------------------------------------------------------------------------------------


def test_making_a_database_says_nothing_and_leaves_logging_alone(memory_url, caplog):
    loggers = [logging.getLogger(name) for name in (None, "alembic", "sqlalchemy", "hydra_quant")]
    caplog.set_level(logging.INFO)

    def state():
        return [(each.level, each.disabled, list(each.handlers)) for each in loggers]

    before = state()
    Memory(memory_url).close()
    assert state() == before
    said = [record.getMessage() for record in caplog.records]
    no_hypertables = "the memory keeps plain tables: the server has no TimescaleDB"
    assert said == ([] if memory_url.startswith("sqlite") else [no_hypertables])


def test_an_empty_file_is_an_empty_database(tmp_path):
    file = tmp_path / "m.sqlite"
    file.touch()
    open_engine(f"sqlite:///{file}").dispose()
    with closing(sqlite3.connect(file)) as found:
        assert found.execute(f"SELECT * FROM {VERSION_TABLE}").fetchall() == [(HEAD,)]
