"""A warm start is a fresh process: nothing of one command reaches the next, and all of it ends."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support import warm
from support.bundle import ROOT
from support.environment import environment

pytestmark = pytest.mark.contract

THREADED = """
import socket, sys, threading
sys.path.insert(0, sys.argv[2])
from support import warm_parent
threading.Thread(target=threading.Event().wait, daemon=True).start()
warm_parent.orders(socket.socket(fileno=int(sys.argv[1])))
"""

LATE = """
import atexit, threading, time
atexit.register(print, "at its end")
threading.Thread(target=lambda: (time.sleep(0.2), print("in a thread"))).start()
"""


def python(code, *words, timeout=60, cwd=ROOT, **env):
    """Run code warm, unless `env` says otherwise."""
    argv = [sys.executable, "-c", code, *words]
    return warm.run(argv, cwd=cwd, env=environment(**env), timeout=timeout)


def test_commands_share_the_imports_and_nothing_else():
    code = """
import builtins, os, random, sys
import numpy, torch
print(os.getpid(), random.random(), numpy.random.random(), *sys.argv[1:])
print("torch" in before, hasattr(builtins, "mark"), os.environ.pop("HYDRA_MARK", None))
builtins.mark = torch.mark = True
"""
    said = [
        python(f"import sys; before = set(sys.modules){code}", word, HYDRA_MARK=word).stdout.split()
        for word in ("one", "two")
    ]
    (pid, *drawn, first), (other, *drawn_then, second) = (words[:4] for words in said)
    assert (first, second) == ("one", "two")
    assert pid != other
    assert all(a != b for a, b in zip(drawn, drawn_then, strict=True))
    assert [words[4:] for words in said] == [["True", "False", "one"], ["True", "False", "two"]]


@pytest.mark.parametrize("env", [warm.COLD, {"OMP_NUM_THREADS": "2"}])
def test_what_may_be_read_on_import_gets_an_interpreter_of_its_own(env):
    done = python("import sys; print('torch' in sys.modules)", **env)
    assert done.stdout == "False\n"


def test_it_ends_as_any_process_does(tmp_path):
    assert python("import sys; print('said'); sys.exit(7)").returncode == 7
    assert python("import os; os.kill(os.getpid(), 9)").returncode == -9
    failed = python(
        "import os, sys; print(os.getcwd()); sys.stderr.write('x'); 1 / 0", cwd=tmp_path
    )
    assert (failed.returncode, failed.stdout) == (1, f"{tmp_path}\n")
    assert failed.stderr.startswith("xTraceback")
    assert "ZeroDivisionError" in failed.stderr
    late = python(LATE)
    assert (late.returncode, late.stdout) == (0, "in a thread\nat its end\n")


def test_one_that_does_not_end_is_killed():
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with pytest.raises(subprocess.TimeoutExpired) as found:
        python(code, timeout=0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(int(found.value.output), 0)


def test_an_interrupt_reaches_the_command(tmp_path):
    code = """
import time
try:
    print("ready", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print("interrupted")
"""
    read, write = os.pipe()
    with open(read) as said, open(write, "w") as out:
        argv = [sys.executable, "-c", code]
        process = warm.start(argv, cwd=tmp_path, env=environment(), stdout=out, stderr=out)
        out.close()
        assert said.readline() == "ready\n"
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert said.read() == "interrupted\n"


def test_the_installed_commands_are_run():
    for name in ("freqtrade", "hydra-quant"):
        script = Path(sys.executable).with_name(name)
        done = warm.run([script, "--version"], cwd=ROOT, env=environment(), timeout=60)
        assert done.returncode == 0, done.stderr
        assert name.split("-")[0] in done.stdout.lower()


def test_a_parent_with_another_thread_does_not_fork_and_commands_start_cold(monkeypatch):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", THREADED, str(theirs.fileno()), str(ROOT / "tests")],
            pass_fds=(theirs.fileno(),),
        )
    parent = warm.Parent(process, ours, warm.read_on_import(environment()))
    with open(os.devnull, "w") as nothing, pytest.raises(warm.Refused, match="refused: 2 threads"):
        parent.order(["-c", "print()"], str(ROOT), {}, nothing.fileno(), nothing.fileno())
    monkeypatch.setattr(warm, "_parent", lambda: parent)
    assert python("import sys; print('torch' in sys.modules)").stdout == "False\n"
    parent.end()
    assert process.returncode == 0
