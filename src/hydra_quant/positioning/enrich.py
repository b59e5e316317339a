"""Candles with what was known of positioning at their close, against the pair's own past."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.memory.enrich import Extra, Reading, as_of, open_times
from hydra_quant.memory.series import HOUR_MS, MINUTE_MS
from hydra_quant.memory.store import Memory
from hydra_quant.positioning import derived
from hydra_quant.positioning.derived import Steps
from hydra_quant.positioning.names import ADDED, LEVELLED, RAW
from hydra_quant.positioning.past import Grid, Past, summed_up
from hydra_quant.settings import Signals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# What each z-score is one of. Liquidations count by velocity: markets grow over the years.
STANDARDISED: Mapping[str, str] = {
    "funding_zscore": "funding_rate",
    "oi_delta_zscore": "oi_delta_pct",
    "oi_zscore": "open_interest",
    "long_share_zscore": "long_share",
    "taker_share_zscore": "taker_buy_share",
    "premium_zscore": "premium_index",
    "liq_zscore": "liq_velocity",
}
# The columns whose past is looked at; the others are joined for the candles alone.
WITH_PAST: tuple[str, ...] = (
    *("funding_rate", "open_interest", "open_interest_value", "premium_index", "long_share"),
    *("taker_buy_share", "long_liquidations_usd", "short_liquidations_usd"),
)
ALONE: tuple[str, ...] = tuple(name for name in RAW if name not in WITH_PAST)


def enriched(
    memory: Memory,
    frame: DataFrame,
    pair: str,
    reading: Reading,
    settings: Signals,
    extra: Extra | None = None,
) -> DataFrame:
    """Return the frame with the columns of `positioning.names.ADDED`; see `added`."""
    return frame.assign(**added(memory, frame, pair, reading, settings, extra))


def added(
    memory: Memory,
    frame: DataFrame,
    pair: str,
    reading: Reading,
    settings: Signals,
    extra: Extra | None = None,
    past: Past | None = None,
) -> DataFrame:
    """What was known of positioning at each candle's close, and how it compares to its own past.

    Parameters
    ----------
    memory : Memory
    frame : DataFrame
        Candles with a ``date`` column of dates (open time), in any order, with any holes.
    pair : str
        ``'BTC/USDT:USDT'``.
    reading : Reading
        How candles are joined.
    settings : Signals
        Past that counts, and what an extreme level is.
    extra : dict of Series to DataFrame, optional
        Facts from elsewhere, as `hydra_quant.memory.enrich.as_of` takes them.
    past : Past, optional
        `past_of` the same candles, kept from an earlier call, instead of reading that past again.

    Returns
    -------
    DataFrame of float64 with the frame's index
        `positioning.names.ADDED`. NaN where something was not known, was too old, or where less
        than a third of the past is known; a quantity that nobody stored is NaN throughout. A row
        depends neither on the other candles of the frame nor on where the frame begins.

    Raises
    ------
    StoreError
        For candles without open times.
    """
    opens = open_times(frame)
    if not len(opens):
        return DataFrame(np.nan, index=frame.index, columns=list(ADDED))
    board = _Board.read(memory, pair, (opens.min(), opens.max()), reading, settings, extra, past)
    own = as_of(memory, frame, pair, ALONE, reading, extra)
    at = (opens - board.opens[0]) // reading.candle_ms
    found = {name: values[at] for name, values in board.values.items()}
    found |= {name: own[name].to_numpy(np.float64) for name in ALONE}
    past = past or board.past(int(opens.min()))
    numbers = board.grid.number(opens)
    for name, of in STANDARDISED.items():
        mean, std = (past.at(numbers, f"{of}_{what}") for what in ("mean", "std"))
        found[name] = derived.standard(found[of], mean, std)
    found |= _levels(past, numbers, settings)
    return DataFrame({name: found[name] for name in ADDED}, index=frame.index)


def past_of(
    memory: Memory,
    frame: DataFrame,
    pair: str,
    reading: Reading,
    settings: Signals,
    extra: Extra | None = None,
) -> Past:
    """Statistics of the past of these candles: what `added` needs of it, to be kept.

    They hold for every frame with candles between the first and the last of this one.
    """
    opens = open_times(frame)
    ends = int(opens.min()), int(opens.max())
    return _Board.read(memory, pair, ends, reading, settings, extra).past(ends[0])


def covers(past: Past, frame: DataFrame, reading: Reading, settings: Signals) -> bool:
    """Whether a kept past says all that `added` needs about these candles."""
    numbers = Grid(reading.candle_ms, settings.history_days).number(open_times(frame))
    return past.first <= int(numbers.min()) and int(numbers.max()) <= past.last


def is_settled(found: DataFrame) -> bool:
    """Whether all that is known now has a past as well, which may then be kept for a while.

    Until then that past may just be arriving: a collector fetches the newest facts first.
    """
    newest = found.iloc[-1]
    known = [name for name, of in STANDARDISED.items() if np.isfinite(newest[of])]
    return bool(known) and not bool(newest[known].isna().any())


def _levels(past: Past, numbers: Ints, settings: Signals) -> dict[str, Floats]:
    if settings.thresholds == "fixed":
        return {name: np.full(len(numbers), level) for name, level in fixed(settings).items()}
    ends = (f"{name}_{end}" for name in LEVELLED for end in ("low", "high"))
    return {name: past.at(numbers, name) for name in ends}


def fixed(settings: Signals) -> dict[str, float]:
    """The user's levels by column name."""
    return {
        "funding_rate_low": -settings.funding_rate,
        "funding_rate_high": settings.funding_rate,
        "oi_delta_pct_low": -settings.oi_delta,
        "oi_delta_pct_high": settings.oi_delta,
        "long_share_low": 1.0 - settings.long_share,
        "long_share_high": settings.long_share,
        "liq_velocity_low": 0.0,
        "liq_velocity_high": settings.liquidation_velocity,
    }


