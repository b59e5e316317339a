"""Fills one series: asks for what is missing and commits page by page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event

import numpy as np
import pandas as pd
from pandas import DataFrame
from sqlalchemy import func, select

from hydra_quant.collectors.collector import Collector, Task
from hydra_quant.memory import Memory, Series, Written
from hydra_quant.memory.kinds import KINDS, SERIES
from hydra_quant.memory.series import DAY_MS

HEAD_CHUNK_MS = 30 * DAY_MS
HEAD_CHUNK_PERIODS = 2_000

Reached = Callable[[float], None]


@dataclass(frozen=True)
class Filled:
    """What became of one series.

    Attributes
    ----------
    written : counts of rows
    malformed : rows that the collector left out because they cannot be read
    """

    written: Written = field(default_factory=Written)
    malformed: int = 0

    def __add__(self, other: "Filled") -> "Filled":
        return Filled(self.written + other.written, self.malformed + other.malformed)


def ends(memory: Memory, series: Series) -> tuple[int, int] | None:
    """Event times (epoch ms) of the first and the newest stored fact; None when nothing is.

    Two steps into an index, however long the series is; `Memory.extent` counts its rows.
    """
    time = KINDS[series.kind].table.c.event_time
    own = KINDS[series.kind].table.c.series_id
    fields = Series.__dataclass_fields__
    of_series = [SERIES.c[name] == getattr(series, name) for name in fields]
    with memory.engine.connect() as connection:
        series_id = connection.execute(select(SERIES.c.id).where(*of_series)).scalar()
        first = connection.execute(select(func.min(time)).where(own == series_id)).scalar()
        last = connection.execute(select(func.max(time)).where(own == series_id)).scalar()
    return None if first is None or last is None else (int(first), int(last))


def fill_task(
    memory: Memory,
    collector: Collector,
    task: Task,
    *,
    since: int,
    until: int,
    stop: Event,
    following_since: int | None = None,
    reached: Reached = lambda share: None,
) -> Filled:
    """Fetch what is missing between `since` and `until` and store it.

    Where nothing is stored, everything the source still serves; else what is newer than the newest
    stored fact (and `Task.overlap_ms` before it), then what lies before the first one. No hole is
    made where the source has none: the stored part stays one piece, wherever this is interrupted,
    so that the next call finds its way by the two ends alone. Forward pages are therefore
    committed as they come, the earlier part in chunks of 30 days or 2000 rows, newest first, until
    a chunk is empty.

    Parameters
    ----------
    memory, collector, task : where to, from where, what
    since, until : epoch ms; facts from `since` on, before `until`
    stop : when set, returns after the page at hand
    following_since : as `Memory.write` takes it
    reached : told the share of the work that is done, 0-1, after every page

    Raises
    ------
    SourceError
        From the collector; what came before it is committed.
    """
    if task.reach_ms == 0:
        # It describes the moment of asking, however late in a sweep that comes: known from then.
        now = memory.clock()
        until, following_since = now, min(following_since or now, now - task.poll_ms)
    filling = _Filling(memory, collector, task, stop, following_since, reached)
    if task.reach_ms == 0:
        return filling.forward(until - task.poll_ms, until)
    served = since if task.reach_ms is None else until - task.reach_ms
    earliest = max(since, served)
    stored = ends(memory, task.series)
    if stored is None:
        return filling.forward(earliest, until)
    first, last = stored
    # What nobody collected within the source's reach is lost; asking for it would be an error.
    onward = last - task.overlap_ms
    filled = filling.forward(onward if task.reach_ms is None else max(onward, served), until)
    if first - earliest > task.series.period_ms:
        filled += filling.backward(earliest, first)
    return filled


@dataclass(frozen=True)
class _Filling:
    memory: Memory
    collector: Collector
    task: Task
    stop: Event
    following_since: int | None
    reached: Reached

    def forward(self, start: int, end: int) -> Filled:
        """Pages from old to new, each committed as it comes."""
        filled = Filled()
        for page in self._pages(start, end):
            filled += self._write(page)
            self.reached(_share(page, start, end))
        return filled

    def backward(self, start: int, end: int) -> Filled:
        """Chunks from new to old, and the pages of each as well."""
        width = max(HEAD_CHUNK_MS, HEAD_CHUNK_PERIODS * self.task.series.period_ms)
        filled = Filled()
        for begin in range(end - width, start - width, -width):
            low, high = max(begin, start), begin + width
            pages = list(self._pages(low, high))
            if self.stop.is_set() or not any(len(page) for page in pages):
                break
            for page in reversed(pages):
                filled += self._write(page)
            self.reached((end - low) / (end - start))
        return filled

    def _pages(self, start: int, end: int) -> Iterator[DataFrame]:
        if start >= end or self.stop.is_set():
            return
        for page in self.collector.pages(self.task, start, end):
            if self.stop.is_set():
                return
            yield page

    def _write(self, page: DataFrame) -> Filled:
        malformed = int(page.attrs.get("malformed", 0))
        if page.empty:
            return Filled(malformed=malformed)
        written = self.memory.write(self.task.series, page, self.following_since)
        return Filled(written, malformed)


def _share(page: DataFrame, start: int, end: int) -> float:
    times = pd.to_numeric(page.get("event_time", pd.Series(dtype=float)), errors="coerce")
    newest = float(times.max()) if len(times) else np.nan
    return float(np.clip((newest - start) / (end - start), 0, 1)) if np.isfinite(newest) else 0.0
