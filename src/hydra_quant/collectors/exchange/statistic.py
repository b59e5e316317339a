"""A statistic that an exchange serves in windows of time, and how it becomes rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pandas import DataFrame

from hydra_quant.collectors.collector import Task
from hydra_quant.collectors.exchange.client import Client
from hydra_quant.memory import Series

Row = Mapping[str, Any]
Fetch = Callable[[Any, Mapping[str, Any], str, int, int, int], Sequence[Any]]


@dataclass(frozen=True)
class Statistic:
    """One kind of row that an exchange serves.

    Attributes
    ----------
    kind, name : str
        Which series it fills.
    fetch : callable
        ``fetch(ccxt, market, period, start, end, limit)``: raw rows of ``start <= time < end``
        (epoch ms), in any order.
    read : callable
        From a raw row and its market to ``event_time`` and the kind's values; a KeyError,
        IndexError, TypeError or ValueError says that the row is malformed.
    limit : int
        Most rows an answer can hold. One window is that many periods, so that none is cut off.
    step_ms : int or None
        The shortest time between rows where there is no period (funding).
    reach_ms : int, dict of str to int, or None
        How far back it is served, by period where that differs; None: from the beginning.
    periods : tuple of str
        Bar widths that are served; empty: it has none.
    """

    kind: str
    name: str
    fetch: Fetch
    read: Callable[[Any, Mapping[str, Any]], Row]
    limit: int
    step_ms: int | None = None
    reach_ms: int | Mapping[str, int] | None = None
    periods: tuple[str, ...] = ()


class Statistics:
    """The statistics of one exchange.

    Parameters
    ----------
    client : Client
    statistics : sequence of Statistic
    period : str
        Bar width; statistics that do not have it are left out.
    """

    def __init__(self, client: Client, statistics: Sequence[Statistic], period: str) -> None:
        self.source = client.source
        self._client, self._period = client, period
        self._period_ms = int(client.ccxt.parse_timeframe(period)) * 1000
        self._of = {(s.kind, s.name): s for s in statistics if not s.periods or period in s.periods}

    def tasks(self, pairs: Sequence[str]) -> Sequence[Task]:
        """Every statistic of every pair."""
        return [
            Task(self._series(statistic, pair), reach_ms=self._reach(statistic))
            for pair in pairs
            for statistic in self._of.values()
        ]

    def pages(self, task: Task, start: int, end: int) -> Iterator[DataFrame]:
        """One page a window, oldest first.

        Raises
        ------
        SourceError
            When the exchange does not list the pair, or does not answer as it documents.
        """
        statistic = self._of[task.series.kind, task.series.name]
        market = self._client.market(task.series.subject)
        width = statistic.limit * (statistic.step_ms or self._period_ms)
        what = f"{task.series.name or task.series.kind} of {task.series.subject}"
        for begin in range(start, end, width):
            until = min(begin + width, end)
            raw = self._client.ask(what, self._window(statistic, market, begin, until))
            yield _page(raw, statistic, market, begin, until)

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def _reach(self, statistic: Statistic) -> int | None:
        reach = statistic.reach_ms
        return reach[self._period] if isinstance(reach, Mapping) else reach

    def _window(
        self, statistic: Statistic, market: Mapping[str, Any], start: int, end: int
    ) -> Callable[[Any], Sequence[Any]]:
        def ask(ccxt: Any) -> Sequence[Any]:
            raw = statistic.fetch(ccxt, market, self._period, start, end, statistic.limit)
            if not isinstance(raw, list):
                raise TypeError(f"not a list but {type(raw).__name__}")
            return raw

        return ask

    def _series(self, statistic: Statistic, pair: str) -> Series:
        period_ms = self._period_ms if statistic.periods else 0
        return Series(statistic.kind, self.source, pair, statistic.name, period_ms)


def _page(
    raw: Sequence[Any], statistic: Statistic, market: Mapping[str, Any], start: int, end: int
) -> DataFrame:
    rows: list[Row] = []
    malformed = 0
    for item in raw:
        try:
            row = statistic.read(item, market)
        except (KeyError, IndexError, TypeError, ValueError):
            malformed += 1
            continue
        if start <= row["event_time"] < end:
            rows.append(row)
    frame = DataFrame(rows) if rows else DataFrame({"event_time": np.array([], dtype=np.int64)})
    frame.attrs["malformed"] = malformed
    return frame


def number(text: Any) -> float:
    """A finite number out of what an exchange wrote; ValueError for anything else."""
    value = float(text)
    if not np.isfinite(value):
        raise ValueError(text)
    return value


def sides(ratio: float) -> tuple[float, float]:
    """Shares of longs and shorts out of longs divided by shorts; ValueError below 0."""
    if ratio < 0:
        raise ValueError(ratio)
    return ratio / (1 + ratio), 1 / (1 + ratio)
