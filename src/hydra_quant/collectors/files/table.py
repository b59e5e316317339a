"""One table on disk: read, and say plainly which column is wrong."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SUFFIXES = (".parquet", ".csv")


class FileError(ValueError):
    """A file that cannot be imported: one line with the file, the column and the remedy."""


def read_table(path: Path) -> DataFrame:
    """Read a parquet or CSV file.

    Raises
    ------
    FileError
        When it is not readable as what its name says, or has no rows.
    """
    try:
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's and pandas' own errors are among these
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        what = path.suffix[1:]
        raise FileError(f"{path}: not a readable {what} file ({reason}); fetch it again") from None
    if table.empty:
        raise FileError(f"{path}: no rows; fetch it again or remove it")
    return table


def require(path: Path, table: DataFrame, columns: Sequence[str]) -> None:
    """Refuse a table without these columns.

    Raises
    ------
    FileError
        Naming the first one that is missing and what is there instead.
    """
    for column in columns:
        if column not in table.columns:
            there = ", ".join(map(str, table.columns))
            raise FileError(f"{path}: column '{column}' is missing; there are: {there}")


def times(path: Path, table: DataFrame, column: str = "date") -> Ints:
    """Epoch milliseconds (UTC) of a column of times, shape (n_rows,).

    Times without a zone count as UTC. Text (CSV) must be ISO 8601.

    Raises
    ------
    FileError
        When a cell is empty or no time.
    """
    require(path, table, (column,))
    date = table[column]
    if pd.api.types.is_numeric_dtype(date):
        raise FileError(
            f"{path}: column '{column}' holds numbers; write times like 2025-01-31T08:00Z"
        )
    parsed = pd.to_datetime(date, utc=True, errors="coerce", format="ISO8601")
    bad = parsed.isna().to_numpy()
    if bad.any():
        row = int(np.argmax(bad))
        raise FileError(
            f"{path}: column '{column}' is {date.iloc[row]!r} in row {row + 1}; "
            "write times like 2025-01-31T08:00Z"
        )
    return pd.DatetimeIndex(parsed).as_unit("ms").asi8


def numbers(path: Path, table: DataFrame, column: str) -> Floats:
    """A column of float64, shape (n_rows,); NaN where a cell is empty.

    Raises
    ------
    FileError
        When it is missing, or a cell is no number.
    """
    require(path, table, (column,))
    values = table[column]
    if pd.api.types.is_bool_dtype(values):
        raise FileError(f"{path}: column '{column}' is {values.dtype}; expected numbers")
    parsed = pd.to_numeric(values, errors="coerce")
    bad = (parsed.isna() & values.notna()).to_numpy()
    if bad.any():
        row = int(np.argmax(bad))
        raise FileError(
            f"{path}: column '{column}' is {values.iloc[row]!r} in row {row + 1}; expected a number"
        )
    return parsed.to_numpy(dtype=np.float64, na_value=np.nan)


def texts(path: Path, table: DataFrame, column: str) -> "pd.Series[str]":
    """A column of text; None where a cell is empty.

    Raises
    ------
    FileError
        When it is missing or holds numbers.
    """
    require(path, table, (column,))
    values = table[column]
    if pd.api.types.is_numeric_dtype(values) and values.notna().any():
        raise FileError(f"{path}: column '{column}' is {values.dtype}; expected text")
    return values.astype(object).where(values.notna(), None)
