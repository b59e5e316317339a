"""A local server of a demo, the venue or the language model: started, waited for, watched."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra_quant.demo.errors import DemoError
from hydra_quant.demo.live import LiveLine
from hydra_quant.demo.processes import Child, Children
from hydra_quant.demo.steps import typed

LONGEST_START_S = 300.0


@dataclass(frozen=True)
class Server:
    """What is to be served.

    Attributes
    ----------
    name : in messages, ``'venue'``
    argv : as typed
    ready : what it prints when it can be asked
    log : file that keeps what it says
    """

    name: str
    argv: tuple[str, ...]
    ready: str
    log: Path


class Served:
    """A running server.

    Parameters
    ----------
    server : what is served
    children : starts and ends processes

    Raises
    ------
    DemoError
        When it does not become ready, with its own words.
    """

    def __init__(self, server: Server, children: Children) -> None:
        self.server = server
        print(f"\n== Start the local {server.name}\n$ {typed(server.argv)} &", flush=True)
        server.log.parent.mkdir(parents=True, exist_ok=True)
        with server.log.open("w", encoding="utf-8") as file:
            self.child: Child = children.start(server.argv, stdout=file, stderr=file)
        self._await_ready()

    def check(self) -> None:
        """Raise DemoError when it has stopped."""
        status = self.child.poll()
        if status is not None:
            raise DemoError(
                f"the local {self.server.name} stopped (exit status {status}): "
                f"{self._last_words()}\n"
                f"command: {typed(self.server.argv)}\nlog: {self.server.log}",
                2 if status == 2 else 1,
            )

    def _await_ready(self) -> None:
        live = LiveLine()
        while self.server.ready not in self._said():
            self.check()
            if time.monotonic() - live.begun > LONGEST_START_S:
                raise DemoError(
                    f"the local {self.server.name} was not ready in {LONGEST_START_S:.0f} s: "
                    f"{self.server.log}"
                )
            live.tick(f"making the {self.server.name} ready ...")
            time.sleep(0.1)
        live.clear()
        print(f"   {self._said().strip().splitlines()[-1]}", flush=True)

    def _said(self) -> str:
        return self.server.log.read_text(encoding="utf-8", errors="replace")

    def _last_words(self) -> str:
        lines = self._said().strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def watch(servers: Sequence[Served]) -> None:
    """Raise DemoError when one of them has stopped."""
    for served in servers:
        served.check()
