"""A real PostgreSQL server for tests: the machine's own, on loopback, in a folder that goes away.

Debian's package lies in /usr/lib/postgresql/VERSION/bin; elsewhere `initdb` on the PATH counts.
Tests that need it are skipped, with the reason, where there is none.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

DEBIAN = Path("/usr/lib/postgresql")
OWNER = "postgres"  # the server refuses to run as root
START_S = 60


def find_programs():
    """The folder of the newest server's programs; None without one."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    anywhere = shutil.which("initdb")
    return found[-1].parent if found else Path(anywhere).resolve().parent if anywhere else None


def why_not():
    """Why this machine has no server for tests; None when it has."""
    if find_programs() is None:
        return "no PostgreSQL server is installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and not (shutil.which("setpriv") and _owner()):
        return f"PostgreSQL does not run as root, and there is no user {OWNER} to run it as"
    return None


def _owner():
    return next((user for user in pwd.getpwall() if user.pw_name == OWNER), None)


def _as_owner():
    """Words before a command: not as root, and not longer than the test process lives."""
    if not shutil.which("setpriv"):
        return []
    user = ["--reuid", OWNER, "--regid", OWNER, "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *user, "--pdeathsig", "INT", "--"]


class Server:
    """A running server; `new_database` makes an empty database of it and returns its address."""

    def __init__(self, port):
        self.port = port
        self._numbers = count(1)

    def url(self, database):
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement, database="postgres"):
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def new_database(self):
        name = f"memory_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@contextmanager
def running_server():
    """Start a server on a free loopback port; stopped on leaving, whatever happened."""
    programs = find_programs()
    with TemporaryDirectory(prefix="hydra-postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, OWNER)
        data = Path(folder) / "data"
        options = ["--auth", "trust", "--no-locale", "--encoding", "UTF8", "--no-sync"]
        subprocess.run(
            [*_as_owner(), programs / "initdb", "-U", OWNER, "-D", data, *options],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        process, server = _start(programs, Path(folder))
        try:
            yield server
        finally:
            _stop(process)


def _start(programs, folder, attempts=3):
    """Begin to serve; a port that was free may be taken meanwhile, hence the attempts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",  # tests kill writers, never the machine
        "max_connections": 50,
        "shared_buffers": "16MB",
    }
    words = [f"--{name}={value}" for name, value in settings.items()]
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*_as_owner(), programs / "postgres", "-D", folder / "data", *words],
            cwd=folder,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    server = Server(port)
    try:
        if _answers(server, process):
            return process, server
    except BaseException:
        _stop(process)
        raise
    _stop(process)
    if attempts == 1:
        raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
    return _start(programs, folder, attempts - 1)


def _answers(server, process):
    """Whether it serves, once it does or has given up."""
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return process.poll() is None
    return False


def _stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGINT)  # closes its connections, then stops
    process.wait(START_S)


@pytest.fixture(scope="session")
def postgres():
    """The server; one for all tests of a process."""
    if (why := why_not()) is not None:
        pytest.skip(why)
    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres):
    """Address of a new, empty database."""
    return postgres.new_database()


@pytest.fixture(params=["sqlite", "postgres"])
def memory_url(request, tmp_path):
    """Address of an empty database, one of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'memory.sqlite'}"
    return request.getfixturevalue("postgres_url")
