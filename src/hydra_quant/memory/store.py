"""The store: write what a source said, read it back as it was known."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd
from pandas import DataFrame
from sqlalchemy import bindparam, delete, func, insert, select, text
from sqlalchemy.engine import URL, Connection

from hydra_quant.memory.checks import sound
from hydra_quant.memory.engine import open_engine
from hydra_quant.memory.kinds import KINDS, SERIES, Kind, kind_of
from hydra_quant.memory.lags import Lags
from hydra_quant.memory.revisions import Written, known_from, plan
from hydra_quant.memory.series import Series
from hydra_quant.memory.tables import fetch, insert_rows

ITEMS_A_QUERY = 500


def now_ms() -> int:
    """Epoch milliseconds, UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Extent:
    """How much of a series is stored.

    Attributes
    ----------
    series : Series
    first, last : event times of its ends, epoch ms
    facts : number of different events or items
    rows : number of rows, revisions counted
    collected_at : when the newest row was written, epoch ms
    """

    series: Series
    first: int
    last: int
    facts: int
    rows: int
    collected_at: int


class Memory:
    """What was known when, from every source.

    Times are epoch milliseconds, UTC, everywhere. Instances may be used from several threads, and
    several processes may write to one database at once: a write takes its turn.

    Parameters
    ----------
    url : str
        SQLAlchemy address: ``sqlite:///user_data/hydra/memory.sqlite`` or
        ``postgresql+psycopg://user@host/database``.
    lags : Lags
        Publication lags.
    clock : callable
        The present, epoch ms.

    Raises
    ------
    StoreError
        When the database cannot be opened.
    """

    def __init__(
        self, url: str | URL, lags: Lags | None = None, clock: Callable[[], int] = now_ms
    ) -> None:
        self.engine = open_engine(url)
        self.lags = lags or Lags()
        self.clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go; nothing is pending, every write has been committed."""
        self.engine.dispose()

    # --- writing ------------------------------------------------------------------------------

    def write(self, series: Series, rows: DataFrame, following_since: int | None = None) -> Written:
        """Store what is not stored yet, all of it or nothing.

        Parameters
        ----------
        series : Series
            What the rows belong to.
        rows : DataFrame
            ``event_time`` (epoch ms), the kind's value columns (those left out are missing),
            ``item`` where the kind has items, and ``known_at`` where the source itself says when
            it published. In any order; repeated rows count once.
        following_since : int, optional
            When the caller began to follow the source without pause, epoch ms. A row that could
            have been read since then, and was only read now, is known from now on.

        Returns
        -------
        Written
            What was new, revised, unchanged and refused (by reason). A row that says something
            else about a stored fact is stored beside it and known from now on.

        Raises
        ------
        StoreError
            When the kind or a column is unknown, or a column is missing.
        """
        kind = kind_of(series.kind)
        rows, refused = sound(series, kind, rows, self.clock())
        if rows.empty:
            return Written(refused=refused)
        with self._turn(series) as connection:
            now = self.clock()
            series_id = self._identify(connection, series)
            known = known_from(rows, series, self.lags.of(series), now, following_since)
            stored = self._stored(connection, kind, series_id, rows)
            chosen, written = plan(kind, rows, known, stored, now)
            insert_rows(connection, kind, chosen.assign(series_id=series_id, collected_at=now))
        return written + Written(refused=refused)

    def forget(self, series: Series, before: int) -> int:
        """Delete a series' rows with an earlier event time; how many went."""
        table = kind_of(series.kind).table
        with self._turn(series) as connection:
            series_id = self._find(connection, series)
            old = (table.c.series_id == series_id) & (table.c.event_time < before)
            return int(connection.execute(delete(table).where(old)).rowcount)

    # --- reading ------------------------------------------------------------------------------

    def series(self, kind: str | None = None) -> list[Series]:
        """All series, or those of one kind, in order."""
        query = select(*(SERIES.c[name] for name in ("kind", "source", "subject", "name")))
        query = query.add_columns(SERIES.c.period_ms)
        if kind is not None:
            query = query.where(SERIES.c.kind == kind)
        with self.engine.connect() as connection:
            return sorted(Series(*row) for row in connection.execute(query))

    def rows(
        self,
        series: Series,
        columns: Sequence[str] | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> DataFrame:
        """Every revision with ``start <= event_time < end``, by event time, then as it was known.

        Returns
        -------
        DataFrame
            ``event_time``, ``known_at``, ``item`` where the kind has items, and `columns` (all
            values by default), of float64 where they are numbers. No rows for an unknown series.
        """
        kind = kind_of(series.kind)
        names = ["event_time", "known_at", *(["item"] if kind.items else [])]
        names += kind.values if columns is None else columns
        with self.engine.connect() as connection:
            series_id = self._find(connection, series)
            query = select(*(kind.table.c[name] for name in names))
            query = query.where(kind.table.c.series_id == series_id)
            if start is not None:
                query = query.where(kind.table.c.event_time >= start)
            if end is not None:
                query = query.where(kind.table.c.event_time < end)
            order = [kind.table.c[name] for name in ("event_time", "known_at")]
            return fetch(connection, query.order_by(*order), kind, names)

    def newest(self, series: Series, at: int) -> int | None:
        """Event time of the newest fact that was known at a time, epoch ms; None without one."""
        table = kind_of(series.kind).table
        with self.engine.connect() as connection:
            query = (
                select(table.c.event_time)
                .where(table.c.series_id == self._find(connection, series))
                .where(table.c.event_time <= at, table.c.known_at <= at)
                .order_by(table.c.event_time.desc())
                .limit(1)
            )
            return connection.execute(query).scalar()

    def extent(self, series: Series) -> Extent | None:
        """How much of one series is stored; None when nothing is."""
        return next((found for found in self.extents(series.kind) if found.series == series), None)

    def extents(self, kind: str | None = None) -> list[Extent]:
        """How much of each series is stored, in order; series without rows are left out."""
        found: list[Extent] = []
        with self.engine.connect() as connection:
            for name in [kind] if kind else KINDS:
                found += _extents(connection, KINDS[name])
        return sorted(found, key=lambda extent: extent.series)

    # --- the database's side ------------------------------------------------------------------

    @contextmanager
    def _turn(self, series: Series) -> Iterator[Connection]:
        """A transaction that no other writer of this series overlaps."""
        writer = self.engine.connect().execution_options(writes=True)
        with writer as connection, connection.begin():
            if self.engine.dialect.name == "postgresql":
                lock = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
                connection.execute(lock, {"name": f"hydra {series}"})
            yield connection

    def _identify(self, connection: Connection, series: Series) -> int:
        found = self._find(connection, series)
        if found is None:
            connection.execute(insert(SERIES).values(_identity(series)))
            found = self._find(connection, series)
        assert found is not None
        return found

    def _find(self, connection: Connection, series: Series) -> int | None:
        """Its number; asked every time: another database may have taken this one's place."""
        query = select(SERIES.c.id)
        for name, value in _identity(series).items():
            query = query.where(SERIES.c[name] == value)
        return connection.execute(query).scalar()

    def _stored(
        self, connection: Connection, kind: Kind, series_id: int, rows: DataFrame
    ) -> DataFrame:
        """The newest revision of every fact that `rows` speak of."""
        names = [*(["item"] if kind.items else []), "event_time", "known_at", *kind.values]
        table = kind.table
        query = select(*(table.c[name] for name in names)).where(table.c.series_id == series_id)
        if kind.items:
            query = query.where(table.c.item.in_(bindparam("items", expanding=True)))
            items = rows["item"].tolist()
            parts = [
                fetch(connection, query, kind, names, {"items": items[at : at + ITEMS_A_QUERY]})
                for at in range(0, len(items), ITEMS_A_QUERY)
            ]
            stored = pd.concat(parts)
        else:
            ends = int(rows["event_time"].min()), int(rows["event_time"].max())
            query = query.where(table.c.event_time.between(*ends))
            stored = fetch(connection, query, kind, names)
        stored = stored.sort_values("known_at", kind="stable")
        return stored.drop_duplicates(list(kind.key), keep="last")


def _identity(series: Series) -> dict[str, Any]:
    return {name: getattr(series, name) for name in Series.__dataclass_fields__}


def _extents(connection: Connection, kind: Kind) -> Iterator[Extent]:
    table = kind.table
    fact = table.c[kind.key[0]]
    query = (
        select(
            *(SERIES.c[name] for name in Series.__dataclass_fields__),
            func.min(table.c.event_time),
            func.max(table.c.event_time),
            func.count(fact.distinct()),
            func.count(),
            func.max(table.c.collected_at),
        )
        .join(SERIES, SERIES.c.id == table.c.series_id)
        .group_by(SERIES.c.id)
    )
    for row in connection.execute(query):
        first, last, facts, rows, collected_at = row[5:]
        yield Extent(Series(*row[:5]), first, last, facts, rows, collected_at)
