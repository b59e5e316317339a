"""Which of the rows at hand are new, which correct a stored one, which are refused."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.memory.errors import StoreError
from hydra_quant.memory.kinds import Kind
from hydra_quant.memory.series import Series

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Written:
    """What became of a batch.

    Attributes
    ----------
    new, revised, unchanged : number of rows stored for the first time, stored as a correction, and
        already there
    refused : number of rows by the reason why they were not stored
    """

    new: int = 0
    revised: int = 0
    unchanged: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Written") -> "Written":
        return Written(
            self.new + other.new,
            self.revised + other.revised,
            self.unchanged + other.unchanged,
            Counter(self.refused) + Counter(other.refused),
        )


def sound(
    series: Series, kind: Kind, rows: DataFrame, now_ms: int
) -> tuple[DataFrame, Counter[str]]:
    """Drop what cannot be a fact and say why; the rest has every column of its kind.

    Refused are rows without an event time or item, rows whose period was not over at `now_ms`,
    rows beyond the kind's ranges, and rows that say nothing. Of rows for the same fact the last
    one stays (a page that repeats a row says nothing twice).

    Raises
    ------
    StoreError
        When a column is unknown or missing: that is the program's mistake, not the source's.
    """
    _check_columns(kind, rows)
    rows = rows.reindex(columns=["event_time", *_items(kind), "known_at", *kind.values])
    why = pd.Series("", index=rows.index, dtype=object)
    event = pd.to_numeric(rows["event_time"], errors="coerce")
    for column, type_ in kind.values.items():
        if type_.python_type is not str:
            rows[column] = pd.to_numeric(rows[column], errors="coerce")
            finite = rows[column].isna() | np.isfinite(rows[column].astype(float))
            why[~finite] = f"{column} is not finite"
    for column, (low, high) in kind.ranges.items():
        number = rows[column].astype(float)
        why[(number < low) | (number > high)] = f"{column} out of range"
    why[rows[list(kind.values)].isna().all(axis=1)] = "says nothing"
    if kind.items:
        why[rows["item"].isna() | (rows["item"] == "")] = "no item"
    why[event + series.period_ms > now_ms] = "not over yet"
    why[~np.isfinite(event.astype(float)) | (event <= 0)] = "no event time"
    refused = Counter(why[why != ""].tolist())
    rows = rows[why == ""].copy()
    rows["event_time"] = event[rows.index].astype(np.int64)
    return rows.drop_duplicates(list(kind.key), keep="last").reset_index(drop=True), refused


def _items(kind: Kind) -> list[str]:
    return ["item"] if kind.items else []


def _check_columns(kind: Kind, rows: DataFrame) -> None:
    allowed = {"event_time", "known_at", *_items(kind), *kind.values}
    unknown = [column for column in rows.columns if column not in allowed]
    missing = [column for column in ("event_time", *_items(kind)) if column not in rows.columns]
    if unknown or missing:
        raise StoreError(
            f"rows of {kind.name} have columns {sorted(allowed)}; "
            f"unknown: {unknown or 'none'}, missing: {missing or 'none'}"
        )


def known_from(
    rows: DataFrame, series: Series, lag_ms: int, now_ms: int, following_since: int | None
) -> Ints:
    """When each row could first be read, int array of shape (n_rows,).

    The source's own word (a ``known_at`` column) or the end of the row's period and the
    publication lag. What a running follower saw later than that, it knew only when it saw it.
    """
    rule = rows["event_time"].to_numpy(np.int64) + series.period_ms + lag_ms
    told = pd.to_numeric(rows["known_at"], errors="coerce").to_numpy(float)
    known = np.where(np.isfinite(told), np.nan_to_num(told), rule).astype(np.int64)
    if following_since is None:
        return known
    return np.where(known >= following_since, np.maximum(known, now_ms), known)


def plan(
    kind: Kind, rows: DataFrame, known_at: Ints, stored: DataFrame, now_ms: int
) -> tuple[DataFrame, Written]:
    """Choose the rows to insert.

    Parameters
    ----------
    kind : Kind
    rows : sound rows, one a fact
    known_at : int array of shape (n_rows,)
    stored : the newest revision of each of these facts that is stored: key columns, event_time,
        known_at and values
    now_ms : the time of writing

    Returns
    -------
    Rows to insert with their ``known_at``, and the count. A fact that is stored with the same
    values is left alone. A correction keeps its fact's event time, and is known from now on, not
    from the time its fact was.
    """
    key = list(kind.key)
    rows = rows.assign(known_at=known_at)
    merged = rows.merge(stored, on=key, how="left", suffixes=("", "_stored"), indicator=True)
    there = (merged["_merge"] == "both").to_numpy()
    same = there.copy()
    for column in kind.values:
        same &= _equal(merged[column], merged[f"{column}_stored"])
    revised = there & ~same
    before = merged["known_at_stored"].fillna(-1).to_numpy(np.int64)
    rule = merged["known_at"].to_numpy(np.int64)
    later = np.maximum.reduce([rule, np.full(len(rule), now_ms), before + 1])
    merged["known_at"] = np.where(revised, later, rule)
    if kind.items and len(merged):
        first = merged["event_time_stored"].fillna(merged["event_time"])
        merged["event_time"] = first.astype(np.int64)
    chosen = merged.loc[~same, list(rows.columns)]
    counts = Written(int((~there).sum()), int(revised.sum()), int(same.sum()))
    return chosen, counts


def _equal(left: pd.Series, right: pd.Series) -> NDArray[np.bool_]:
    both_missing = left.isna().to_numpy() & right.isna().to_numpy()
    return np.asarray((left == right).fillna(False).to_numpy(bool) | both_missing)
