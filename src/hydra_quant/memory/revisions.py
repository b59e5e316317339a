"""Which of the rows at hand are new, which correct a stored one, and when each was known."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

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


def known_from(
    rows: DataFrame, series: Series, lag_ms: int, now_ms: int, following_since: int | None
) -> Ints:
    """When each row could first be read, int array of shape (n_rows,).

    The source's own word (a ``known_at`` column; not before the row's period is over, and not
    later than it is read) or the end of the row's period and the publication lag. What a running
    follower saw later than that, it knew only when it saw it.
    """
    over = rows["event_time"].to_numpy(np.int64) + series.period_ms
    told = rows["known_at"].to_numpy(np.float64)
    said = np.clip(np.nan_to_num(told), over, now_ms).astype(np.int64)
    known = np.where(np.isfinite(told), said, over + lag_ms)
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
    if stored.empty:
        return rows, Written(new=len(rows))
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
