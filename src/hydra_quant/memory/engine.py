"""Opens the database behind the store: SQLite or PostgreSQL, at the schema this version writes."""

import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, ProgrammingError
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from hydra_quant.memory.errors import StoreError
from hydra_quant.memory.migrations import bring_up

logger = logging.getLogger(__name__)

BUSY_WAIT_S = 60
CONNECT_WAIT_S = 10
FILE = "hydra/memory.sqlite"
URL_VARIABLE = "HYDRA_MEMORY_URL"
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
# What helps, by what SQLite says; a server's own lines say it themselves.
REMEDIES = {
    "file is not a database": "name another file",
    "unable to open database file": "check that its folder is there and may be written",
    "attempt to write a readonly database": "check that the file and its folder may be written",
    "database is locked": f"another process has been writing for {BUSY_WAIT_S} s",
    "database or disk is full": "make room",
    "database disk image is malformed": "put a copy back, or collect anew into another file",
}
EXAMPLES = "sqlite:///user_data/hydra/memory.sqlite or postgresql://user@host/database"


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

    A SQLite file is made where there is none (its folder too), kept in WAL mode, and waited for
    a minute while another process writes. A database that is at this version's schema costs two
    small queries; an empty or older one is created or migrated by one process while others wait.

    Parameters
    ----------
    url : str or URL
        ``sqlite:///path`` (relative to the working directory unless the path begins with ``/``),
        ``postgresql://…`` or ``postgres://…``, which are read and written through psycopg 3.

    Raises
    ------
    StoreError
        When the address is none, the database cannot be reached or is not ours, or a newer version
        wrote it. Later, by whatever uses the engine: when the database fails (a full disk, a lost
        server). Always one line, without the password.
    """
    address = parse_url(url)
    is_file = address.get_backend_name() == "sqlite"
    engine = _sqlite(address) if is_file else _postgresql(address)
    event.listen(engine, "handle_error", _in_one_line)
    try:
        bring_up(engine, shown(address))
        if is_file:
            _use_wal(engine, address)
    except BaseException:
        engine.dispose()
        raise
    return engine


def parse_url(url: str | URL) -> URL:
    """Read an address; drivers are the ones that HYDRA comes with.

    Raises
    ------
    StoreError
        When it is no address, or one of a database that HYDRA cannot use.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # the text itself may hold a password
        raise StoreError(f"the memory's address is not one; write it like {EXAMPLES}") from None
    backend = address.get_backend_name()
    if backend not in DRIVERS:
        raise StoreError(f'the memory cannot live in "{backend}"; write {EXAMPLES}')
    if backend == "sqlite" and address.database in (None, "", ":memory:"):
        raise StoreError("the memory needs a file: sqlite:///path/to/memory.sqlite")
    return address.set(drivername=DRIVERS[backend])


def shown(address: URL) -> str:
    """An address as it may be printed: without password and options, which may hold one."""
    return address.set(query={}).render_as_string(hide_password=True)


def _sqlite(address: URL) -> Engine:
    folder = Path(str(address.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the memory's folder {folder} cannot be made: {error.strerror}; name another file"
        ) from None
    engine = create_engine(address, connect_args={"timeout": BUSY_WAIT_S}, pool_timeout=BUSY_WAIT_S)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _postgresql(address: URL) -> Engine:
    wait = {} if "connect_timeout" in address.query else {"connect_timeout": CONNECT_WAIT_S}
    return create_engine(
        address,
        connect_args=wait,
        pool_pre_ping=True,
        pool_timeout=BUSY_WAIT_S,
        # A writer reads after it got its turn: it must see what the one before it committed.
        isolation_level="READ COMMITTED",
    )


def _prepare(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions begin below, with the lock they need
    connection.execute("PRAGMA synchronous = full")
    connection.execute("PRAGMA foreign_keys = on")


def _use_wal(engine: Engine, address: URL) -> None:
    """Let readers read while one writes; the file keeps the mode from then on.

    See https://www.sqlite.org/wal.html
    """
    with engine.connect() as connection:
        own = connection.connection.driver_connection
        if own is not None and _journal(own) != "wal" and _switch(own) != "wal":
            logger.info(
                "%s cannot have a write-ahead log; readers wait for writers", shown(address)
            )


def _is_busy(error: BaseException) -> bool:
    busy = sqlite3.SQLITE_BUSY
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == busy


def _journal(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


# The one lock for which SQLite does not wait by itself.
@retry(
    retry=retry_if_exception(_is_busy),
    stop=stop_after_delay(BUSY_WAIT_S),
    wait=wait_random(0.005, 0.05),
    reraise=True,
)
def _switch(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA journal_mode = wal").fetchone()[0])


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _in_one_line(context: ExceptionContext) -> StoreError | None:
    """What the database says when it fails; mistakes in our own statements stay as they are."""
    error = context.sqlalchemy_exception
    ours = isinstance(error, IntegrityError | ProgrammingError)
    if context.is_pre_ping or not isinstance(error, DBAPIError) or ours:
        return None
    url = context.engine.url if context.engine is not None else None
    where = f" {shown(url)}" if url is not None else ""
    return StoreError(f"the memory{where} fails: {_one_line(context.original_exception)}")


def _one_line(error: BaseException) -> str:
    said = " ".join(str(error).split()) or type(error).__name__
    return f"{said}; {REMEDIES[said]}" if said in REMEDIES else said
