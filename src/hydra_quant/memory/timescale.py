"""Hypertables where the TimescaleDB extension is there, plain tables otherwise."""

import logging

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from hydra_quant.memory.errors import StoreError
from hydra_quant.memory.kinds import KINDS, Kind

OLDEST = (2, 13)  # the first with by_range()
INSTALLED = text("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
AVAILABLE = text("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'")

logger = logging.getLogger(__name__)


def use_hypertables(connection: Connection) -> bool:
    """Split the kinds' tables by event time, if this database can; say in the log if it cannot.

    Called inside the transaction that makes or migrates the tables, hence before the first rows. A
    table that is a hypertable already stays as it is. An extension that refuses (a licence, a
    right that is missing) costs nothing but the hypertables.

    Returns
    -------
    Whether the tables are hypertables now.
    """
    why = why_not(connection)
    if why is None:
        why = _split(connection)
    if why is not None:
        logger.info("the memory keeps plain tables: %s", why)
    return why is None


def why_not(connection: Connection) -> str | None:
    """Why this database cannot have hypertables; None when it can."""
    version = connection.execute(INSTALLED).scalar()
    if version is None:
        if connection.execute(AVAILABLE).scalar() is None:
            return "the server has no TimescaleDB"
        return "TimescaleDB is not switched on in this database (CREATE EXTENSION timescaledb)"
    if tuple(int(part) for part in str(version).split("-")[0].split(".")[:2]) < OLDEST:
        return f"TimescaleDB {version} is older than {'.'.join(map(str, OLDEST))}"
    return None


def hypertable_sql(kind: Kind) -> str:
    """The statement that splits a kind's table into chunks of ``chunk_ms`` by its event time.

    For an integer column the interval is in the column's own unit, here milliseconds; the primary
    key holds the column, as it must. No further index is made: the primary key serves. See
    https://www.tigerdata.com/docs/reference/timescaledb/hypertables/create_hypertable
    """
    return (
        f"SELECT create_hypertable('{kind.name}', by_range('event_time', {kind.chunk_ms}::bigint), "
        "create_default_indexes => FALSE, if_not_exists => TRUE, migrate_data => TRUE)"
    )


def _split(connection: Connection) -> str | None:
    there = set(inspect(connection).get_table_names())
    try:
        with connection.begin_nested():
            for kind in KINDS.values():
                if kind.name in there:
                    connection.exec_driver_sql(hypertable_sql(kind))
    except (DBAPIError, StoreError) as error:
        said = error.orig if isinstance(error, DBAPIError) else error
        return f"TimescaleDB refused: {str(said).splitlines()[0]}"
    return None
