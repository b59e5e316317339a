"""Follows all sources in the background, each in a thread that nobody waits for."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from threading import Event, Thread
from time import monotonic

from hydra_quant.collectors.collector import Collector, SourceError, Stream
from hydra_quant.collectors.filling import ends
from hydra_quant.collectors.outcome import plainly
from hydra_quant.collectors.polling import Polling, SourceStatus
from hydra_quant.collectors.schedule import backoff
from hydra_quant.collectors.sweep import by_source
from hydra_quant.memory import Memory, Series
from hydra_quant.memory.series import DAY_MS, MINUTE_MS

logger = logging.getLogger(__name__)


class Followers:
    """Keeps the memory up to date while something else goes on.

    A source's failure is never raised, and delays nobody: it is kept for `status`, and the source
    is asked again later. First what is missing since the last stored fact is fetched; what could
    be read from the start on is remembered as known when it was really stored.

    Parameters
    ----------
    memory : Memory
        Its clock says what time it is; it is not closed here.
    collectors : sequence of Collector
        Asked on schedule; those of one source in one thread. Closed by `stop`.
    streams : sequence of Stream
        Heard, each in a thread.
    pairs : sequence of str
    history_ms : int
        How far back from the start a first collection reaches.
    since : int, optional
        From where on it reaches instead, epoch ms.
    tick_s : float
        The longest wait between two looks at the clock, which may be moved by hand (seconds).
    random : Random, optional
        For the jitter of backoffs.

    Examples
    --------
    >>> followers = Followers(memory, collectors, streams, pairs)  # doctest: +SKIP
    >>> followers.start()  # doctest: +SKIP
    >>> followers.status()  # doctest: +SKIP
    >>> followers.stop(timeout_s=5.0)  # doctest: +SKIP
    """

    def __init__(
        self,
        memory: Memory,
        collectors: Sequence[Collector],
        streams: Sequence[Stream],
        pairs: Sequence[str],
        *,
        history_ms: int = 30 * DAY_MS,
        since: int | None = None,
        tick_s: float = 1.0,
        random: Random | None = None,
    ) -> None:
        self.memory, self.pairs, self.tick_s = memory, tuple(pairs), tick_s
        self._stop = Event()
        random = random or Random()
        back = since, history_ms
        self._polled = [
            Polling(memory, source, group, self.pairs, back, self._stop, random)
            for source, group in by_source(collectors).items()
        ]
        self._heard = [
            Hearing(memory, stream, self.pairs, self._stop, random) for stream in streams
        ]
        self._threads: dict[Thread, str] = {}
        self._started = False

    def start(self) -> None:
        """Begin; returns at once.

        Raises
        ------
        RuntimeError
            When called a second time.
        """
        if self._started or self._stop.is_set():
            raise RuntimeError("followers start once; make new ones")
        self._started = True
        for polling in self._polled:
            self._run(polling.source, self._poll, polling)
        for hearing in self._heard:
            self._run(f"{hearing.status.source} stream", hearing.run)

    def poll_once(self, now: int) -> None:
        """Ask every source for what is due at `now` (epoch ms), here and now, one after the other.

        For a clock that is moved by hand; streams are not heard.

        Raises
        ------
        RuntimeError
            When the threads run.
        """
        if self._started:
            raise RuntimeError("poll_once is for followers that were not started")
        for polling in self._polled:
            polling.step(lambda: now)

    def status(self) -> list[SourceStatus]:
        """How each source is doing, by name; answers at once, whatever the sources do."""
        found = [polling.status for polling in self._polled]
        found += [hearing.now() for hearing in self._heard]
        return sorted(found, key=lambda status: status.source)

    def stop(self, timeout_s: float = 5.0) -> list[str]:
        """End all threads, waiting no longer than `timeout_s` in all.

        Returns
        -------
        Names of those that did not end in time: they write nothing more than their page at hand,
        and end with the process.
        """
        self._stop.set()
        limit = monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, limit - monotonic()))
        if not self._started:  # stepped by hand
            for polling in self._polled:
                polling.close()
        return sorted(name for thread, name in self._threads.items() if thread.is_alive())

    def _run(self, name: str, target: Callable[..., None], *arguments: object) -> None:
        thread = Thread(target=target, args=arguments, name=f"follow {name}", daemon=True)
        self._threads[thread] = name
        thread.start()

    def _poll(self, polling: Polling) -> None:
        try:
            while not self._stop.is_set():
                due = polling.step(self.memory.clock)
                wait_s = (due - self.memory.clock()) / 1000
                self._stop.wait(min(self.tick_s, max(0.01, wait_s)))
        finally:
            polling.close()


class Hearing:
    """A source that speaks by itself, and how it is doing."""

    def __init__(
        self, memory: Memory, stream: Stream, pairs: Sequence[str], stop: Event, random: Random
    ) -> None:
        self.memory, self.stream, self.pairs = memory, stream, pairs
        self.stop, self.random = stop, random
        self.status = SourceStatus(f"{stream.source} liquidations", series=len(pairs))

    def run(self) -> None:
        """Listen until told to stop, or until the source can never be heard."""
        failures = 0
        while not self.stop.is_set():
            self.status = replace(self.status, state="following", next_try=None)
            try:
                self.stream.listen(self.memory, self.pairs, self.stop)
            except SourceError as error:
                self._failed(plainly(error))
                return
            except Exception as error:
                self._failed(plainly(error))
            else:
                if not self.stop.is_set():
                    self._failed("the stream ended by itself")
            failures += 1
            wait = backoff(failures, self.random)
            self.status = replace(self.status, next_try=self.memory.clock() + wait)
            self.stop.wait(wait / 1000)
        self.status = replace(self.status, state="stopped", next_try=None)

    def now(self) -> SourceStatus:
        """The status, with the last whole minute in which it was heard."""
        source = self.stream.source
        heard: list[int] = []
        try:
            for pair in self.pairs:
                series = Series("listening", source, pair, "liquidations", MINUTE_MS)
                stored = ends(self.memory, series)
                heard += [] if stored is None else [stored[1] + MINUTE_MS]
        except Exception as error:  # the status must not fail because the database is busy
            return replace(self.status, last_error=plainly(error))
        newest = max(heard, default=None)
        return replace(self.status, newest=newest, last_success=newest)

    def _failed(self, why: str) -> None:
        logger.warning("%s: %s", self.status.source, why)
        self.status = replace(
            self.status, state="failing", last_error=why, last_error_at=self.memory.clock()
        )
