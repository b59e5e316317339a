"""Commands that start warm: each is a fresh process, forked from one that has the imports done.

Importing freqtrade, torch and LightGBM takes a processor about four seconds, and the tests run
some hundred commands. `run` and `start` are used like those of `subprocess`; the process they give
is a copy of a parent that has imported and done nothing else (see `support.warm_parent`), so that
commands share nothing but that, and the seed of Python's hashes: what must come out the same in
any process is started with `COLD`. So is what differs in a variable that may be read on import.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from select import select
from tempfile import TemporaryFile
from typing import IO, Any

from support.environment import environment

PARENT = Path(__file__).with_name("warm_parent.py")
# Additions to an environment, a test's or a whole run's: commands get an interpreter of their own.
COLD = {"TESTS_START_COLD": "1"}
# Read when they are needed; any other variable may be read on import.
LATE = ("HYDRA_", "FREQTRADE__", "PYTEST_", "PYTHONPATH", "PYTHONUNBUFFERED", "OMP_WAIT_POLICY")
BIRTH_WAIT_S = 120


class Refused(RuntimeError):
    """The warm parent does not fork: it is no longer alone in its process."""


class Process:
    """What `subprocess.Popen` is for other commands; its output goes to files.

    Attributes
    ----------
    pid : the command's own
    returncode : None while it runs; negative: the signal that ended it
    """

    def __init__(self, args: Sequence[str], told: int) -> None:
        self.args, self._told, self._heard = args, told, b""
        self.returncode: int | None = None
        word, value = self._line(BIRTH_WAIT_S) or ("did not start a command within", BIRTH_WAIT_S)
        if word == "refused:":
            os.close(told)
            raise Refused(f"the warm parent {word} {value}")
        if word != "born":
            raise RuntimeError(f"the warm parent {word} {value}")
        self.pid = int(value)

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status; TimeoutExpired if it still runs after `timeout` seconds."""
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and (found := self._line(timeout)):
            self.returncode = int(found[1])
            os.close(self._told)
        return self.returncode

    def _line(self, timeout: float | None) -> tuple[str, str] | None:
        """The next line of the minder's; None if there is none in time."""
        while b"\n" not in self._heard:
            if not select([self._told], [], [], timeout)[0]:
                return None
            heard = os.read(self._told, 4096)
            if not heard:
                raise RuntimeError(f"the minder of {self.args} is gone")
            self._heard += heard
        line, self._heard = self._heard.split(b"\n", 1)
        word, value = line.decode().split(" ", 1)
        return word, value


@dataclass(frozen=True)
class Parent:
    """A warm parent that takes orders.

    Attributes
    ----------
    process, connection : the parent, and the way to it
    env : what its environment is, of what may be read on import
    """

    process: subprocess.Popen[bytes]
    connection: socket.socket
    env: dict[str, str]

    @classmethod
    def begin(cls, env: Mapping[str, str]) -> "Parent":
        """Start one; it imports while the test goes on, until the first order waits for it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        early = read_on_import(env)
        # Arrow's allocator would keep a thread of its own, and a fork copies only one
        alone = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
        with theirs:
            process = subprocess.Popen(
                [sys.executable, str(PARENT), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env=early | alone,
            )
        parent = cls(process, ours, early)
        atexit.register(parent.end)
        return parent

    def order(
        self, words: Sequence[str], cwd: str, env: Mapping[str, str], out: int, err: int
    ) -> Process:
        """Have a command started."""
        told, tell = os.pipe()
        message = json.dumps({"words": list(words), "cwd": cwd, "env": dict(env)}).encode()
        try:
            socket.send_fds(self.connection, [message], [out, err, tell])
        finally:
            os.close(tell)
        return Process(words, told)

    def end(self) -> None:
        """Let it go: it ends when nobody can send orders."""
        self.connection.close()
        self.process.wait()


@cache
def _parent() -> Parent:
    """This test process's own."""
    return Parent.begin(environment())


def read_on_import(env: Mapping[str, str]) -> dict[str, str]:
    """Those variables that must be the parent's own."""
    return {name: value for name, value in env.items() if not name.startswith(LATE)}


def words_of(argv: Sequence[str]) -> list[str] | None:
    """What follows ``python`` in a command line; None if it has options or is no Python script.

    The project's console commands are Python scripts that lie beside the interpreter.
    """
    program, *words = map(str, argv)
    if program == sys.executable:
        return words if words[0] in ("-m", "-c") or not words[0].startswith("-") else None
    return [program, *words] if Path(program).parent == Path(sys.executable).parent else None


def start(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdout: IO[Any], stderr: IO[Any]
) -> "Process | subprocess.Popen[bytes]":
    """Start a command; as `subprocess.Popen`, with open files for its output.

    Where a library starts threads on import, the parent refuses and commands start cold: slower.
    """
    words, parent = words_of(argv), _parent()
    if words is not None and not COLD.keys() & env.keys() and read_on_import(env) == parent.env:
        with suppress(Refused):
            return parent.order(words, str(cwd), env, stdout.fileno(), stderr.fileno())
    return subprocess.Popen(argv, cwd=cwd, env=env, stdout=stdout, stderr=stderr)


def run(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float, joined: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; as `subprocess.run` with its output captured as text.

    Parameters
    ----------
    joined : whether standard error goes where standard output goes

    Raises
    ------
    subprocess.TimeoutExpired
        With what it said, when it was killed after `timeout` seconds.
    """
    with TemporaryFile() as out, TemporaryFile() as err:
        process = start(argv, cwd=cwd, env=env, stdout=out, stderr=out if joined else err)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise subprocess.TimeoutExpired(argv, timeout, _read(out), _read(err)) from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return subprocess.CompletedProcess(argv, process.returncode, _read(out), _read(err))


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")
