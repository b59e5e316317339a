"""Fills everything once: sources side by side, each with its series in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from queue import Empty, Queue
from threading import Event, Thread
from time import monotonic

from hydra_quant.collectors.collector import Collector, MissingKey, Task
from hydra_quant.collectors.filling import fill_task
from hydra_quant.collectors.outcome import Outcome, Progress, State, plainly
from hydra_quant.memory import Memory, Series

GIVE_UP_AFTER = 5
PATIENCE_S = 900.0
GRACE_S = 3.0
LOOK_S = 0.1


@dataclass(frozen=True)
class _End:
    source: str


_Said = Outcome | Progress | _End


def fill(
    memory: Memory,
    collectors: Sequence[Collector],
    pairs: Sequence[str],
    *,
    since: int,
    until: int,
    stop: Event | None = None,
    report: Callable[[Outcome], None] = lambda outcome: None,
    progress: Callable[[Progress], None] = lambda progress: None,
    patience_s: float = PATIENCE_S,
) -> list[Outcome]:
    """Fill what is missing of every series that these collectors offer.

    Parameters
    ----------
    memory : Memory
    collectors : sequence of Collector
        Those with one `source` work in one thread, one after the other. They are not closed.
    pairs : sequence of str
    since, until : epoch ms
    stop : Event, optional
        When set, sources end after their page at hand; after 3 s without one, without it. What
        has been committed stays, nothing is half written.
    report, progress : called in the caller's thread
    patience_s : a source without any sign of life for so long (seconds) is left behind

    Returns
    -------
    One outcome a series, and one for every source that could not be asked at all. Nothing is
    raised for a source that fails: the others go on.
    """
    sweep = _Sweep(stop or Event(), report, progress, patience_s)
    for source, group in by_source(collectors).items():
        sweep.start(_Work(memory, source, group, pairs, since, until, sweep.begin(source)))
    return sweep.hear_all()


class _Sweep:
    """The caller's side: listens to the sources' threads until the last one has ended."""

    def __init__(
        self,
        stop: Event,
        report: Callable[[Outcome], None],
        progress: Callable[[Progress], None],
        patience_s: float,
    ) -> None:
        self.stop, self.report, self.progress, self.patience_s = stop, report, progress, patience_s
        self.said: Queue[_Said] = Queue()
        self.last_sign: dict[str, float] = {}  # of the sources that are still at work
        self.abandoned: dict[str, Event] = {}
        self.outcomes: list[Outcome] = []

    def begin(self, source: str) -> Event:
        """Take a source into the list; the event that will end its work."""
        self.last_sign[source] = monotonic()
        self.abandoned[source] = Event()
        return _Either(self.stop, self.abandoned[source])

    def start(self, work: "_Work") -> None:
        """Start a source's thread: one that hangs must not keep the program from ending."""
        name = f"fill {work.source}"
        Thread(target=work.run, args=(self.said.put,), name=name, daemon=True).start()

    def hear_all(self) -> list[Outcome]:
        """Pass on what is said until nobody is at work, or nobody should be."""
        stopped_at: float | None = None
        while self.last_sign:
            self._hear_one()
            self._leave_the_silent()
            if self.stop.is_set():
                stopped_at = stopped_at or monotonic()
                if monotonic() - stopped_at > GRACE_S:
                    break
        for source in self.last_sign:
            why = "stopped without waiting for it"
            self._tell(Outcome(source, None, "stopped", why=why, left=True))
        return self.outcomes

    def _hear_one(self) -> None:
        try:
            word = self.said.get(timeout=LOOK_S)
        except Empty:
            return
        if word.source not in self.last_sign:
            return
        self.last_sign[word.source] = monotonic()
        if isinstance(word, _End):
            del self.last_sign[word.source]
        elif isinstance(word, Outcome):
            self._tell(word)
        else:
            self.progress(word)

    def _leave_the_silent(self) -> None:
        limit = monotonic() - self.patience_s
        for source in [name for name, sign in self.last_sign.items() if sign < limit]:
            del self.last_sign[source]
            self.abandoned[source].set()
            why = f"no sign of life for {self.patience_s:g} s"
            self._tell(Outcome(source, None, "failed", why=why, left=True))

    def _tell(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.report(outcome)


def by_source(collectors: Sequence[Collector]) -> dict[str, list[Collector]]:
    """Collectors of the same source together, in the order given."""
    ordered = sorted(collectors, key=lambda collector: collector.source)
    return {source: list(group) for source, group in groupby(ordered, lambda one: one.source)}


class _Either(Event):
    """Set when either of two is."""

    def __init__(self, one: Event, other: Event) -> None:
        super().__init__()
        self._two = one, other

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._two)


@dataclass(frozen=True)
class _Work:
    memory: Memory
    source: str
    collectors: Sequence[Collector]
    pairs: Sequence[str]
    since: int
    until: int
    stop: Event

    def run(self, say: Callable[[_Said], None]) -> None:
        """In the source's thread: every series in order; ends with a word, whatever happens."""
        try:
            self._fill(self._tasks(say), say)
        finally:
            say(_End(self.source))

    def _tasks(self, say: Callable[[_Said], None]) -> list[tuple[Collector, Task]]:
        found: list[tuple[Collector, Task]] = []
        for collector in self.collectors:
            try:
                found += [(collector, task) for task in collector.tasks(self.pairs)]
            except Exception as error:
                say(self._failed(None, error))
        return found

    def _fill(self, tasks: list[tuple[Collector, Task]], say: Callable[[_Said], None]) -> None:
        answered = failures = 0
        for number, (collector, task) in enumerate(tasks):
            if self.stop.is_set():
                return
            if failures >= GIVE_UP_AFTER and not answered:
                left = f"{failures} series failed and none came; {len(tasks) - number} not asked"
                say(Outcome(self.source, None, "failed", why=left))
                return

            def reached(share: float, number: int = number, task: Task = task) -> None:
                say(Progress(self.source, number, len(tasks), share, task.series))

            reached(0.0)
            outcome = self._one(collector, task, reached)
            answered += outcome.state == "done"
            failures += outcome.state == "failed"
            say(outcome)
            say(Progress(self.source, number + 1, len(tasks), 0.0, None))

    def _one(self, collector: Collector, task: Task, reached: Callable[[float], None]) -> Outcome:
        try:
            filled = fill_task(
                self.memory, collector, task,
                since=self.since, until=self.until, stop=self.stop, reached=reached,
            )  # fmt: skip
        except Exception as error:
            return self._failed(task.series, error)
        state: State = "stopped" if self.stop.is_set() else "done"
        return Outcome(self.source, task.series, state, filled)

    def _failed(self, series: Series | None, error: Exception) -> Outcome:
        state: State = "skipped" if isinstance(error, MissingKey) else "failed"
        return Outcome(self.source, series, state, why=plainly(error))
