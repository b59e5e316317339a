"""What the on-chain sources share: reading their rows, and metrics derived from others.

Derived values are pure functions of the rows up to their own time, and of the same rows give the
same floats wherever the reading began: a later run finds nothing to correct.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from pandas import DataFrame

from hydra_quant.collectors.collector import Task
from hydra_quant.memory import Series
from hydra_quant.memory.series import DAY_MS

Values = pd.Series  # float64, indexed by event time (epoch ms), ascending

KIND, ASSET = "onchain_metrics", "BTC"
MEAN_DAYS = 7
# A stablecoin that had a value within these days and has none today is late, not gone.
LATE_DAYS = 7
CAPS_BEGIN_BY_MS = 1_325_376_000_000  # 2012-01-01; Bitcoin's first prices are of July 2010
FLOW_NAMES = ("exchange_netflow", "exchange_netflow_7d_mean")
# Addresses are told apart for weeks after the fact, and flows corrected with them.
FLOW_OVERLAP_MS, OVERLAP_MS = 14 * DAY_MS, 3 * DAY_MS


def metric_task(source: str, name: str, poll_ms: int, period_ms: int = DAY_MS) -> Task:
    """The task of one metric of Bitcoin."""
    overlap_ms = FLOW_OVERLAP_MS if name in FLOW_NAMES else OVERLAP_MS
    series = Series(KIND, source, ASSET, name, period_ms)
    return Task(series, poll_ms=poll_ms, overlap_ms=overlap_ms)


# --- reading ----------------------------------------------------------------------------------


def iso_ms(text: object) -> int | None:
    """Epoch ms of ``'2024-01-01'``, ``'2024-01-01 10:00:00'`` or RFC 3339; UTC where unsaid."""
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return round(time.timestamp() * 1000)


def seconds_ms(seconds: object) -> int | None:
    """Epoch ms of whole epoch seconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        return None
    return seconds * 1000


def number(value: object) -> float | None:
    """A finite number, also as text; NaN for null (no value); None for anything else."""
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if np.isfinite(found) else None


class Gathered:
    """Rows by time, from pages that may repeat and reorder them.

    Attributes
    ----------
    malformed : int
        Rows left out: a time that is none or does not begin a period, a field that is missing, a
        value that is no number. A null is a value that the source does not have, and no fault.
    """

    def __init__(self, fields: Iterable[str], period_ms: int = DAY_MS) -> None:
        self.fields, self.period_ms = tuple(fields), period_ms
        self.malformed = 0
        self._rows: dict[int, tuple[float, ...]] = {}

    def add(self, time: int | None, row: Mapping[str, object]) -> None:
        """Take a row; of two for one time the later counts."""
        values = [number(row[field]) if field in row else None for field in self.fields]
        sound = [value for value in values if value is not None]
        if time is None or time % self.period_ms or len(sound) < len(self.fields):
            self.malformed += 1
        else:
            self._rows[time] = tuple(sound)

    def table(self) -> DataFrame:
        """One row a time, ascending, one column of float64 a field."""
        times = sorted(self._rows)
        index = pd.Index(times, dtype="int64")
        rows = [self._rows[time] for time in times]
        return DataFrame(rows, index=index, columns=list(self.fields), dtype=np.float64)


def page(
    values: "Values[float]",
    start: int,
    end: int,
    malformed: int = 0,
    known_at: "Values[float] | None" = None,
) -> DataFrame:
    """Rows for `Memory.write`: those with ``start <= event_time < end`` that have a value."""
    inside = values[(values.index >= start) & (values.index < end)].dropna()
    frame = DataFrame({"event_time": inside.index.to_numpy(np.int64), "value": inside.to_numpy()})
    if known_at is not None:
        frame["known_at"] = known_at.reindex(inside.index).to_numpy()
    frame.attrs["malformed"] = malformed
    return frame


# --- deriving ---------------------------------------------------------------------------------


def mvrv_zscore(market_cap: "Values[float]", realized_cap: "Values[float]") -> "Values[float]":
    """(market cap - realised cap) / standard deviation of the market cap so far.

    The definition of studio.glassnode.com (metric ``market.MvrvZScore``): the deviation is
    cumulative, of all market caps from the first up to and with that day. Here with one degree of
    freedom less than days (ddof 1); the two differ by 0.01 % after 14 years. It is no Z-score of
    the MVRV ratio, which is another metric.

    Parameters
    ----------
    market_cap, realized_cap : daily, USD, from the first price on

    Returns
    -------
    Series in standard deviations; no value where a cap is missing or nothing has deviated yet.
    """
    market_cap = market_cap.dropna()
    deviation = market_cap.expanding(min_periods=2).std(ddof=1)
    return (market_cap - realized_cap) / deviation.where(deviation > 0)


def trailing_mean(values: "Values[float]", days: int = MEAN_DAYS) -> "Values[float]":
    """Mean of a day and those before it; no value where one of them is missing."""
    if values.empty:
        return values
    grid = values.reindex(range(values.index[0], values.index[-1] + DAY_MS, DAY_MS))
    padded = np.concatenate([np.full(days - 1, np.nan), grid.to_numpy()])
    # Summed in one order always: a running sum would depend on where it began.
    total = sum(padded[at : at + len(grid)] for at in range(days))
    return pd.Series(np.asarray(total) / days, index=grid.index)


def stablecoin_supply_ratio(bitcoin_cap: "Values[float]", coin_caps: DataFrame) -> "Values[float]":
    """Bitcoin's market cap over the sum of the stablecoins' market caps of the same day.

    Parameters
    ----------
    bitcoin_cap : daily, USD
    coin_caps : daily, USD, one column a coin, NaN where it has none

    Returns
    -------
    Series, a ratio. A coin counts from its first day on. A day on which one is merely late (it had
    a value within the 7 days before) has no value: without it the ratio would jump.
    """
    if coin_caps.empty:
        return pd.Series(dtype=np.float64)
    days = range(coin_caps.index[0], coin_caps.index[-1] + DAY_MS, DAY_MS)
    caps = coin_caps.reindex(days)
    there = caps.notna()
    lately = there.astype(float).rolling(LATE_DAYS, min_periods=1).max().shift(1) > 0
    total = caps.sum(axis=1).where(~(lately & ~there).any(axis=1))
    return bitcoin_cap / total.where(total > 0).reindex(bitcoin_cap.index)
