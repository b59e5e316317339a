"""When the outcome of each signal is decided, and how much of it is its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra_quant.labels.uniqueness import uniqueness
from hydra_quant.models.rows import Rows
from hydra_quant.settings import SIGNALS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# The features that name a signal, in the order of `SIGNALS`.
SOURCES = (
    *("signal_source_funding_squeeze", "signal_source_liq_reversal"),
    *("signal_source_oi_divergence", "signal_source_crowding_fade", "signal_source_funding_carry"),
)


@dataclass(frozen=True)
class Spans:
    """How long trades last, by the signal they come from.

    Attributes
    ----------
    candle_seconds : int
    columns : tuple of int
        Where the features `SOURCES` stand.
    candles : array of shape (n_signals,)
        Whole candles each trade lasts, at least one.
    """

    candle_seconds: int
    columns: tuple[int, ...]
    candles: Ints

    @classmethod
    def of(
        cls, names: Sequence[str], candle_seconds: int, holding_minutes: Mapping[str, int]
    ) -> "Spans":
        """Read the signals' columns and holding.

        Parameters
        ----------
        names : features, `SOURCES` among them
        candle_seconds : width of a candle
        holding_minutes : by `SIGNALS`
        """
        candles = [max(1, holding_minutes[name] * 60 // candle_seconds) for name in SIGNALS]
        at = {name: number for number, name in enumerate(names)}
        return cls(candle_seconds, tuple(at[name] for name in SOURCES), np.array(candles))

    @property
    def longest_s(self) -> int:
        """Seconds from a row's candle to when the slowest outcome is known (at an open)."""
        return (int(self.candles.max()) + 1) * self.candle_seconds

    def seconds(self, features: Floats) -> Ints:
        """Return how long the trade of each row lasts; the longest where no signal is named."""
        named = features[:, list(self.columns)] == 1
        lasts = np.where(named, self.candles, 0).max(axis=1)
        return np.asarray(np.where(lasts > 0, lasts, self.candles.max()) * self.candle_seconds)

    def weights(self, rows: Rows) -> Floats:
        """Return the average uniqueness of each row's outcome, shape (n_rows,), above 0 to 1.

        A trade begins at the next candle's open; those of one pair that overlap share their weight.
        """
        begin = rows.times + self.candle_seconds
        return np.asarray(uniqueness(begin, begin + self.seconds(rows.features), rows.pairs))
