"""What every collector is: a source, the series it fills, and pages of rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from pandas import DataFrame

from hydra_quant.memory import Memory, Series
from hydra_quant.memory.series import MINUTE_MS


class SourceError(Exception):
    """A source could not be read; one line, without keys. The other sources go on."""

    def __init__(self, source: str, what: str) -> None:
        super().__init__(f"{source}: {what}")
        self.source, self.what = source, what


class MissingKey(SourceError):
    """A source needs a key that the environment does not hold; the line names the variable."""


@dataclass(frozen=True)
class Task:
    """One series that a collector can fill.

    Attributes
    ----------
    series : Series
    reach_ms : int or None
        How far back the source serves; None: from its beginning; 0: the present only.
    poll_ms : int
        How often there may be something new.
    overlap_ms : int
        How much before the newest stored fact is asked again, for sources that correct themselves.
    """

    series: Series
    reach_ms: int | None = None
    poll_ms: int = MINUTE_MS
    overlap_ms: int = 0


class Collector(Protocol):
    """A source that is asked."""

    source: str

    def tasks(self, pairs: Sequence[str]) -> Sequence[Task]:
        """The series this source can fill for these pairs."""
        ...

    def pages(self, task: Task, start: int, end: int) -> Iterator[DataFrame]:
        """Rows with ``start <= event_time < end`` (epoch ms) as `Memory.write` takes them.

        Pages come oldest first: each is committed by itself, and the newest stored fact is where
        the next run goes on. A source that pages backwards is read to its end before it yields.
        Rows that are malformed are left out and counted in `DataFrame.attrs['malformed']`.

        Raises
        ------
        SourceError
            When the source does not answer, or not with what it documents.
        """
        ...

    def close(self) -> None:
        """Let connections go."""
        ...


class Stream(Protocol):
    """A source that speaks by itself, over a websocket."""

    source: str

    def listen(self, memory: Memory, pairs: Sequence[str], stop: Event) -> None:
        """Write what is heard until `stop` is set; reconnects by itself, with backoff.

        Raises
        ------
        SourceError
            When the source can never be heard (unknown pair, no such stream).
        """
        ...
