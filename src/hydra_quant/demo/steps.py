"""One step: a command as a user types it, run, watched and kept in a log."""

import os
import shlex
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO

from hydra_quant.demo.errors import DemoError
from hydra_quant.demo.live import LiveLine, LogReader
from hydra_quant.demo.processes import Child, Children

WIDTH = 78
SUMMARY_HEADING = "STRATEGY SUMMARY"
TAIL = 15
TICK_S = 0.2
SILENT_TICKS = 10


@dataclass(frozen=True)
class Step:
    """A freqtrade command.

    Attributes
    ----------
    name : a word for it
    title : what it does, for people
    argv : as typed
    log : file that keeps everything it says
    show : ``"all"`` of its report, only its ``"summary"`` table, or ``"nothing"``
    optional : whether the run goes on without it
    """

    name: str
    title: str
    argv: tuple[str, ...]
    log: Path
    show: str = "all"
    optional: bool = False


def typed(argv: Sequence[str]) -> str:
    """Return the command as one types it: options on lines of their own where it is long."""
    words = [shlex.quote(word) for word in argv]
    lines, line = [], words[0]
    for word in words[1:]:
        new_option = word.startswith("-") and not word.startswith("-c")
        if new_option and len(line) + len(word) > WIDTH - 20:
            lines.append(line)
            line = f"    {word}"
        else:
            line += f" {word}"
    return " \\\n".join([*lines, line])


def run_step(step: Step, children: Children, watch: Callable[[], None]) -> float:
    """Run a step to its end.

    Parameters
    ----------
    step : the command
    children : starts and ends processes
    watch : called several times a second; raises when it makes no sense to go on

    Returns
    -------
    Seconds it took.

    Raises
    ------
    DemoError
        When it fails, with the command, its last errors and the log.
    """
    print(f"\n== {step.title}\n$ {typed(step.argv)}", flush=True)
    live, reader = LiveLine(), LogReader()
    tail: deque[str] = deque(maxlen=TAIL)
    child = children.start(
        step.argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"COLUMNS": _columns()}
    )
    shown = _Shown(step.show, live)
    step.log.parent.mkdir(parents=True, exist_ok=True)
    with step.log.open("w", encoding="utf-8") as log:
        for from_report, line in _lines(child, lambda: _wait(live, reader, watch)):
            log.write(line)
            tail.append(line)
            if from_report:
                shown.line(line)
            else:
                reader.feed(line)
    live.clear()
    seconds = time.monotonic() - live.begun
    status = child.wait()
    children.end(child)
    if status != 0 and step.optional:
        print(f"   left out: {(reader.errors or list(tail) or [''])[-1].strip()}", flush=True)
        return seconds
    if status != 0:
        raise failure(step, f"ended with exit status {status}", reader.errors or tail)
    warned = f", {reader.warnings} warnings in it" if reader.warnings else ""
    print(f"   {seconds:.0f} s; log: {step.log}{warned}", flush=True)
    if reader.errors:  # freqtrade ends with exit status 0 after some errors
        raise failure(step, "reported an error", reader.errors)
    return seconds


def failure(step: Step, what: str, last: Sequence[str] | deque[str]) -> DemoError:
    """Describe a failed step."""
    said = "\n".join(f"  {line.rstrip()}" for line in last)
    return DemoError(f"this command {what}:\n{typed(step.argv)}\n{said}\nlog: {step.log}")


class _Shown:
    """Prints what is wanted of a report."""

    def __init__(self, show: str, live: LiveLine) -> None:
        self.on, self.until_summary, self.live = show == "all", show == "summary", live

    def line(self, line: str) -> None:
        if self.until_summary and SUMMARY_HEADING in line:
            self.on = True
        if self.on:
            self.live.clear()
            print(line, end="", flush=True)


def _wait(live: LiveLine, reader: LogReader, watch: Callable[[], None]) -> None:
    watch()
    live.tick(reader.news)


def _lines(child: Child, idle: Callable[[], None]) -> Iterator[tuple[bool, str]]:
    """Yield what a child says as it comes, and call `idle` between; (from its report, line)."""
    queue: Queue[tuple[bool, str] | None] = Queue()
    for stream, from_report in ((child.stdout, True), (child.stderr, False)):
        assert stream is not None
        Thread(target=_pump, args=(stream, from_report, queue), daemon=True).start()
    open_streams, silent = 2, 0
    # a grandchild may hold the streams open after the command itself has ended
    while open_streams and silent < SILENT_TICKS:
        try:
            item = queue.get(timeout=TICK_S)
        except Empty:
            item = (False, "")
            silent += child.poll() is not None
        if item is None:
            open_streams -= 1
        elif item[1]:
            yield item
        idle()


def _columns() -> str:
    return os.environ.get("COLUMNS") or str(shutil.get_terminal_size((140, 24)).columns)


def _pump(stream: IO[str], from_report: bool, queue: "Queue[tuple[bool, str] | None]") -> None:
    for line in stream:
        queue.put((from_report, line))
    queue.put(None)
