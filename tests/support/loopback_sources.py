"""A small source on 127.0.0.1 that pages, fails and hangs as told, and its collector."""

import json
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
from pandas import DataFrame

from hydra_quant.collectors.collector import SourceError, Task
from hydra_quant.memory import Series
from hydra_quant.memory.series import MINUTE_MS

PERIOD_MS = 5 * MINUTE_MS
LOOK_S = 30.0


class Source:
    """Serves ``GET /rows?pair&start&end``: at most `limit` rows, oldest first, as JSON.

    Attributes
    ----------
    rows : {pair: {event_time: value}}
        Change it whenever you like.
    status : int
        Anything but 200 is answered to every request.
    hang : Event
        While set, requests wait for `close`.
    asked : list of (pair, start, end)
        Every request so far.
    """

    def __init__(self, limit: int = 50) -> None:
        self.rows: dict[str, dict[int, float]] = {}
        self.limit, self.status, self.hang = limit, 200, Event()
        self.asked: list[tuple[str, int, int]] = []
        self.closing, self.waiting = Event(), Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fill(self, pair: str, start: int, end: int, step: int = PERIOD_MS) -> None:
        """Rows every `step` ms, ``start <= event_time < end``; each value is its own."""
        first = -(-start // step) * step
        rows = {at: 1.0 + at / 1e13 for at in range(first, end, step)}
        self.rows.setdefault(pair, {}).update(rows)

    def answer(self, pair: str, start: int, end: int) -> list[list[float]]:
        held = sorted(self.rows.get(pair, {}).items())
        return [[at, value] for at, value in held if start <= at < end][: self.limit]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        source = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {
                    key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()
                }
                pair, start, end = query["pair"], int(query["start"]), int(query["end"])
                source.asked.append((pair, start, end))
                if source.hang.is_set():
                    source.waiting.set()
                    source.closing.wait(LOOK_S)
                    return
                body = json.dumps(source.answer(pair, start, end)).encode()
                self.send_response(source.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        return Handler


class LoopbackCollector:
    """Asks a `Source` for taker volumes of every pair, page by page.

    Parameters
    ----------
    reach_ms, poll_ms, overlap_ms : as of `Task`
    """

    def __init__(self, name: str, source: Source, **task: Any) -> None:
        self.source, self.options = name, task
        self.client = httpx.Client(base_url=source.url, timeout=LOOK_S)
        self.closed = False

    def series(self, pair: str) -> Series:
        return Series("ratios", self.source, pair, "taker", PERIOD_MS)

    def tasks(self, pairs: Sequence[str]) -> list[Task]:
        options = {"poll_ms": PERIOD_MS, **self.options}
        return [Task(self.series(pair), **options) for pair in pairs]

    def pages(self, task: Task, start: int, end: int) -> Iterator[DataFrame]:
        while start < end:
            params = {"pair": task.series.subject, "start": start, "end": end}
            try:
                answer = self.client.get("/rows", params=params)
            except httpx.HTTPError as error:
                raise SourceError(self.source, type(error).__name__) from None
            if answer.status_code != 200:
                raise SourceError(self.source, f"answered {answer.status_code}")
            rows = answer.json()
            if not rows:
                return
            columns = ["event_time", "long_side"]
            yield DataFrame(rows, columns=columns).astype({"event_time": "int64"})
            start = int(rows[-1][0]) + 1

    def close(self) -> None:
        self.client.close()
        self.closed = True
