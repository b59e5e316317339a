"""What a venue remembers: the one interface between market data and the server that serves it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame


class History(Protocol):
    """Market history by event time, for any number of pairs.

    All times are epoch milliseconds, UTC; candle times are the candle's OPEN. Every method returns
    the rows with ``start_ms <= time_ms < end_ms``, oldest first, as a frame with a ``time_ms``
    (int64) column and a fresh index. Series that the history does not hold come back with the right
    columns and no rows: missing is missing, never zero. Unknown pairs raise ``KeyError``.
    A history is immutable from outside: the same question always has the same answer.
    """

    name: str
    pairs: tuple[str, ...]

    def span(self, pair: str) -> tuple[int, int]:
        """First candle's open and last candle's close, in ms."""
        ...

    def timeframes(self, pair: str) -> tuple[str, ...]:
        """Candle widths that can be served for this pair, e.g. ``('1m', '5m', '1h')``."""
        ...

    def candles(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """Trade price candles.

        Columns open, high, low, close, quote_volume (quote), volume, taker_buy_volume (base) and
        trades (count); NaN where the history does not know one.
        """
        ...

    def mark(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """Mark price candles: open, high, low, close (quote)."""
        ...

    def funding(self, pair: str, start_ms: int, end_ms: int) -> DataFrame:
        """Funding settlements: rate (fraction per 8 h, paid by longs when positive)."""
        ...

    def open_interest(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """Snapshots at time_ms: contracts (base), value (quote)."""
        ...

    def ratios(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """Positioning at time_ms.

        Columns long_share (share of accounts long, 0-1), top_account_long_share,
        top_position_long_share (0-1), taker_buy_volume, taker_sell_volume (base).
        """
        ...

    def liquidations(self, pair: str, start_ms: int, end_ms: int) -> DataFrame:
        """Forced orders: side ('buy' closes a short), price (quote), amount (base)."""
        ...

    def book(
        self, pair: str, at_ms: int, levels: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bids and asks known at ``at_ms``, best first: each (n <= levels, 2), price and amount."""
        ...
