"""Whether enough is traded: quote volume a day and Amihud's price impact, month by month.

Where the defaults come from: an order of 10 000 (the default of ``hydra.risk.max_stake``) is one
thousandth of a day's trade at `quote_volume`, and moves the price by half of the default round-trip
cost of 0.1 % at `amihud` (0.05 per million x 0.01 million = 5 basis points).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas import DataFrame

from hydra_quant.validation.findings import Finding
from hydra_quant.validation.market.candle_files import CandleFile, Candles

DAY_MS = 86_400_000
MILLION = 1e6
LEAST_DAYS = 5


@dataclass(frozen=True)
class LiquidityLimits:
    """What is too thin.

    Attributes
    ----------
    quote_volume : float
        Median of a month's days, quote currency.
    amihud : float
        Mean of a month's days: |log return| per million of quote currency (Amihud 2002).
    """

    quote_volume: float = 1e7
    amihud: float = 0.05


def daily(candles: Candles) -> DataFrame:
    """Whole days of a file: ``quote_volume`` and ``amihud``, by day (epoch ms).

    A day counts as whole when at least nine tenths of its candles are there.

    Returns
    -------
    DataFrame
        No rows for candles wider than a day. ``amihud`` is NaN on the first day and infinite on
        one on which the price moved although nothing was traded.
    """
    width = candles.file.width_ms
    day = candles.time_ms - candles.time_ms % DAY_MS
    table = DataFrame({"day": day, "close": candles.close, "quote": candles.volume * candles.close})
    days = table.groupby("day").agg(
        close=("close", "last"), quote_volume=("quote", "sum"), rows=("close", "size")
    )
    impact = np.log(days["close"]).diff().abs()
    millions = days["quote_volume"] / MILLION
    days["amihud"] = np.where(impact == 0, 0.0, impact / millions)
    whole = days["rows"] * width >= 0.9 * DAY_MS
    return days.loc[whole & (width <= DAY_MS), ["quote_volume", "amihud"]]


def check_liquidity(file: CandleFile, days: DataFrame, limits: LiquidityLimits) -> list[Finding]:
    """Runs of months in which too little was traded, from `daily`."""
    if days.empty:
        return []
    month = pd.DatetimeIndex(pd.to_datetime(days.index, unit="ms")).to_period("M")
    months = days.groupby(month).agg(
        volume=("quote_volume", "median"), amihud=("amihud", "mean"), n=("quote_volume", "size")
    )
    months = months[months["n"] >= LEAST_DAYS]
    quiet = months["volume"] < limits.quote_volume
    costly = months["amihud"] > limits.amihud
    return [
        *_runs(file, months[quiet], "volume", f"a day, less than {limits.quote_volume:,.0f}"),
        *_runs(file, months[costly], "amihud", f"per million, more than {limits.amihud:g}"),
    ]


def _runs(file: CandleFile, bad: DataFrame, column: str, what: str) -> list[Finding]:
    index = pd.PeriodIndex(bad.index, freq="M")
    run = np.cumsum(np.diff(index.asi8, prepend=index.asi8[:1]) > 1)
    quote = file.pair.partition("/")[2].partition(":")[0]
    found = []
    for _, months in bad.groupby(run):
        typical = months[column].median()
        figure = f"{typical:,.0f} {quote} traded" if column == "volume" else f"Amihud {typical:.3g}"
        ends = pd.PeriodIndex(months.index, freq="M")
        first = int(ends[0].start_time.value // 10**6)
        last = int(ends[-1].end_time.value // 10**6)
        span = f"{len(months)} {'month' if len(months) == 1 else 'months'}"
        words = f"too thin for {span}: {figure} {what}"
        found.append(Finding("too thin", str(file), words, first, last, len(months)))
    return found
