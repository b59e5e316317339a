"""The schema's versions: an empty or older database is brought up, a newer one is refused.

Written with Alembic (https://alembic.sqlalchemy.org): one file a version in `versions`, none of
which is edited once it was released. A database that is up to date is recognised without Alembic.

To change the schema: declare it in `hydra_quant.memory.kinds`, add ``versions/v0002_what.py`` with
its ``upgrade()`` and set `HEAD` to its revision. A test compares what the migrations make with what
is declared, on both databases.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import Connection

from hydra_quant.memory.errors import StoreError
from hydra_quant.memory.kinds import METADATA

HEAD = "0001"
VERSION_TABLE = "memory_version"  # not Alembic's usual name, which a shared server may hold already
SCRIPTS = Path(__file__).parent
LOCK = text("SELECT pg_advisory_xact_lock(hashtext('hydra memory schema'))")

_one_at_a_time = Lock()  # Alembic's current context is one for the whole process


def bring_up(engine: Engine, name: str, scripts: Path = SCRIPTS, head: str = HEAD) -> None:
    """Bring a database to the newest schema; nothing happens to one that is there.

    All of it happens in one transaction that holds the schema's lock, so that a migration that
    fails leaves what was there, and of two processes the second finds it done.

    Parameters
    ----------
    engine : Engine
    name : the database's address, as it may be shown
    scripts : folder of the migrations
    head : the newest one

    Raises
    ------
    StoreError
        When a newer version wrote it, or it belongs to another program.
    """
    with engine.connect() as connection:
        if revision_of(connection) == head:
            return
    with (
        _one_at_a_time,
        engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        if connection.dialect.name == "postgresql":
            connection.execute(LOCK)
        found = revision_of(connection)
        if found is None:
            _require_room(connection, name)
        if found != head:
            _migrate(connection, name, scripts, found, head)


def revision_of(connection: Connection) -> str | None:
    """The schema's version in a database; None where HYDRA never wrote."""
    # Not to_regclass(): after a wait for the lock it may still answer from before.
    there = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = :name"
    if connection.dialect.name == "sqlite":
        there = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name"
    if connection.execute(text(there), {"name": VERSION_TABLE}).scalar() is None:
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if found is None else str(found)


def _require_room(connection: Connection, name: str) -> None:
    """Refuse a database whose tables are another program's."""
    there = set(inspect(connection).get_table_names()) - {VERSION_TABLE}
    # A file belongs to one program; a server's database may be shared, if no name is taken.
    foreign = there if connection.dialect.name == "sqlite" else there & METADATA.tables.keys()
    if foreign:
        tables = ", ".join(sorted(foreign)[:3])
        raise StoreError(f"{name} is another program's (it has {tables}): name one for the memory")


def _migrate(
    connection: Connection, name: str, scripts: Path, found: str | None, head: str
) -> None:
    with _quiet_alembic():
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        config.attributes["connection"] = connection
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found is not None and found not in known:
            raise StoreError(
                f"{name} was written by a newer HYDRA (its schema is {found}, this version knows "
                f"up to {head}): upgrade HYDRA"
            )
        command.upgrade(config, head)
    if connection.dialect.name == "postgresql":
        from hydra_quant.memory.timescale import use_hypertables

        use_hypertables(connection)


@contextmanager
def _quiet_alembic() -> Iterator[None]:
    """Alembic tells at INFO what it does at every step; nobody asked."""
    logger = logging.getLogger("alembic")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
