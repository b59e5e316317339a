"""Child processes that never outlive the demo."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

from hydra_quant.demo.errors import DemoError, Stopped

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE_S = 5.0
Child = subprocess.Popen[str]


class Children:
    """Starts processes and ends all of them, whatever happens.

    Each child leads a process group of its own: Ctrl-C reaches the demo alone, which then ends
    every group with all that is in it. Use as a context manager, in the main thread.

    Notes
    -----
    A signal that arrives between the birth of a child and its entry into the list is held back for
    that moment; otherwise the child could be forgotten.
    """

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._before: dict[int, Any] = {}
        self._holding = False
        self._pending: int | None = None

    def __enter__(self) -> "Children":
        for signum in SIGNALS:
            self._before[signum] = signal.signal(signum, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        # A second Ctrl-C must not cut the clean-up short; it takes seconds at most.
        for signum in SIGNALS:
            signal.signal(signum, signal.SIG_IGN)
        self.end_all()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(
        self,
        argv: Sequence[str],
        *,
        stdout: int | IO[str],
        stderr: int | IO[str],
        env: Mapping[str, str] | None = None,
    ) -> Child:
        """Start a program of this environment.

        Parameters
        ----------
        argv : as typed; ``freqtrade`` and ``hydra-quant`` are those beside the running Python
        stdout, stderr : as for ``subprocess.Popen``; text, line by line
        env : additions to the environment

        Raises
        ------
        DemoError
            When the program is not installed.
        """
        with self._held_back():
            child = subprocess.Popen(
                [program(argv[0]), *argv[1:]],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
            self._children.append(child)
        return child

    def end_all(self) -> None:
        """End every child that is still known, the youngest first."""
        for child in reversed(list(self._children)):
            self.end(child)

    def end(self, child: Child, patience_s: float = PATIENCE_S) -> None:
        """End a child and all it started: politely, then by force. Ended children are no error."""
        _signal_group(child, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(patience_s)
        limit = time.monotonic() + patience_s
        while _group_lives(child) and time.monotonic() < limit and child.returncode is not None:
            time.sleep(0.05)
        _signal_group(child, signal.SIGKILL)
        child.wait()
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                stream.close()
        self._children.remove(child)

    @contextmanager
    def _held_back(self) -> Iterator[None]:
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        if self._pending is not None:
            raise Stopped(self._pending)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if self._holding:
            self._pending = number
        else:
            raise Stopped(number)


def program(name: str) -> str:
    """Path of a program beside the running Python (else on the search path).

    Raises
    ------
    DemoError
        When there is none.
    """
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise DemoError(f"{name}: not installed beside {sys.executable}; run make setup", 2)
    return found


def _signal_group(child: Child, number: signal.Signals) -> None:
    # The group is named after its leader and lives as long as any member does.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _group_lives(child: Child) -> bool:
    try:
        os.killpg(child.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
