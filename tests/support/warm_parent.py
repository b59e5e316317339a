"""The warm parent: a process that has imported what commands need, and becomes one by forking.

`support.warm` starts it once for each test process and sends it orders: a command line, a folder,
an environment, three files. For each order it forks a minder, and the minder forks the command,
which runs the installed script itself (`runpy`), waits for its threads, does what was left for its
end, and ends. Nothing of a command reaches the next: both are copies of a parent that has only
imported.

A fork copies one thread. The parent therefore never computes anything, and refuses to fork if any
other thread exists, of Python's or of a library's.
"""

import array
import atexit
import gc
import json
import os
import random
import runpy
import signal
import socket
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

LONGEST = 1 << 20
# What freqtrade's commands and HYDRA's strategies and models import sooner or later.
NEEDED = (
    "freqtrade.main",
    "freqtrade.optimize.backtesting",
    "freqtrade.worker",
    "freqtrade.freqai.freqai_interface",
    "lightgbm",
    "torch",
    "numba",
    "uvicorn",
    "hydra_quant.adapters.strategy.headed",
    "hydra_quant.adapters.freqai.networks",
    "hydra_quant.sandbox.venue.command",
)


class Reply:
    """Tells whoever waits for a command what became of it, a line each.

    ``born PID``, then ``ended STATUS`` (negative: the signal that ended it), or ``refused: WHY``.
    """

    def __init__(self, file: int) -> None:
        self.file = file

    def say(self, *words: object) -> None:
        """Write a line; that nobody reads it any more is no error."""
        with suppress(BrokenPipeError):
            os.write(self.file, (" ".join(map(str, words)) + "\n").encode())


def threads() -> int:
    """How many threads this process has: Python's and, on Linux, everybody's."""
    listed = Path("/proc/self/task")
    return max(threading.active_count(), len(list(listed.iterdir())) if listed.exists() else 0)


def orders(connection: socket.socket) -> dict[str, Any]:
    """Wait for orders and fork a process for each; returns in the commands alone."""
    while True:
        message, files, *_ = socket.recv_fds(connection, LONGEST, 3)
        if not message:
            sys.exit(0)  # whoever would send orders has ended
        out, err, told = files
        reply, count = Reply(told), threads()
        if count != 1:
            reply.say("refused:", f"{count} threads")
        elif os.fork() == 0:
            connection.close()
            return minded(json.loads(message), out, err, reply)
        for file in files:
            os.close(file)
        with suppress(ChildProcessError):  # minders that have ended
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def minded(order: dict[str, Any], out: int, err: int, reply: Reply) -> dict[str, Any]:
    """Fork the command and return in it; this process reports how it ends, and ends with it."""
    pid = os.fork()
    if pid:
        os.close(out)
        os.close(err)
        watch(pid, reply)
    os.close(reply.file)
    for file, standard in ((out, 1), (err, 2)):
        os.dup2(file, standard)
        os.close(file)
    return order


def watch(pid: int, reply: Reply) -> NoReturn:
    """Report the birth and the end of a process."""
    reply.say("born", pid)
    _, status = os.waitpid(pid, 0)
    reply.say("ended", os.waitstatus_to_exitcode(status))
    os._exit(0)


def become(order: dict[str, Any]) -> None:
    """Be the command, as if Python had just been started with these words."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through="PYTHONUNBUFFERED" in os.environ)  # type: ignore[union-attr]
    if "numpy" in sys.modules:  # Python's own generator is seeded anew by the fork
        sys.modules["numpy"].random.seed(array.array("I", random.randbytes(16)).tolist())
    obey(order["words"])


def obey(words: list[str]) -> None:
    """Run ``-m MODULE ...``, ``-c CODE ...`` or ``SCRIPT ...`` as Python would."""
    kind = words[0]
    first = {"-m": os.getcwd(), "-c": ""}.get(kind, str(Path(kind).parent))
    extra = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [first, *filter(None, extra), *sys.path]
    sys.argv[:] = words[1:] if kind == "-m" else [kind, *words[2:]] if kind == "-c" else words
    if kind == "-m":
        sys.modules.pop(words[1], None)
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        exec(words[1], {"__name__": "__main__", "__builtins__": __builtins__})
    else:
        runpy.run_path(kind, run_name="__main__")


def leave(status: int) -> NoReturn:
    """End as Python does, but for taking every module apart: those are the parent's, and many."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError, ValueError):
            stream.flush()
    os._exit(status & 0xFF)


def main() -> None:
    """``warm_parent.py FILE``: serve the socket until its other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests and the commands
    sys.path.pop(0)  # this folder: a command has its own
    for name in NEEDED:
        import_module(name)
    gc.freeze()
    order = orders(socket.socket(fileno=int(sys.argv[1])))
    try:
        become(order)
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        leave(ended.code or 0)
    leave(0)


if __name__ == "__main__":
    main()