@dataclass(frozen=True)
class _Board:
    """What was known at every candle width, without holes, from long before the first candle.

    Attributes
    ----------
    opens : int array of shape (n,), epoch ms, one candle apart
    values : columns of `RAW` that have a past, and quantities from them
    """

    grid: Grid
    settings: Signals
    opens: Ints
    values: dict[str, Floats]

    @classmethod
    def read(
        cls,
        memory: Memory,
        pair: str,
        ends: tuple[int, int],
        reading: Reading,
        settings: Signals,
        extra: Extra | None = None,
        past: Past | None = None,
    ) -> "_Board":
        width = reading.candle_ms
        grid = Grid(width, settings.history_days)
        steps = Steps.of(width, settings.delta_minutes)
        # As far as the settlement that a candle may still show, and the one before it.
        before = max(steps.lookback, reading.oldest("funding_rate") // width + 2)
        before += 0 if past else grid.window * grid.candles
        opens = np.arange(ends[0] - before * width, ends[1] + 1, width, dtype=np.int64)
        found = as_of(memory, candles_at(opens), pair, WITH_PAST, reading, extra)
        values = {name: found[name].to_numpy(np.float64) for name in WITH_PAST}
        values |= derived.quantities(values, steps)
        values |= _funding(memory, pair, opens, reading, extra, found)
        return cls(grid, settings, opens, values)

    def past(self, first_open: int) -> Past:
        """Statistics of the grid rows that candles from here on refer to."""
        at = np.flatnonzero(self.grid.ends(self.opens))
        first = int(self.grid.number(np.array([first_open]))[0])
        rows = {name: values[at] for name, values in self.values.items()}
        quantile = self.settings.quantile if self.settings.thresholds == "quantile" else None
        found = summed_up(rows, self.grid.window, STANDARDISED.values(), LEVELLED, quantile)
        skip = first - int(self.grid.number(self.opens[at[:1]])[0])
        return Past(first, {name: column[skip:] for name, column in found.items()})


def _funding(
    memory: Memory,
    pair: str,
    opens: Ints,
    reading: Reading,
    extra: Extra | None,
    found: DataFrame,
) -> dict[str, Floats]:
    """``funding_paid`` and ``funding_annualized``; a longer candle may hold several settlements."""
    width = reading.candle_ms
    parts = width // HOUR_MS if width % HOUR_MS == 0 else 1
    if parts > 1:
        fine = (opens[:, None] + HOUR_MS * np.arange(parts)).ravel()
        hourly = replace(reading, candle_ms=HOUR_MS)
        found = as_of(memory, candles_at(fine), pair, ("funding_rate",), hourly, extra)
        opens, width = fine, HOUR_MS
    rate, age = (found[name].to_numpy(np.float64) for name in ("funding_rate", "funding_rate_age"))
    event_ms = opens + width - age * MINUTE_MS
    a_year = derived.settlements_a_year(event_ms)
    return {
        "funding_paid": derived.settled(rate, event_ms).reshape(-1, parts).sum(axis=1),
        "funding_annualized": (rate * a_year)[parts - 1 :: parts],
    }


def candles_at(opens: Ints) -> DataFrame:
    """Candles of which nothing but their open times (epoch ms) is known."""
    return DataFrame({"date": opens.astype("datetime64[ms]")})
