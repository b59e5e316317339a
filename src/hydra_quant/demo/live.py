"""One moving line that says what is going on; the log keeps the rest."""

import re
import shutil
import sys
import time
from collections import deque
from typing import IO

_LOG_LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ - (?P<who>\S+) - (?P<level>[A-Z]+) - (?P<text>.*)$"
)
# freqtrade's last words before it falls silent, in terms of what it is doing then
_CLEARER = (
    (re.compile(r"^(Using resolved protection|No protection Handlers)"), "trading the candles ..."),
    (re.compile(r"^(Using|Override|Found no|Applying|Checking)\b"), "getting ready ..."),
    (re.compile(r"^Strategy (using|parameter)"), "getting ready ..."),
)
QUIET_S = 10.0  # between two progress lines where there is no terminal
KEPT_ERRORS = 5


class LiveLine:
    """Shows seconds passed and the latest news of a step.

    In a terminal it is one line that keeps changing; elsewhere a line every ten seconds.

    Parameters
    ----------
    out : where to write
    """

    def __init__(self, out: IO[str] | None = None) -> None:
        self.out = out or sys.stdout
        self.moving = self.out.isatty()
        self.begun = time.monotonic()
        self._last = self.begun
        self._said = ""

    def tick(self, news: str) -> None:
        """Say what is going on now."""
        now = time.monotonic()
        if self.moving:
            self._draw(f"  [{now - self.begun:4.0f} s] {news}")
        elif now - self._last >= QUIET_S:
            self._last = now
            print(f"  [{now - self.begun:4.0f} s] {news[:160]}", file=self.out, flush=True)

    def clear(self) -> None:
        """Take the line away, so that something else can be printed."""
        if self.moving and self._said:
            print("\r\x1b[2K", end="", file=self.out, flush=True)
            self._said = ""

    def _draw(self, text: str) -> None:
        text = text[: shutil.get_terminal_size((100, 24)).columns - 1]
        if text != self._said:
            print(f"\r\x1b[2K{text}", end="", file=self.out, flush=True)
            self._said = text


class LogReader:
    """Reads freqtrade's log as it comes: the latest news, and errors put together again.

    freqtrade wraps long messages; a line without a time belongs to the message before it.

    Attributes
    ----------
    news : text of the latest message
    errors : the last messages of level ERROR or CRITICAL
    warnings : how many messages of level WARNING there were
    """

    def __init__(self) -> None:
        self.news = "starting ..."
        self.errors: deque[str] = deque(maxlen=KEPT_ERRORS)
        self.warnings = 0
        self._level = self._text = ""

    def feed(self, line: str) -> None:
        """Take in one line of the log."""
        match = _LOG_LINE.match(line)
        if match is None:
            self._go_on(line.strip())
            return
        self._level = match["level"]
        self.warnings += self._level == "WARNING"
        if self._level in ("ERROR", "CRITICAL"):
            self.errors.append(match["text"].strip())
        self._say(match["text"].strip())

    def _say(self, text: str) -> None:
        self._text, self.news = text, clearer(text)

    def _go_on(self, more: str) -> None:
        if more and self._level:
            self._say(f"{self._text} {more}")
            if self._level in ("ERROR", "CRITICAL"):
                self.errors[-1] += f" {more}"


def clearer(text: str) -> str:
    """Return what freqtrade is doing when it says this; most messages need no translation."""
    return next((better for pattern, better in _CLEARER if pattern.match(text)), text)
