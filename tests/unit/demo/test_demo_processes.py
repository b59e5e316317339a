"""Nothing that a demo starts outlives it, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hydra_quant.demo.errors import DemoError, Stopped
from hydra_quant.demo.processes import Children, program

SLEEPER = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
# a command with a worker of its own that refuses to go
FAMILY = f"""
import subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}])
print(worker.pid, flush=True)
time.sleep(60)
"""


def start(children: Children, code: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", code]
    return children.start(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody has reaped yet does not."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def wait_until(condition: Callable[[], bool]) -> bool:
    limit = time.monotonic() + 10
    while not condition() and time.monotonic() < limit:
        time.sleep(0.02)
    return condition()


def test_a_family_ends_with_the_block_even_if_it_refuses() -> None:
    with Children() as children:
        child = start(children, FAMILY)
        assert child.stdout is not None
        worker = int(child.stdout.readline())
        assert alive(worker)
        children.end(child, patience_s=0.3)
        assert not alive(child.pid)
        assert wait_until(lambda: not alive(worker))


def test_an_error_ends_all_children() -> None:
    pids = []

    def fail() -> None:
        with Children() as children:
            pids.extend(start(children, SLEEPER).pid for _ in range(3))
            raise DemoError("no good")

    with pytest.raises(DemoError):
        fail()
    assert len(pids) == 3
    assert not any(alive(pid) for pid in pids)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_children_and_handlers_are_put_back(signum: signal.Signals) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    pids = []

    def interrupted() -> None:
        with Children() as children:
            pids.append(start(children, SLEEPER).pid)
            os.kill(os.getpid(), signum)
            time.sleep(60)

    with pytest.raises(Stopped) as stop:
        interrupted()
    assert stop.value.signum == signum
    assert not alive(pids[0])
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_at_the_birth_of_a_child_waits_until_it_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worst moment: the process exists and nobody has written it down yet."""
    born = []
    real = subprocess.Popen

    def popen(*args: object, **options: object) -> subprocess.Popen[str]:
        child = real(*args, **options)  # type: ignore[call-overload]
        born.append(child.pid)
        os.kill(os.getpid(), signal.SIGINT)
        return child

    monkeypatch.setattr(subprocess, "Popen", popen)

    def interrupted() -> None:
        with Children() as children:
            start(children, SLEEPER)
            time.sleep(60)

    with pytest.raises(Stopped):
        interrupted()
    assert len(born) == 1
    assert not alive(born[0])


def test_a_missing_program_is_one_line_with_a_remedy() -> None:
    with pytest.raises(DemoError, match="make setup") as error:
        program("no-such-program-of-ours")
    assert error.value.status == 2


def test_programs_are_those_of_this_environment() -> None:
    assert Path(program("freqtrade")).parent == Path(sys.executable).parent
