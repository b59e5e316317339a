"""What an HTTP answer, or the lack of one, says: pure functions on headers and text."""

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from hydra_quant.collectors.collector import SourceError

LONGEST_WAIT_S = 300.0
EXCERPT_CHARACTERS = 160
EPOCH_SECONDS = 1e9  # a larger number is a time, a smaller one a span


class Passing(SourceError):
    """A failure that may be over soon; `after_s` is when the source wants to be asked, or 0."""

    def __init__(self, source: str, what: str, after_s: float = 0.0) -> None:
        super().__init__(source, what)
        self.after_s = after_s


class Malformed(Passing):
    """An answer that cannot be read; it may have been cut on its way."""


def asked_wait_s(headers: Mapping[str, str], now: float) -> float:
    """Seconds a source asks to wait; 0.0 when it does not say, or not in a way that can be read.

    Parameters
    ----------
    headers : mapping
        ``Retry-After`` in seconds or as an HTTP date (RFC 9110, section 10.2.3), else Glassnode's
        ``x-rate-limit-reset``. A date is compared with the answer's own ``Date``, so that a wrong
        clock, there or here, does no harm.
    now : epoch seconds
    """
    text = headers.get("retry-after") or headers.get("x-rate-limit-reset") or ""
    here = _epoch_s(headers.get("date", ""))
    if re.fullmatch(r"\s*\d{1,12}(\.\d+)?\s*", text):
        seconds = float(text)
        return max(0.0, seconds - now) if seconds > EPOCH_SECONDS else seconds
    then = _epoch_s(text)
    return 0.0 if then is None else max(0.0, then - (now if here is None else here))


def _epoch_s(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def shown_time(seconds: float) -> str:
    """Epoch seconds as ``'2026-05-01 12:00 UTC'``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def excerpt(text: str) -> str:
    """The beginning of an answer on one line, without markup and control characters."""
    bare = re.sub(r"<[^>]{0,2000}>", " ", text)
    printable = "".join(letter if letter.isprintable() else " " for letter in bare)
    line = " ".join(printable.split())
    return line if len(line) <= EXCERPT_CHARACTERS else f"{line[: EXCERPT_CHARACTERS - 1]}…"


def plain_failure(error: httpx.HTTPError) -> str:
    """A failure to answer in words; the client's own texts are often empty."""
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    if isinstance(error, httpx.ConnectError):
        return "cannot connect"
    return excerpt(str(error)) or type(error).__name__


class _WithoutQuery(logging.Filter):
    """Takes queries out of the addresses that httpx logs at INFO: some keys travel there."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.copy_with(query=None) if isinstance(arg, httpx.URL) else arg
                for arg in record.args
            )
        return True


_WITHOUT_QUERY = _WithoutQuery()


def keep_queries_out_of_the_log() -> None:
    """See to it that httpx logs no query, whatever the level of its log is or becomes."""
    logging.getLogger("httpx").addFilter(_WITHOUT_QUERY)  # once, however often it is called
