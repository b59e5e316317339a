"""Posts in files: what a crowd said, with facts about its authors."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.collectors.files.readers import Table
from hydra_quant.collectors.files.table import FileError, numbers, read_table, texts, times
from hydra_quant.memory import Series

Facts = Iterator[tuple[Series, DataFrame]]
COUNTS = (
    *("author_followers", "author_following", "author_posts"),
    *("likes", "reposts", "replies"),
)
# Reddit counts votes for and against: its likes can be fewer than none.
SIGNED = ("likes",)
ASSET = re.compile(r"[A-Z0-9]{1,20}")


def posts(table: Table) -> Facts:
    """Posts under the identity that their platform gave them; a series for each ``asset``.

    A source is the first part of the file's name. A column ``recorded`` says when each post was
    read, hence known, and when its engagement was counted; without it the publication lag tells.
    Columns other than ``date``, ``item`` and ``text`` may be missing and their cells empty.

    Raises
    ------
    FileError
        For a cell that is none of its kind, naming the column and the row.
    """
    found, path = read_table(table.path), table.path
    rows: dict[str, Any] = {"event_time": times(path, found)}
    if "recorded" in found:
        rows["known_at"] = times(path, found, "recorded")
    rows |= {name: _said(path, found, name) for name in ("item", "text")}
    if "author" in found:
        rows["author"] = texts(path, found, "author").to_numpy()
    if "author_created" in found:
        rows["author_created"] = _created(path, found)
    rows |= {name: _counts(path, found, name) for name in COUNTS if name in found}
    assets = _assets(path, found)
    source = table.source or str(table.about["origin"])
    for asset, own in DataFrame(rows).groupby(assets, sort=True):
        yield Series("social_posts", source, str(asset)), own


def _said(path: Path, found: DataFrame, column: str) -> NDArray[Any]:
    if column == "item" and "item" in found and pd.api.types.is_integer_dtype(found["item"]):
        found = found.astype({column: str})  # CSV tells no number from an identity
    values = texts(path, found, column)
    silent = values.map(lambda value: not (value or "").strip()).to_numpy(np.bool_)
    if silent.any():
        raise _bad(path, column, silent, "is empty", "remove the row")
    return np.asarray(values.to_numpy(), dtype=object)


def _created(path: Path, found: DataFrame) -> NDArray[np.float64]:
    """Epoch ms; NaN where nobody knows when the account was made."""
    created = found["author_created"]
    there = created.notna().to_numpy()
    if not there.any():
        return np.full(len(found), np.nan)
    text = created.dtype.kind not in "iufM"
    filler = "1970-01-01" if text else created[there].iloc[0]  # rows keep their numbers
    filled = found.assign(author_created=created.where(there, filler))
    return np.where(there, times(path, filled, "author_created"), np.nan)


def _counts(path: Path, found: DataFrame, column: str) -> NDArray[np.float64]:
    values = numbers(path, found, column)
    bad = np.isfinite(values) & (values != np.floor(values)) | np.isinf(values)
    if column not in SIGNED:
        bad |= values < 0
    if bad.any():
        said = f"is {float(values[np.argmax(bad)]):g}"
        raise _bad(path, column, bad, said, "write a whole number, or nothing")
    return values


def _assets(path: Path, found: DataFrame) -> NDArray[Any]:
    """Symbol of the asset that each post was found by; ``''`` for none."""
    if "asset" not in found:
        return np.full(len(found), "", dtype=object)
    values = texts(path, found, "asset").map(lambda value: value or "")
    bad = values.map(lambda value: bool(value) and not ASSET.fullmatch(value)).to_numpy(np.bool_)
    if bad.any():
        raise _bad(path, "asset", bad, "is no symbol", "write one like BTC, or nothing")
    return np.asarray(values.to_numpy(), dtype=object)


def _bad(path: Path, column: str, bad: NDArray[np.bool_], said: str, remedy: str) -> FileError:
    row = int(np.argmax(bad)) + 1
    return FileError(f"{path}: column '{column}' {said} in row {row}; {remedy}")
