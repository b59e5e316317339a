"""Headlines of news feeds (RSS and Atom), one series a feed.

The bytes are fetched here, politely (``If-None-Match`` and ``If-Modified-Since``, RFC 9110 section
13.1), and only parsed by feedparser, which is never given an address or a file. Which fields there
are: https://feedparser.readthedocs.io/en/latest/reference.html.

A feed holds its last few dozen entries and no more; there is no history to page through. An entry
without a date (or with one that cannot be read) is dated when it was read first: its event and
known time are then the time of reading. An entry dated in the future is left to the memory, which
refuses it until its time has come.
"""

import calendar
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import feedparser
import httpx
from pandas import DataFrame

from hydra_quant.collectors import text
from hydra_quant.collectors.collector import SourceError, Task
from hydra_quant.collectors.http import Http, Parameter
from hydra_quant.memory.series import HOUR_MS, MINUTE_MS, Series
from hydra_quant.memory.store import now_ms

SOURCE = "rss"
PER_MINUTE = 6.0
POLL_MS = 5 * MINUTE_MS
# Entries are published late, and headlines edited, for a while after they are dated.
OVERLAP_MS = 48 * HOUR_MS
MOST_ENTRIES = 500
NOT_MODIFIED = 304
COLUMNS = ["event_time", "item", "known_at"]
COLUMNS += ["title", "summary", "url", "publisher", "language", "symbols"]


class _Door(Http):
    """Asks for what has changed since the last whole answer."""

    _validators: Mapping[str, str] = {}
    _fresh: Mapping[str, str] = {}
    _same = False

    def changed(self) -> bytes | None:
        """The feed; None while it is what it was."""
        self._same = False
        body = self.bytes("")
        return None if self._same else body

    def read(self) -> None:
        """What came last could be used, and need not be sent again."""
        self._validators = self._fresh

    def _request(self, path: str, params: Mapping[str, Parameter]) -> httpx.Request:
        request = super()._request(path, params)
        request.headers.update(self._validators)
        return request

    def _body(self, path: str, response: httpx.Response) -> bytes:
        if response.status_code == NOT_MODIFIED:
            self._same = True
            return b""
        body = super()._body(path, response)
        said = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
        self._fresh = {
            ask: response.headers[it] for ask, it in said.items() if it in response.headers
        }
        return body


class Rss:
    """News feeds; no key.

    Parameters
    ----------
    feeds : dict of str to str
        Address by short name, which is the name of its series.
    per_minute : float
        Requests allowed to each feed.
    sleep : callable
        Takes seconds; for waiting between attempts.
    clock : callable
        The present, epoch ms.
    """

    source = SOURCE

    def __init__(
        self,
        feeds: Mapping[str, str],
        *,
        per_minute: float = PER_MINUTE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._clock = clock
        self._doors = {
            # The source's name holds the feed's, so that errors say which one it is.
            name: _Door(f"{SOURCE} {name}", url, per_minute=per_minute, sleep=sleep)
            for name, url in feeds.items()
        }

    def tasks(self, pairs: Sequence[str]) -> Sequence[Task]:
        """One series a feed, whatever the pairs."""
        return [
            Task(Series("news", SOURCE, name=name), 0, POLL_MS, OVERLAP_MS) for name in self._doors
        ]

    def pages(self, task: Task, start: int, end: int) -> Iterator[DataFrame]:
        """One page with the feed's entries, oldest first; none while it has not changed.

        Every entry of the feed comes, however old it is: what the feed shows now may have been
        edited, and the memory tells what is new.
        """
        name = task.series.name
        door = self._doors[name]
        body = door.changed()
        if body is None:
            return
        found = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        if not found.entries and (found.bozo or not found.get("version")):
            raise SourceError(f"{SOURCE} {name}", "what came is no feed that can be read")
        now = self._clock()
        rows = [_row(found.get("feed", {}), entry, now) for entry in found.entries[:MOST_ENTRIES]]
        good = [row for row in rows if row is not None]
        good.sort(key=lambda row: row["event_time"])
        page = DataFrame(good, columns=COLUMNS)
        page.attrs["malformed"] = len(rows) - len(good)
        yield page
        if not found.bozo:  # a feed that was cut somewhere is asked for again, whole
            door.read()

    def close(self) -> None:
        """Let connections go."""
        for door in self._doors.values():
            door.close()


def _row(feed: Any, entry: Any, now: int) -> dict[str, Any] | None:
    title, url = text.headline(entry.get("title")), text.address(entry.get("link"))
    if title is None:
        return None
    item = text.line(entry.get("id"), text.ADDRESS) or text.identity(url, title)
    moment = _published(entry)
    publisher = text.headline((entry.get("source") or {}).get("title"), text.NAME)
    return {
        "event_time": now if moment is None else moment,
        "item": item,
        "known_at": now if moment is None else None,
        "title": title,
        "summary": text.plain(entry.get("summary"), text.BODY),
        "url": url,
        "publisher": publisher or text.headline(feed.get("title"), text.NAME),
        "language": text.line(feed.get("language"), text.NAME),
        "symbols": None,
    }


def _published(entry: Any) -> int | None:
    """Epoch ms; feedparser gives UTC, and None where it cannot read a date."""
    # Past its own `get`, which answers one date for the other, and warns.
    moment = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    if moment is None:
        return None
    try:
        seconds = calendar.timegm(moment)
    except (ValueError, OverflowError):
        return None
    return seconds * 1000 if seconds > 0 else None
