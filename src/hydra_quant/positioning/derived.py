"""Quantities of positioning, from columns that were known at each candle's close.

Every function takes float arrays of shape (n_candles,), oldest first, one value a candle width
without holes, and looks at a row and older ones only; NaN where an input is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS

Floats = NDArray[np.float64]
YEAR_MS = 365 * DAY_MS
SETTLES_MS = 8 * HOUR_MS  # most contracts; some settle every 1, 2 or 4 hours


@dataclass(frozen=True)
class Steps:
    """Spans of time in candles, each at least one.

    Attributes
    ----------
    hour : the candles of the last hour
    delta : over which open interest changes
    day : 24 hours
    """

    hour: int
    delta: int
    day: int

    @classmethod
    def of(cls, candle_ms: int, delta_minutes: int) -> "Steps":
        """Rounded up to whole candles."""
        return cls(
            -(-HOUR_MS // candle_ms),
            -(-delta_minutes * MINUTE_MS // candle_ms),
            -(-DAY_MS // candle_ms),
        )

    @property
    def lookback(self) -> int:
        """Candles before a row that its quantities depend on."""
        return max(self.hour, self.delta, self.day)


def quantities(known: Mapping[str, Floats], steps: Steps) -> dict[str, Floats]:
    """The derived columns that need no statistics of the past, but for those about settlements.

    Parameters
    ----------
    known : dict of str to float array
        ``funding_rate``, ``open_interest``, ``open_interest_value``, ``long_liquidations_usd`` and
        ``short_liquidations_usd``.
    steps : Steps

    Returns
    -------
    dict of str to float array
        ``funding_momentum`` (fraction), ``oi_delta_pct`` (fraction), ``liq_imbalance`` (-1 to 1,
        positive where longs were forced out), ``liq_velocity`` (an hour's liquidations over open
        interest, fraction).
    """
    longs = trailing_sum(known["long_liquidations_usd"], steps.hour)
    shorts = trailing_sum(known["short_liquidations_usd"], steps.hour)
    rate, contracts = known["funding_rate"], known["open_interest"]
    return {
        "funding_momentum": rate - earlier(rate, steps.day),
        "oi_delta_pct": ratio(contracts, earlier(contracts, steps.delta)) - 1.0,
        "liq_imbalance": imbalance(longs, shorts),
        "liq_velocity": ratio(longs + shorts, known["open_interest_value"]),
    }


def earlier(values: Floats, steps: int) -> Floats:
    """The value so many candles before; NaN in the first `steps` rows."""
    moved = np.full(len(values), np.nan)
    moved[steps:] = values[: max(len(values) - steps, 0)]
    return moved


def ratio(over: Floats, under: Floats) -> Floats:
    """Quotient; NaN where the divisor is not positive."""
    unknown: Floats = np.full(len(over), np.nan)
    return np.divide(over, under, out=unknown, where=under > 0)


def trailing_sum(values: Floats, rows: int) -> Floats:
    """Sum of the last `rows` values, own included; NaN unless all of them are known."""
    total = np.full(len(values), np.nan)
    if len(values) >= rows and np.isfinite(values).any():
        total[rows - 1 :] = sliding_window_view(values, rows).sum(axis=1)
    return total


def imbalance(longs: Floats, shorts: Floats) -> Floats:
    """(longs - shorts) / (longs + shorts); 0 where nothing happened, NaN where it is not known."""
    both = longs + shorts
    split = np.divide(longs - shorts, both, out=np.zeros(len(both)), where=both > 0)
    return np.where(np.isnan(both), np.nan, split)


def settled(rate: Floats, event_ms: Floats) -> Floats:
    """Funding paid within each row: the rate where another settlement became known, else 0.

    Parameters
    ----------
    rate : float array
        Rate of the newest settlement known at the row's end; NaN where it is too old or unknown.
    event_ms : float array
        When that settlement was, epoch ms; NaN without one.

    Returns
    -------
    float array
        Fraction of the position, paid by longs when positive; NaN where `rate` is. The first row
        is NaN: nothing tells what was known before it. Two settlements that become known within
        one row (a collector that was away) count once.
    """
    new = np.isfinite(event_ms) & (event_ms != earlier(event_ms, 1))
    paid = np.where(np.isnan(rate), np.nan, np.where(new, rate, 0.0))
    paid[:1] = np.nan
    return paid


def settlements_a_year(event_ms: Floats) -> Floats:
    """How often funding is settled, from the time between the last two settlements known.

    Parameters
    ----------
    event_ms : float array
        When the newest settlement known at each row's end was, epoch ms.

    Returns
    -------
    float array
        A year over that time, rounded to hours; three a day where it is not known, below an hour
        or beyond eight (a settlement is missing in between).
    """
    before = earlier(event_ms, 1)
    changed = np.isfinite(before) & np.isfinite(event_ms) & (event_ms != before)
    at = np.maximum.accumulate(np.where(changed, np.arange(len(event_ms)), -1))
    gap = np.where(at >= 0, (event_ms - before)[at], np.nan)
    hours = np.round(gap / HOUR_MS) * HOUR_MS
    usual = (hours >= HOUR_MS) & (hours <= SETTLES_MS)
    return YEAR_MS / np.where(usual, hours, SETTLES_MS)


def standard(value: Floats, mean: Floats, std: Floats) -> Floats:
    """(value - mean) / std; NaN where the past never moved."""
    return ratio(value - mean, std)
