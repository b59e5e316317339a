"""Checks of stored facts: pure functions from a series' rows to findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.memory import Extent, Series
from hydra_quant.memory.kinds import KINDS
from hydra_quant.validation.findings import Finding
from hydra_quant.validation.spacing import gaps, usual_step

Bools = NDArray[np.bool_]
Family = tuple[str, str, str, int]
HOUR_MS = 3_600_000
# Kinds whose rows come at a pace of their own; news, forced orders and decisions come as they come.
PACED = (
    *("ratios", "funding", "open_interest", "premium_index", "listening", "book_snapshots"),
    *("onchain_metrics", "indices"),
)
# A funding rate rests at its floor for weeks, and nobody speaks for hours: both are no defect.
MAY_REST = ("funding", "listening", "liquidations")
# On real series from eight origins the longest honest rest was 16 rows (weekly search counts).
MAX_REPEATS = 24
LATE_STEPS = 3


@dataclass(frozen=True)
class FactLimits:
    """What is too much.

    Attributes
    ----------
    repeats : int
        Rows in a row with the same values.
    age_hours : float or None
        Age of the newest fact; None: imported history may be as old as it is.
    """

    repeats: int = MAX_REPEATS
    age_hours: float | None = None


def check_facts(series: Series, rows: DataFrame, limits: FactLimits) -> list[Finding]:
    """Everything that the rows of one series show.

    Parameters
    ----------
    series : Series
    rows : DataFrame
        As `Memory.rows` returns them: every revision, by event time, then as it was known.
    limits : FactLimits
    """
    checks: Sequence[Callable[[Series, DataFrame, FactLimits], list[Finding]]]
    checks = (_gaps, _early, _duplicates, _ranges, _stuck)
    return [finding for check in checks for finding in check(series, rows, limits)]


def check_ends(extents: Sequence[Extent], now_ms: int, limits: FactLimits) -> list[Finding]:
    """Series that ended before their neighbours (same kind, source, name and period), or
    long ago.

    A series has stopped when it ends more than three periods, and more than a day, before the
    newest of its neighbours.
    """
    newest: dict[Family, int] = {}
    for one in extents:
        newest[_family(one)] = max(one.last, newest.get(_family(one), 0))
    found = []
    for one in extents:
        where, end = str(one.series), newest[_family(one)]
        if one.series.kind not in PACED:
            continue
        if end - one.last > max(LATE_STEPS * one.series.period_ms, 24 * HOUR_MS):
            days = (end - one.last) / (24 * HOUR_MS)
            what = f"ends {days:.0f} days before others of its kind"
            found.append(Finding("stopped", where, what, one.last, end))
        age = (now_ms - one.last) / HOUR_MS
        if limits.age_hours is not None and age > limits.age_hours:
            what = f"newest fact is {age:.0f} h old, more than {limits.age_hours:g}"
            found.append(Finding("age", where, what, one.last, now_ms))
    return found


def _family(extent: Extent) -> Family:
    series = extent.series
    return series.kind, series.source, series.name, series.period_ms


def _gaps(series: Series, rows: DataFrame, limits: FactLimits) -> list[Finding]:
    if series.kind not in PACED:
        return []
    times = rows["event_time"].to_numpy(np.int64)
    found = gaps(times, series.period_ms)
    step = usual_step(times, series.period_ms) / HOUR_MS
    ends = zip(found.before, found.after, found.missing, strict=True)
    return [
        Finding(
            "gap", str(series), f"{n} missing, one is due every {step:g} h", int(a), int(b), int(n)
        )
        for a, b, n in ends
    ]


def _early(series: Series, rows: DataFrame, limits: FactLimits) -> list[Finding]:
    """Known before it happened, or before the period that it describes was over."""
    end = rows["event_time"] + (0 if KINDS[series.kind].items else series.period_ms)
    early = (rows["known_at"] < end).to_numpy(bool)
    return _spans("known too early", series, rows, early, "known before its period was over")


def _duplicates(series: Series, rows: DataFrame, limits: FactLimits) -> list[Finding]:
    """Revisions that revise nothing."""
    key = list(KINDS[series.kind].key)
    ordered = rows.sort_values([*key, "known_at"], kind="stable")
    before = ordered.shift()
    values = [name for name in rows.columns if name not in ("event_time", "known_at", "item")]
    same = (ordered[key] == before[key]).all(axis=1)
    for name in values:
        both = ordered[name].isna() & before[name].isna()
        same &= (ordered[name] == before[name]).fillna(False).astype(bool) | both
    return _spans("duplicate", series, ordered, same.to_numpy(bool), "stored twice, equal values")


def _ranges(series: Series, rows: DataFrame, limits: FactLimits) -> list[Finding]:
    found = []
    for name, (low, high) in KINDS[series.kind].ranges.items():
        if name not in rows:
            continue
        beyond = ((rows[name] < low) | (rows[name] > high)).to_numpy(bool)
        what = f"{name} beyond {low:g} to {high:g}"
        found += _spans("out of range", series, rows, beyond, what)
    return found


def _stuck(series: Series, rows: DataFrame, limits: FactLimits) -> list[Finding]:
    """Runs of equal values, one finding a run."""
    if series.kind not in PACED or series.kind in MAY_REST:
        return []
    latest = rows.drop_duplicates("event_time", keep="last")
    values = latest.drop(columns=["event_time", "known_at"]).select_dtypes("number")
    table = values.dropna(axis=1, how="all").to_numpy(float)
    if len(table) < 2 or not table.shape[1]:
        return []
    equal = (table[1:] == table[:-1]) | (np.isnan(table[1:]) & np.isnan(table[:-1]))
    begin, end = runs(np.concatenate([[False], equal.all(axis=1)]))
    times = latest["event_time"].to_numpy(np.int64)
    found = []
    for first, last in zip(begin - 1, end, strict=True):
        count = int(last - first + 1)
        if count > limits.repeats:
            what = f"the same values in {count} rows in a row"
            where = str(series)
            found.append(Finding("stuck", where, what, int(times[first]), int(times[last]), count))
    return found


def runs(flags: Bools) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last position of each run of True."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1


def _spans(check: str, series: Series, rows: DataFrame, bad: Bools, what: str) -> list[Finding]:
    """One finding for each run of bad rows."""
    times = rows["event_time"].to_numpy(np.int64)
    found = []
    for first, last in zip(*runs(bad), strict=True):
        count = int(last - first + 1)
        words = f"{count} {'row' if count == 1 else 'rows'} {what}"
        ends = int(times[first]), int(times[last])
        found.append(Finding(check, str(series), words, min(ends), max(ends), count))
    return found
