"""Join candles with what was known at their close: one query and one merge a series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.memory.as_of import age, latest, pick, replaced_at, sum_between
from hydra_quant.memory.columns import (
    COLUMNS,
    LIQUIDATIONS,
    LISTENING_DELAY_MS,
    NAMES,
    MemoryColumn,
)
from hydra_quant.memory.errors import StoreError
from hydra_quant.memory.kinds import kind_of
from hydra_quant.memory.series import MINUTE_MS, Series
from hydra_quant.memory.store import Memory

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Extra = Mapping[Series, DataFrame]


@dataclass(frozen=True)
class Reading:
    """How candles are joined.

    Attributes
    ----------
    candle_ms : int
        Width of a candle.
    sources : tuple of str
        Whom to believe first; sources that are not named come after, by name.
    max_age_ms : dict of str to int
        Oldest fact that a column may show, instead of the column's own default (or three of its
        series' periods, where those are longer).
    """

    candle_ms: int
    sources: tuple[str, ...] = ()
    max_age_ms: Mapping[str, int] | None = None

    def oldest(self, column: str, period_ms: int = 0) -> int:
        """Milliseconds, for one column: what is set, or the column's default, but three periods.

        A fact about an hour is over and published more than an hour after its event time, and
        stands until the next one: less than three periods would leave gaps in a regular source.
        """
        default = max(COLUMNS[column].max_age_ms, 3 * period_ms)
        return (self.max_age_ms or {}).get(column, default)


def as_of(
    memory: Memory,
    frame: DataFrame,
    pair: str,
    columns: Sequence[str],
    reading: Reading,
    extra: Extra | None = None,
) -> DataFrame:
    """What was known at each candle's close.

    Parameters
    ----------
    memory : Memory
    frame : DataFrame
        Candles with a ``date`` column of dates (open time; UTC where it names no zone), in any
        order and of any unit.
    pair : str
        ``'BTC/USDT:USDT'``.
    columns : sequence of str
        Names of `hydra_quant.memory.columns.NAMES`.
    reading : Reading
    extra : dict of Series to DataFrame, optional
        Facts from elsewhere (freqtrade's own candle files): ``event_time``, ``known_at``, values.

    Returns
    -------
    DataFrame of float64 with the frame's index
        Each column, and beside it ``<column>_age`` in minutes from the fact's event to the candle's
        close. NaN where nothing was known or what was known is older than its column allows; the
        age is shown either way. A sum over a candle's length (liquidations) ends one minute before
        the close, because that a minute was heard is known only after it; it is NaN unless every
        minute of it was heard, and has no age.

    Raises
    ------
    StoreError
        For an unknown column, with the nearest known one; for candles without open times.
    """
    for name in columns:
        require_known(name)
    opens, back = np.unique(open_times(frame), return_inverse=True)
    source = _Source(memory, pair, reading, extra or {}, opens, opens + reading.candle_ms)
    found: dict[str, Floats] = {}
    for name in columns:
        found |= source.sums(name) if name in LIQUIDATIONS else source.column(COLUMNS[name])
    return DataFrame({name: column[back] for name, column in found.items()}, index=frame.index)


def open_times(frame: DataFrame) -> Ints:
    """Open times of candles, epoch ms, in the frame's order.

    Raises
    ------
    StoreError
        For candles without a column of dates.
    """
    date = frame.get("date")
    if date is None or not pd.api.types.is_datetime64_any_dtype(date.dtype) or date.isna().any():
        raise StoreError('candles need a "date" column of dates (open time, UTC), none missing')
    return pd.DatetimeIndex(date).as_unit("ms").asi8


def require_known(name: str) -> None:
    """Refuse a column that the memory has not, with the nearest one that it has.

    Raises
    ------
    StoreError
    """
    if name not in NAMES:
        near = get_close_matches(name, NAMES, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(NAMES)}"
        raise StoreError(f'the memory has no column "{name}"; {hint}')


@dataclass
class _Source:
    """The rows behind one join; each series is read once."""

    memory: Memory
    pair: str
    reading: Reading
    extra: Extra
    opens: Ints
    closes: Ints

    def __post_init__(self) -> None:
        self._found: dict[Series, tuple[DataFrame, Ints]] = {}
        self._inside: dict[Series, DataFrame] = {}
        self._all = [*self.memory.series(), *self.extra]

    def column(self, column: MemoryColumn) -> dict[str, Floats]:
        subject = self._subject(column)
        series = self._choose(column.kind, column.series_name, subject, width=column.period_ms)
        if series is None or not len(self.closes):
            nothing = np.full(len(self.closes), np.nan)
            return {column.name: nothing, f"{column.name}_age": nothing}
        rows, at = self._last_known(series)
        values = column.formula({name: rows[name].to_numpy(float) for name in column.reads})
        old = age(rows["event_time"].to_numpy(np.int64), at, self.closes)
        fresh = old <= self.reading.oldest(column.name, series.period_ms)
        return {
            column.name: np.where(fresh, pick(values, at), np.nan),
            f"{column.name}_age": old / MINUTE_MS,
        }

    def sums(self, name: str) -> dict[str, Floats]:
        heard = self._choose("listening", "liquidations", self.pair)
        if heard is None or not len(self.closes):
            return {name: np.full(len(self.closes), np.nan)}
        minutes = self._read_inside(heard)
        listened = self._sum(minutes, np.ones(len(minutes)))
        whole = listened == self.reading.candle_ms // MINUTE_MS
        series = self._choose("liquidations", "", self.pair, heard.source)
        if series is None:
            return {name: np.where(whole, 0.0, np.nan)}
        rows = self._read_inside(series)
        value = (rows["price"] * rows["amount"]).to_numpy(float)
        value = np.where(rows["side"].to_numpy() == LIQUIDATIONS[name], value, 0.0)
        return {name: np.where(whole, self._sum(rows, value), np.nan)}

    def _sum(self, rows: DataFrame, amount: Floats) -> Floats:
        event, known = (rows[name].to_numpy(np.int64) for name in ("event_time", "known_at"))
        facts = pd.factorize(rows["item"])[0] if "item" in rows else event
        opens, closes = self.opens - LISTENING_DELAY_MS, self.closes - LISTENING_DELAY_MS
        valid = known, replaced_at(facts, known)
        return sum_between(event, amount, valid, (opens, closes, self.closes))

    def _last_known(self, series: Series) -> tuple[DataFrame, Ints]:
        if series not in self._found:
            since = self.memory.newest(series, int(self.closes[0]))
            rows = self._read(series, since)
            event, known = (rows[name].to_numpy(np.int64) for name in ("event_time", "known_at"))
            # Nothing is known before it is over, whatever a row from elsewhere says.
            known = np.maximum(known, event + series.period_ms)
            self._found[series] = rows, latest(event, known, self.closes)
        return self._found[series]

    def _read_inside(self, series: Series) -> DataFrame:
        """Rows about the candles' own time."""
        if series not in self._inside:
            self._inside[series] = self._read(series, int(self.opens[0]) - LISTENING_DELAY_MS)
        return self._inside[series]

    def _read(self, series: Series, since: int | None) -> DataFrame:
        names = _read_by_columns(series.kind)
        stored = self.memory.rows(series, names, since, int(self.closes[-1]) + 1)
        parts = [part for part in (stored, self.extra.get(series)) if part is not None]
        return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)

    def _subject(self, column: MemoryColumn) -> str:
        if column.subject == "pair":
            return self.pair
        return self.pair.split("/")[0] if column.subject == "asset" else column.subject

    def _choose(
        self,
        kind: str,
        name: str,
        subject: str,
        source: str | None = None,
        width: int | None = None,
    ) -> Series | None:
        """The series to believe: the first source in order, and of its widths the finest."""
        fitting = [
            series
            for series in self._all
            if (series.kind, series.name, series.subject) == (kind, name, subject)
            and source in (None, series.source)
            and width in (None, series.period_ms)
        ]
        return min(fitting, key=self._rank, default=None)

    def _rank(self, series: Series) -> tuple[int, str, int]:
        order = self.reading.sources
        place = order.index(series.source) if series.source in order else len(order)
        return place, series.source, series.period_ms


def _read_by_columns(kind: str) -> list[str]:
    """The values of a kind that columns or sums are made of."""
    read = {name for column in COLUMNS.values() if column.kind == kind for name in column.reads}
    summed = {"liquidations": {"side", "price", "amount"}, "listening": {"messages"}}
    wanted = read | summed.get(kind, set())
    return [name for name in kind_of(kind).values if name in wanted]
