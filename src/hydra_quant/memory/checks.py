"""Which of the rows at hand can be facts; the others are refused, each for one reason."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame
from sqlalchemy import BigInteger

from hydra_quant.memory.errors import StoreError
from hydra_quant.memory.kinds import Kind
from hydra_quant.memory.series import Series

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
EXACT = 2.0**53  # beyond it a float64 no longer tells whole numbers apart


def sound(
    series: Series, kind: Kind, rows: DataFrame, now_ms: int
) -> tuple[DataFrame, Counter[str]]:
    """Drop what cannot be a fact and say why; the rest has every column of its kind.

    Refused are rows without an event time or item, rows whose period was not over at `now_ms`,
    rows with a value that is not of its column's type, not finite or out of range, and rows that
    say nothing. Numbers may come as text (``'1.5'``). Text loses NUL characters, and halves of
    surrogate pairs become U+FFFD, because databases cannot hold them; empty text says nothing. Of
    rows for the same fact the last one stays (a page that repeats a row says nothing twice).

    Raises
    ------
    StoreError
        When a column is unknown, missing or repeated, or event times are dates instead of epoch
        ms: that is the program's mistake, not the source's.
    """
    _check_columns(kind, rows)
    why = np.full(len(rows), "", dtype=object)
    event = _event_times(rows)
    kept: dict[str, Any] = {"event_time": event}
    for column, type_ in kind.values.items():
        if column not in rows.columns:
            kept[column] = np.full(len(rows), None if type_.python_type is str else np.nan, object)
        elif type_.python_type is str:
            kept[column] = _text(rows[column], why, column)
        else:
            kept[column] = _number(rows[column], why, column, whole=isinstance(type_, BigInteger))
    for column, (low, high) in kind.ranges.items():
        number = np.asarray(kept[column], dtype=np.float64)
        why[((number < low) | (number > high)) & np.isfinite(number)] = f"{column} out of range"
    why[_all_missing(kept, kind) & (why == "")] = "says nothing"
    if kind.items:
        kept["item"] = _text(_as_text(rows["item"]), why, "item")
        why[kept["item"] == None] = "no item"  # noqa: E711 (elementwise)
    why[event + series.period_ms > now_ms] = "not over yet"
    why[~(event > 0)] = "no event time"
    kept["known_at"] = _told(rows)
    good = why == ""
    result = DataFrame({name: column[good] for name, column in kept.items()})
    result["event_time"] = event[good].astype(np.int64)
    numbers = [name for name, type_ in kind.values.items() if type_.python_type is not str]
    result = result.astype(dict.fromkeys(numbers, np.float64))
    result = result.drop_duplicates(list(kind.key), keep="last").reset_index(drop=True)
    return result, Counter(why[~good].tolist())


def _check_columns(kind: Kind, rows: DataFrame) -> None:
    needed = ["event_time", *(["item"] if kind.items else [])]
    allowed = {*needed, "known_at", *kind.values}
    unknown = [column for column in rows.columns if column not in allowed]
    missing = [column for column in needed if column not in rows.columns]
    repeated = rows.columns[rows.columns.duplicated()].tolist()
    if unknown or missing or repeated:
        raise StoreError(
            f"rows of {kind.name} have columns {sorted(allowed)}; unknown: {unknown or 'none'}, "
            f"missing: {missing or 'none'}, repeated: {repeated or 'none'}"
        )


def _event_times(rows: DataFrame) -> Floats:
    """Epoch ms; NaN for what is none."""
    given = rows["event_time"]
    if pd.api.types.is_datetime64_any_dtype(given.dtype):
        raise StoreError("event_time is a date; it must be a number, epoch ms UTC")
    number = _parse(given)[0]
    return np.where(np.isfinite(number), np.floor(number), np.nan)


def _told(rows: DataFrame) -> Floats:
    """When the source itself says that it published, epoch ms; NaN where it does not."""
    if "known_at" not in rows.columns:
        return np.full(len(rows), np.nan)
    number = _parse(rows["known_at"])[0]
    return np.where(np.isfinite(number), number, np.nan)


def _parse(column: "pd.Series[Any]") -> tuple[Floats, Mask]:
    """Numbers, NaN for what is missing or none; and which of them are none."""
    if column.dtype.kind in "iuf" and isinstance(column.dtype, np.dtype):
        return column.to_numpy(np.float64), np.zeros(len(column), dtype=np.bool_)
    given = column.astype(object)
    missing = given.isna().to_numpy()
    truth = given.map(lambda value: isinstance(value, bool | np.bool_)).to_numpy(np.bool_)
    number = pd.to_numeric(given.mask(truth), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    said_nan = given.map(lambda value: isinstance(value, str) and value.lower() == "nan")
    none = (np.isnan(number) & ~missing & ~said_nan.to_numpy(np.bool_)) | truth
    return number, none


def _number(column: "pd.Series[Any]", why: NDArray[Any], name: str, *, whole: bool) -> Floats:
    number, none = _parse(column)
    why[none] = f"{name} is not a number"
    why[np.isinf(number)] = f"{name} is not finite"
    if whole:
        why[np.isfinite(number) & (number != np.floor(number))] = f"{name} is not a whole number"
        why[np.isfinite(number) & (np.abs(number) > EXACT)] = f"{name} out of range"
    return number


def _text(column: "pd.Series[Any]", why: NDArray[Any], name: str) -> NDArray[Any]:
    found = np.full(len(column), None, dtype=object)
    for at, value in enumerate(column.tolist()):
        if isinstance(value, str):
            found[at] = storable(value) or None
        elif not pd.api.types.is_scalar(value) or not pd.isna(value):
            why[at] = f"{name} is not text"
    return found


def _as_text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Identities that come as whole numbers are text to us."""
    return column.astype(object).map(
        lambda value: str(value) if type(value) is int or isinstance(value, np.integer) else value
    )


def storable(value: str) -> str:
    """Text that databases (and the frames of pandas) can hold.

    Without NUL characters; halves of surrogate pairs, which JSON can name, are joined where they
    belong together and U+FFFD where they do not.
    """
    if value.isascii():
        return value.replace("\0", "") if "\0" in value else value
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def _all_missing(kept: dict[str, Any], kind: Kind) -> Mask:
    missing = [pd.isna(kept[name]) for name in kind.values]
    return np.asarray(np.logical_and.reduce(missing), dtype=np.bool_)
