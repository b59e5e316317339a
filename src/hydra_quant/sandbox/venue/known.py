"""What can be known about a market at the clock's time: the door through which every answer goes.

Nothing that a client reads comes from `History` directly, so no answer can hold the future.
"""

from collections.abc import Callable
from threading import RLock

import pandas as pd
from pandas import DataFrame

from hydra_quant.sandbox.history import History
from hydra_quant.sandbox.venue.clock import Clock
from hydra_quant.sandbox.venue.intervals import (
    INTERVAL_MS,
    bucket_open,
    divides,
    finest_first,
)
from hydra_quant.sandbox.venue.query import Page

Reader = Callable[[int, int], DataFrame]
Source = Callable[[str, str, int, int], DataFrame]
_SUMS = ("volume", "quote_volume", "trades", "taker_buy_volume")


class Known:
    """A history cut at the clock's present.

    Parameters
    ----------
    history : History
        The whole market, future included.
    clock : Clock
        Where the present is.

    Notes
    -----
    A candle is served in full only once it has closed. The candle in progress is built from the
    finest closed candles inside it plus the *open* of the finest one in progress: an open price is
    known the moment its minute begins, while a point interpolated inside the minute would already
    tell where that minute closes.
    """

    def __init__(self, history: History, clock: Clock) -> None:
        self.history, self.clock = history, clock
        self._lock = RLock()  # requests run on threads; a history need not be thread-safe

    def candles(self, pair: str, interval: str, page: Page) -> DataFrame:
        """Trade candles of a page, oldest first, the forming one last."""
        with self._lock:
            return self._page(pair, interval, page, self.history.candles)

    def mark(self, pair: str, interval: str, page: Page) -> DataFrame:
        """Mark price candles of a page, oldest first, the forming one last."""
        with self._lock:
            return self._page(pair, interval, page, self.history.mark)

    def funding(self, pair: str, page: Page) -> DataFrame:
        """Funding settlements up to now: time_ms, rate."""

        def read(start: int, end: int) -> DataFrame:
            return self.history.funding(pair, start, end)

        with self._lock:
            return self._rows(pair, page, read, 8 * INTERVAL_MS["1h"], self.clock.now_ms() + 1)

    def open_interest(self, pair: str, period: str, page: Page) -> DataFrame:
        """Open interest snapshots up to now: time_ms, contracts, value."""

        def read(start: int, end: int) -> DataFrame:
            return self.history.open_interest(pair, period, start, end)

        with self._lock:
            return self._rows(pair, page, read, INTERVAL_MS[period], self.clock.now_ms() + 1)

    def ratios(self, pair: str, period: str, page: Page) -> DataFrame:
        """Positioning snapshots up to now, columns as `History.ratios`."""

        def read(start: int, end: int) -> DataFrame:
            return self.history.ratios(pair, period, start, end)

        with self._lock:
            return self._rows(pair, page, read, INTERVAL_MS[period], self.clock.now_ms() + 1)

    def liquidations(self, pair: str, start_ms: int, end_ms: int) -> DataFrame:
        """Forced orders with start <= time_ms < end, never after now."""
        with self._lock:
            return self.history.liquidations(pair, start_ms, min(end_ms, self.clock.now_ms() + 1))

    def price(self, pair: str) -> float | None:
        """Last known trade price, quote; None before the first candle."""
        with self._lock:
            return self._last(pair, self.history.candles)

    def mark_price(self, pair: str) -> float | None:
        """Last known mark price, quote; the trade price where no mark is held."""
        with self._lock:
            mark = self._last(pair, self.history.mark)
        return self.price(pair) if mark is None else mark

    def book(self, pair: str, levels: int) -> tuple[list[list[float]], list[list[float]]]:
        """Bids and asks now, best first, as [price, amount] rows; empty where not held."""
        with self._lock:
            bids, asks = self.history.book(pair, self.clock.now_ms(), levels)
        return bids.tolist(), asks.tolist()

    def finest(self, pair: str) -> str:
        """The shortest candle width that the history can serve for this pair."""
        return finest_first(self.history.timeframes(pair))[0]

    def _page(
        self,
        pair: str,
        interval: str,
        page: Page,
        source: Source,
    ) -> DataFrame:
        now = self.clock.now_ms()
        if interval not in self.history.timeframes(pair):
            return source(pair, self.finest(pair), 0, 0)

        def read(start: int, end: int) -> DataFrame:
            return source(pair, interval, start, end)

        opened = bucket_open(now, interval)
        closed = self._rows(pair, page, read, INTERVAL_MS[interval], opened)
        if not _wants(page, opened) or (page.start_ms is not None and len(closed) >= page.limit):
            return closed
        forming = self._forming(pair, interval, now, source)
        if forming is None:
            return closed
        if not len(closed):
            return forming
        return pd.concat([closed, forming], ignore_index=True).tail(page.limit)

    def _rows(self, pair: str, page: Page, read: Reader, width: int, before_ms: int) -> DataFrame:
        """At most `limit` rows with time_ms < `before_ms`; gaps never shorten a page."""
        # derivative series may begin a little before the first trade candle
        low = max(page.start_ms or 0, self.history.span(pair)[0] - 7 * INTERVAL_MS["1d"])
        high = before_ms if page.end_ms is None else min(before_ms, page.end_ms + 1)
        reach = max(page.limit, 1) * width
        while True:
            if page.start_ms is not None:
                rows = read(low, max(low, min(high, low + reach))).head(page.limit)
            else:
                rows = read(max(low, high - reach), max(low, high)).tail(page.limit)
            if len(rows) >= page.limit or reach >= high - low:
                return rows.reset_index(drop=True)
            reach *= 4

    def _forming(
        self,
        pair: str,
        interval: str,
        now: int,
        source: Source,
    ) -> DataFrame | None:
        opened = bucket_open(now, interval)
        for fine in finest_first(self.history.timeframes(pair)):
            if fine != interval and not divides(fine, interval):
                continue
            fine_open = bucket_open(now, fine)
            closed = source(pair, fine, opened, fine_open)
            begun = _opening(source(pair, fine, fine_open, fine_open + 1))
            parts = [part for part in (closed, begun) if len(part)]
            if parts:
                return _merge(pd.concat(parts, ignore_index=True), opened)
        before = source(pair, interval, opened - INTERVAL_MS[interval], opened)
        return _opening(before, "close").assign(time_ms=opened) if len(before) else None

    def _last(self, pair: str, source: Source) -> float | None:
        """The newest known price: an opening that has happened, or the close just before now."""
        now = self.clock.now_ms()
        widths = finest_first(self.history.timeframes(pair))
        for fine in widths:
            opened = bucket_open(now, fine)
            begun = source(pair, fine, opened, opened + 1)
            if len(begun):
                return float(begun["open"].iloc[0])
            before = source(pair, fine, opened - INTERVAL_MS[fine], opened)
            if len(before):
                return float(before["close"].iloc[-1])
        ends = [self._end(pair, width, source) for width in widths]
        return max(ends, default=(0, None), key=lambda end: end[0])[1]

    def _end(self, pair: str, width: str, source: Source) -> tuple[int, float | None]:
        """Closing time and price of the newest candle of a series that ended before now."""
        rows = self._page(pair, width, Page(None, None, 1), source)
        if not len(rows):
            return 0, None
        return int(rows["time_ms"].iloc[-1]) + INTERVAL_MS[width], float(rows["close"].iloc[-1])


def _wants(page: Page, opened: int) -> bool:
    after = page.start_ms is None or page.start_ms <= opened
    return after and (page.end_ms is None or page.end_ms >= opened)


def _opening(rows: DataFrame, column: str = "open") -> DataFrame:
    """The candles as they looked when they had just begun at `column`: flat, nothing traded."""
    flat = rows.copy()
    for name in ("open", "high", "low", "close"):
        flat[name] = rows[column]
    for name in _SUMS:
        if name in flat:
            flat[name] = flat[name].where(flat[name].isna(), 0)
    return flat


def _merge(parts: DataFrame, opened: int) -> DataFrame:
    """One candle from consecutive finer ones; unknown volumes stay unknown."""
    merged: dict[str, object] = {
        "time_ms": opened,
        "open": parts["open"].iloc[0],
        "high": parts["high"].max(),
        "low": parts["low"].min(),
        "close": parts["close"].iloc[-1],
    }
    merged.update({name: parts[name].sum(skipna=False) for name in _SUMS if name in parts})
    return DataFrame([merged], columns=list(parts.columns))
