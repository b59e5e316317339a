"""Follows one source: what it has had to say lately, asked in time, failures kept to oneself."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from threading import Event

from hydra_quant.collectors.collector import Collector, Task
from hydra_quant.collectors.filling import Filled, ends, fill_task
from hydra_quant.collectors.outcome import plainly
from hydra_quant.collectors.schedule import after_success, backoff
from hydra_quant.memory import Memory

logger = logging.getLogger(__name__)
GIVE_WAY_AFTER = 3


@dataclass(frozen=True)
class SourceStatus:
    """How a source that is followed is doing; times in epoch ms, None where there is none yet.

    Attributes
    ----------
    source : str
    state : str
        ``'waiting'`` (not begun), ``'catching up'``, ``'following'``, ``'failing'`` (its last
        answer was an error) or ``'stopped'``.
    series : int
        How many series of it are followed.
    rows : int
        Rows stored since the start.
    last_success : when it last answered
    last_error, last_error_at : one line without keys
    next_try : when it is asked next
    asking_since : when the request began that has not been answered yet
    newest : the end of the newest period it described
    """

    source: str
    state: str = "waiting"
    series: int = 0
    rows: int = 0
    last_success: int | None = None
    last_error: str | None = None
    last_error_at: int | None = None
    next_try: int | None = None
    asking_since: int | None = None
    newest: int | None = None

    def lag_ms(self, now: int) -> int | None:
        """How long ago the newest stored period ended; None without one."""
        return None if self.newest is None else now - self.newest


@dataclass
class _Line:
    """One series that is followed."""

    collector: Collector
    task: Task
    due: int
    caught_up: bool = False
    failures: int = 0


class Polling:
    """A source that is asked, again and again.

    `step` may be called from a thread of its own or by hand with any clock; only one caller at a
    time. `status` may be read from everywhere, it is replaced as a whole.

    Parameters
    ----------
    memory : Memory
    source : str
    collectors : sequence of Collector
        All with that source.
    pairs : sequence of str
    back : from where a first collection reaches (epoch ms), or None and how far from the start
    stop : Event
    random : Random
        For the jitter of backoffs.
    """

    def __init__(
        self,
        memory: Memory,
        source: str,
        collectors: Sequence[Collector],
        pairs: Sequence[str],
        back: tuple[int | None, int],
        stop: Event,
        random: Random,
    ) -> None:
        self.memory, self.collectors, self.pairs = memory, collectors, pairs
        self.back, self.stop, self.random = back, stop, random
        self.status = SourceStatus(source)
        self._lines: list[_Line] | None = None
        self._began: int | None = None
        self._next_plan = 0
        self._followed_last = False
        self._failures = 0  # in a row, of the whole source

    @property
    def source(self) -> str:
        """Its name."""
        return self.status.source

    def step(self, clock: Callable[[], int]) -> int:
        """Ask for everything that is due; never raises for the source.

        The first step is when following begins: what could be read before is history, what could
        be read from then on is known when it is really stored. Series that are followed and those
        whose history is still to come take turns, so that a long history delays nothing much.

        Parameters
        ----------
        clock : callable
            The present, epoch ms.

        Returns
        -------
        When something is due next, epoch ms.
        """
        if self._began is None:
            self._began = clock()
        if self._lines is None and clock() >= self._next_plan:
            self._plan(clock())
        while not self.stop.is_set():
            now = clock()
            due = [line for line in self._lines or () if line.due <= now]
            if not due:
                break
            self._ask(self._choose(due), now)
        return self._next(clock())

    def close(self) -> None:
        """Let the source's connections go."""
        for collector in self.collectors:
            collector.close()
        self.status = replace(self.status, state="stopped", next_try=None, asking_since=None)

    def _plan(self, now: int) -> None:
        self.status = replace(self.status, state="catching up", asking_since=now)
        try:
            found = [(one, task) for one in self.collectors for task in one.tasks(self.pairs)]
        except Exception as error:
            self._failures += 1
            self._next_plan = now + backoff(self._failures, self.random)
            self._failed(error, now)
            return
        self._failures = 0
        self._lines = [_Line(collector, task, due=now) for collector, task in found]
        self.status = replace(self.status, series=len(found), asking_since=None)

    def _choose(self, due: Sequence[_Line]) -> _Line:
        turn = [line for line in due if line.caught_up != self._followed_last] or due
        chosen = min(turn, key=lambda line: line.due)
        self._followed_last = chosen.caught_up
        return chosen

    def _ask(self, line: _Line, now: int) -> None:
        if self._failures >= GIVE_WAY_AFTER and line.failures == 0:
            # The source itself is down: its other series need not find that out one by one.
            line.due = now + backoff(self._failures, self.random)
            return
        self.status = replace(self.status, asking_since=self.memory.clock())
        try:
            filled = self._fetch(line, now)
            newest = self._newest(line.task)
        except Exception as error:
            line.failures += 1
            self._failures += 1
            line.due = now + backoff(line.failures, self.random)
            self._failed(error, now)
            return
        line.failures = self._failures = 0
        line.caught_up = line.caught_up or not self.stop.is_set()
        lag = self.memory.lags.of(line.task.series)
        line.due = after_success(line.task, lag, now, newest, filled.written.new > 0)
        self._succeeded(line, filled, newest)

    def _fetch(self, line: _Line, now: int) -> Filled:
        assert self._began is not None
        task = line.task
        since, history_ms = self.back
        since = self._began - history_ms if since is None else since
        if line.caught_up:  # there is nothing earlier: only what may have been late
            lag = self.memory.lags.of(task.series)
            stored = ends(self.memory, task.series)
            late = self._began - task.overlap_ms - 2 * task.series.period_ms - lag
            since = late if stored is None else max(stored[0], since)
        return fill_task(
            self.memory, line.collector, task,
            since=since, until=now, stop=self.stop, following_since=self._began,
        )  # fmt: skip

    def _newest(self, task: Task) -> int | None:
        stored = ends(self.memory, task.series)
        return None if stored is None else stored[1]

    def _succeeded(self, line: _Line, filled: Filled, newest: int | None) -> None:
        before, rows = self.status, filled.written.new + filled.written.revised
        end = None if newest is None else newest + line.task.series.period_ms
        known = [time for time in (before.newest, end) if time is not None]
        lines = self._lines or []
        failing = any(one.failures for one in lines)
        behind = any(not one.caught_up for one in lines)
        if before.state == "failing" and not failing:
            logger.info("%s answers again", self.source)
        self.status = replace(
            before,
            state="failing" if failing else "catching up" if behind else "following",
            rows=before.rows + rows,
            last_success=self.memory.clock(),
            asking_since=None,
            newest=max(known, default=None),
        )

    def _failed(self, error: Exception, now: int) -> None:
        why = plainly(error)
        if self.status.state != "failing":
            logger.warning("%s does not answer as it should, others go on: %s", self.source, why)
        self.status = replace(
            self.status, state="failing", last_error=why, last_error_at=now, asking_since=None
        )

    def _next(self, now: int) -> int:
        if self._lines is None:
            following = self._next_plan
        else:
            following = min((line.due for line in self._lines), default=now + 60_000)
        self.status = replace(self.status, next_try=following)
        return following
