"""Reading a request's parameters, and refusing bad ones as Binance does."""

from collections.abc import Mapping
from dataclasses import dataclass

from hydra_quant.sandbox.venue.errors import (
    VenueError,
    illegal,
    invalid,
    invalid_interval,
    missing,
)
from hydra_quant.sandbox.venue.intervals import INTERVAL_MS, PERIODS


@dataclass(frozen=True)
class Page:
    """Which rows are wanted.

    Parameters
    ----------
    start_ms, end_ms : int or None
        First and last wanted time, both included; None: open.
    limit : int
        Most rows. With `start_ms` the oldest rows from there, else the newest ones up to `end_ms`.
    """

    start_ms: int | None
    end_ms: int | None
    limit: int


def text(params: Mapping[str, str], name: str) -> str:
    """A mandatory text parameter; -1102 where it is missing."""
    value = params.get(name, "")
    if not value:
        raise missing(name)
    return value


def integer(params: Mapping[str, str], name: str, default: int | None = None) -> int | None:
    """An optional whole number; -1100 where it has other characters."""
    value = params.get(name, "")
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= 20):
        raise illegal(name)
    return int(value)


def limit(params: Mapping[str, str], default: int, most: int) -> int:
    """The row limit; -1130 outside 1…`most`."""
    value = integer(params, "limit", default)
    assert value is not None
    if not 1 <= value <= most:
        raise invalid("limit")
    return value


def page(params: Mapping[str, str], default: int, most: int) -> Page:
    """``startTime``, ``endTime`` and ``limit``; -1023 where they run backwards."""
    start, end = integer(params, "startTime"), integer(params, "endTime")
    if start is not None and end is not None and start > end:
        raise VenueError(-1023, "Start time is greater than end time.")
    return Page(start, end, limit(params, default, most))


def interval(params: Mapping[str, str]) -> str:
    """A candle width; -1120 where it does not exist (the calendar month ``1M`` is not served)."""
    value = text(params, "interval")
    if value not in INTERVAL_MS:
        raise invalid_interval()
    return value


def period(params: Mapping[str, str]) -> str:
    """A statistics period; -1130 outside 5m…1d."""
    value = text(params, "period")
    if value not in PERIODS:
        raise invalid("period")
    return value
