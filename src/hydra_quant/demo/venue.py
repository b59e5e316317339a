"""The local venue of a demo: started, waited for, watched."""

import time
from collections.abc import Sequence
from pathlib import Path

from hydra_quant.demo.errors import DemoError
from hydra_quant.demo.live import LiveLine
from hydra_quant.demo.processes import Child, Children
from hydra_quant.demo.steps import typed

READY = "venue ready on "
LONGEST_START_S = 300.0


class DemoVenue:
    """A running ``hydra-quant venue``.

    Parameters
    ----------
    argv : as typed
    log : file that keeps what it says
    children : starts and ends processes

    Raises
    ------
    DemoError
        When it does not become ready, with its own words.
    """

    def __init__(self, argv: Sequence[str], log: Path, children: Children) -> None:
        self.argv, self.log = argv, log
        print(f"\n== Start the local venue\n$ {typed(argv)} &", flush=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8") as file:
            self.child: Child = children.start(argv, stdout=file, stderr=file)
        self._await_ready()

    def check(self) -> None:
        """Raise DemoError when it has stopped."""
        status = self.child.poll()
        if status is not None:
            raise DemoError(
                f"the local venue stopped (exit status {status}): {self._last_words()}\n"
                f"command: {typed(self.argv)}\nlog: {self.log}",
                2 if status == 2 else 1,
            )

    def _await_ready(self) -> None:
        live = LiveLine()
        while READY not in self._said():
            self.check()
            if time.monotonic() - live.begun > LONGEST_START_S:
                raise DemoError(
                    f"the local venue was not ready in {LONGEST_START_S:.0f} s: {self.log}"
                )
            live.tick("making the market ready ...")
            time.sleep(0.1)
        live.clear()
        print(f"   {self._said().strip().splitlines()[-1]}", flush=True)

    def _said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _last_words(self) -> str:
        lines = self._said().strip().splitlines()
        return lines[-1] if lines else "it said nothing"
