"""The venue's clock: real, shifted, or standing still until told to move."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

_DURATION = re.compile(r"^(?P<number>\d+)(?P<unit>ms|s|m|h|d|w)$")
_UNIT_MS = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}


class ClockError(ValueError):
    """A moment or a duration that the clock cannot read; the message is one line for the user."""


def duration_ms(text: str) -> int:
    """Milliseconds of ``'90s'``, ``'5m'``, ``'3h'``, ``'2d'``, ``'250ms'``; sign not accepted."""
    match = _DURATION.match(text.strip())
    if match is None:
        raise ClockError(
            f"duration {text!r} is not a number with a unit ms, s, m, h, d or w, e.g. 5m"
        )
    return int(match["number"]) * _UNIT_MS[match["unit"]]


def moment_ms(text: str) -> int:
    """Epoch milliseconds of an ISO date or date-time; one without a zone is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ClockError(
            f"moment {text!r} is not an ISO date, e.g. 2025-06-30 or 2025-06-30T12:00"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def real_ms() -> int:
    """The computer's own time, epoch milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass
class Clock:
    """What time the venue says it is.

    Parameters
    ----------
    frozen_ms : int or None
        When set, time stands still here until `advance` or `set` moves it.
    offset_ms : int
        Otherwise: milliseconds added to real time.
    source : callable
        Where real time comes from, epoch milliseconds.
    """

    frozen_ms: int | None = None
    offset_ms: int = 0
    source: Callable[[], int] = field(default=real_ms, repr=False)

    def now_ms(self) -> int:
        """Venue time, epoch milliseconds UTC."""
        return self.source() + self.offset_ms if self.frozen_ms is None else self.frozen_ms

    def freeze(self, at_ms: int) -> None:
        """Stand still at `at_ms`."""
        self.frozen_ms = at_ms

    def run_from(self, at_ms: int) -> None:
        """Show `at_ms` now and go on at the pace of real time."""
        self.frozen_ms, self.offset_ms = None, at_ms - self.source()

    def advance(self, by_ms: int) -> None:
        """Move by `by_ms` milliseconds, forward or back, in either mode."""
        if self.frozen_ms is None:
            self.offset_ms += by_ms
        else:
            self.frozen_ms += by_ms

    @property
    def mode(self) -> str:
        """``'frozen'``, ``'real'`` or ``'shifted'``."""
        if self.frozen_ms is not None:
            return "frozen"
        return "shifted" if self.offset_ms else "real"


def parse_clock(text: str, end_ms: int, source: Callable[[], int] = real_ms) -> Clock:
    """Read the ``--now`` option.

    Parameters
    ----------
    text : str
        ``real``; ``end``, frozen at the end of the history; ``2025-06-30T12:00``, frozen there;
        ``from:2025-06-30T12:00``, starting there; ``-3d`` or ``+2h``, real time shifted.
    end_ms : int
        End of the history, for ``end``.
    source : callable
        Real time, epoch milliseconds.

    Raises
    ------
    ClockError
        If the text is none of these.
    """
    text = text.strip()
    clock = Clock(source=source)
    if text == "end":
        clock.freeze(end_ms)
    elif text[:1] in "+-" and text:
        clock.advance(duration_ms(text[1:]) * (-1 if text[0] == "-" else 1))
    elif text.startswith("from:"):
        clock.run_from(end_ms if text == "from:end" else moment_ms(text[5:]))
    elif text != "real":
        clock.freeze(moment_ms(text))
    return clock


def iso(at_ms: int) -> str:
    """``2025-06-30 23:00:00Z`` of epoch milliseconds, for people."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%SZ")
