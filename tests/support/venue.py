"""A venue in a process of its own, for contract tests: started, waited for, always stopped."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any

import httpx
from support import warm
from support.environment import environment

from hydra_quant.sandbox.venue.overlay import freqtrade_overlay

COMMAND = (sys.executable, "-m", "hydra_quant.sandbox.venue.command")
READY = "venue ready on "
START_WAIT_S = 120.0
STOP_WAIT_S = 10.0


@dataclass(frozen=True)
class RunningVenue:
    """A venue that answers.

    Attributes
    ----------
    url : base address, ``http://127.0.0.1:PORT``
    port : where it listens
    ready : its readiness line
    control : client of the control endpoints and of everything else, with `url` as base
    """

    url: str
    port: int
    ready: str
    control: httpx.Client

    def status(self) -> dict[str, Any]:
        """``/_venue/status``."""
        return self.get("/_venue/status")

    def get(self, path: str, **params: Any) -> Any:
        """The decoded answer of a GET; an HTTP error raises."""
        return self.control.get(path, params=params).raise_for_status().json()

    def clock(self, **order: Any) -> dict[str, Any]:
        """Move the clock: ``freeze=``, ``run_from=`` or ``advance_ms=``."""
        return self.control.post("/_venue/clock", json=order).raise_for_status().json()

    def faults(self, *faults: str, **options: Any) -> Any:
        """Put these faults in force instead of the present ones; none clears them."""
        order = {"faults": list(faults), **options}
        return self.control.post("/_venue/faults", json=order).raise_for_status().json()

    def write_overlay(self, path: Path) -> Path:
        """Write freqtrade's overlay for this venue."""
        path.write_text(json.dumps(freqtrade_overlay(self.port), indent=2))
        return path


@contextmanager
def venue(*arguments: str) -> Iterator[RunningVenue]:
    """Run ``hydra-quant venue`` with these arguments on a free port.

    Parameters
    ----------
    *arguments : str
        As on the command line, without ``--port``.

    Raises
    ------
    RuntimeError
        With what the venue printed, if it does not become ready.
    """
    process, said = _start_warm(*arguments)
    try:
        ready = _wait_ready(process, said)
        url = ready.removeprefix(READY).split()[0]
        with httpx.Client(base_url=url, timeout=60) as control:
            yield RunningVenue(url, int(url.rsplit(":", 1)[1]), ready, control)
    finally:
        stop(process)
        said.close()


def _start_warm(*arguments: str) -> tuple[warm.Process, IO[str]]:
    """The venue's process, and what it says and why it ends, to read line by line."""
    read, write = os.pipe()
    with open(write, "w") as out:
        words = [*COMMAND, "--port", "0", *arguments]
        process = warm.start(words, cwd=Path.cwd(), env=environment(), stdout=out, stderr=out)
    return process, open(read)


def start(*arguments: str, port: int = 0) -> subprocess.Popen[str]:
    """Start the venue's process without waiting for it; stop it with `stop`."""
    return subprocess.Popen(
        [*COMMAND, "--port", str(port), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def stop(process: warm.Process | subprocess.Popen[str]) -> int:
    """End the process, by force if need be, and close its pipes; its exit status."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if isinstance(process, subprocess.Popen):
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    assert process.returncode is not None
    return process.returncode


def _wait_ready(process: warm.Process | subprocess.Popen[str], said: IO[str]) -> str:
    lines: Queue[str] = Queue()
    # readline blocks without a limit; a helper thread turns it into a wait that ends
    Thread(target=lambda: lines.put(said.readline()), daemon=True).start()
    try:
        line = lines.get(timeout=START_WAIT_S).strip()
    except Empty:
        raise RuntimeError(f"venue not ready within {START_WAIT_S:g} s") from None
    if not line.startswith(READY):
        process.kill()  # it may go on; what it says ends with it
        raise RuntimeError(f"venue did not start: {line} {said.read().strip()}")
    return line
