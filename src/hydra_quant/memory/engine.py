"""Opens the database behind the store: SQLite or PostgreSQL, at the schema this version writes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url

from hydra_quant.memory.errors import StoreError
from hydra_quant.memory.kinds import METADATA

BUSY_WAIT_MS = 60_000
FILE = "hydra/memory.sqlite"
URL_VARIABLE = "HYDRA_MEMORY_URL"


def resolve_url(configured: str | None, user_data_dir: Path, environ: Mapping[str, str]) -> str:
    """The address that is meant: the environment's, else the configured one, else the default file.

    Parameters
    ----------
    configured : the value of ``hydra.memory_url``
    user_data_dir : freqtrade's user directory, in which the default file lies
    environ : the environment, in which ``HYDRA_MEMORY_URL`` counts most
    """
    return environ.get(URL_VARIABLE) or configured or f"sqlite:///{user_data_dir / FILE}"


def open_engine(url: str | URL) -> Engine:
    """Connect, and bring the schema to this version's.

    Raises
    ------
    StoreError
        When the address is none, the database cannot be reached, or a newer version wrote it.
    """
    address = make_url(url)
    is_file = address.get_backend_name() == "sqlite"
    engine = _sqlite(address) if is_file else create_engine(address)
    METADATA.create_all(engine)
    return engine


def _sqlite(address: URL) -> Engine:
    if not address.database or address.database == ":memory:":
        raise StoreError("the memory needs a file: sqlite:///path/to/memory.sqlite")
    Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, connect_args={"timeout": BUSY_WAIT_MS / 1000})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions begin below, with the lock they need
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
