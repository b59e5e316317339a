"""From a candle frame to feature columns, block by block.

Because a row depends on its window alone, the history can be cut into blocks that overlap by the
longest lookback: the numbers stay the same to the last bit, and everything that features share
stays small enough for the processor's cache.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hydra_quant.features.bars import Bars
from hydra_quant.features.errors import FeatureError
from hydra_quant.features.feature import Feature
from hydra_quant.features.windows import Array

BLOCK_ROWS = 32_768
SCRATCH_BYTES = 30 << 20  # what a block's shared series take
LONG_MEMORY = 512  # features that look back further are computed apart: their overlap is costly
PRICES = ("open", "high", "low", "close")


def compute_rows(
    frame: pd.DataFrame, features: Sequence[Feature], bar_minutes: float
) -> pd.DataFrame:
    """Columns of `features` for the candles in `frame`; see :func:`.catalog.compute`."""
    if not bar_minutes > 0:
        raise FeatureError(f"bar_minutes is {bar_minutes}: give the candle's length in minutes")
    minutes = _minutes(frame)
    needed = sorted({column for feature in features for column in feature.needs})
    columns = {name: _column(frame, name) for name in needed}
    _keep_freed_memory()
    values = np.empty((len(features), len(frame)))
    slots = list(zip(features, values, strict=True))
    for chosen in _by_memory(slots):
        _fill(chosen, columns, minutes, bar_minutes)
    names = [feature.name for feature in features]
    return pd.DataFrame(values.T, index=frame.index, columns=names, copy=False)


Slot = tuple[Feature, Array]


def _by_memory(slots: list[Slot]) -> Iterator[list[Slot]]:
    yield [slot for slot in slots if slot[0].lookback <= LONG_MEMORY]
    yield [slot for slot in slots if slot[0].lookback > LONG_MEMORY]


def _fill(
    slots: list[Slot],
    columns: dict[str, Array],
    minutes: NDArray[np.int64],
    bar_minutes: float,
) -> None:
    """Write each feature into its array, block by block."""
    overlap = max((feature.lookback for feature, _ in slots), default=0)
    for start, stop in _blocks(len(minutes)):
        first = max(start - overlap, 0)
        part = {name: column[first:stop] for name, column in columns.items()}
        bars = Bars(part, minutes[first:stop], bar_minutes)
        for feature, values in slots:
            values[start:stop] = feature.values(bars)[start - first :]


def _keep_freed_memory() -> None:
    """Let glibc hold on to a block's memory until the next block wants it.

    Its allocator returns freed memory to the system beyond twice the largest piece freed so far
    (mallopt(3), dynamic threshold): page faults then cost a third of the time. So free a large
    one, which is never touched and costs nothing. Other C libraries do not mind.
    """
    np.empty(SCRATCH_BYTES, dtype=np.uint8)


def _blocks(rows: int) -> Iterator[tuple[int, int]]:
    for start in range(0, rows, BLOCK_ROWS):
        yield start, min(start + BLOCK_ROWS, rows)


def _minutes(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Opening times in whole minutes since 1970, checked: UTC and strictly increasing."""
    if "date" not in frame.columns:
        raise FeatureError("the candles have no column 'date': give the opening times in UTC")
    dates = frame["date"]
    if not isinstance(dates.dtype, pd.DatetimeTZDtype) or str(dates.dtype.tz) != "UTC":
        raise FeatureError(
            f"column 'date' is {dates.dtype}, not UTC times: use pd.to_datetime(date, utc=True)"
        )
    if dates.hasnans:
        raise FeatureError(f"row {int(dates.isna().argmax())} has no date: drop it")
    stamps = dates.to_numpy("datetime64[ns]").astype(np.int64)
    backwards = np.flatnonzero(np.diff(stamps) <= 0)
    if len(backwards):
        row = int(backwards[0]) + 1
        raise FeatureError(
            f"row {row}: {dates.iloc[row]} does not come after {dates.iloc[row - 1]}: "
            "sort the candles by 'date' and drop duplicates"
        )
    return np.asarray(stamps // 60_000_000_000)


def _column(frame: pd.DataFrame, name: str) -> Array:
    """One column as float64, with impossible values (price <= 0, volume < 0, infinite) as NaN."""
    if name not in frame.columns:
        raise FeatureError(f"the candles have no column {name!r}: it is needed for these features")
    try:
        values = frame[name].to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise FeatureError(
            f"column {name!r} is {frame[name].dtype}, not numbers: convert it to float64"
        ) from None
    possible = (values > 0.0 if name in PRICES else values >= 0.0) & (values < np.inf)
    return np.ascontiguousarray(values if possible.all() else np.where(possible, values, np.nan))
