"""A folder of candle files as market history: real data behind the local venue."""

from collections import OrderedDict
from pathlib import Path
from threading import RLock

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.sandbox.venue.files import (
    FolderError,
    Series,
    SeriesKey,
    find_files,
    read_series,
)
from hydra_quant.sandbox.venue.intervals import (
    INTERVAL_MS,
    bucket_open,
    divides,
    finest_first,
)
from hydra_quant.sandbox.venue.resample import aggregate, sample

__all__ = ["FolderError", "FolderHistory"]

_CANDLE = ("open", "high", "low", "close", "volume", "quote_volume", "trades", "taker_buy_volume")
_RATIOS = (
    "long_share",
    "top_account_long_share",
    "top_position_long_share",
    "taker_buy_volume",
    "taker_sell_volume",
)
_COLUMNS = {
    "candles": _CANDLE,
    "mark": ("open", "high", "low", "close"),
    "funding": ("rate",),
    "open_interest": ("contracts", "value"),
    "ratios": _RATIOS,
}
CACHE_BYTES = 768 * 1024**2


class FolderHistory:
    """Candles and derivative series from files, read when first asked for.

    Two layouts are understood, and may be mixed: ``futures/BTC_USDT_USDT-5m.parquet`` with
    ``mark/…-1h-mark``, ``funding/…-funding``, ``oi/…-1h-oi`` and ``bybit/…-4h-derivs`` (its account
    long ratio only) beside it; and freqtrade's data directory (``futures/…-5m-futures.feather``,
    ``-1h-mark``, ``-8h-funding_rate``, ``-5m-open_interest``).

    Parameters
    ----------
    path : Path
        The folder.
    cache_bytes : int
        Memory for series already read; the longest unused go first.

    Raises
    ------
    FolderError
        If the folder holds no candles, or one series twice. A bad file is refused when it is read.

    Notes
    -----
    A width that is not stored is built from the stored one that reaches back furthest among those
    that divide it (the finest of equals), complete candles only. Open interest and ratios are
    snapshots at their time: real files bear that out (after a crash the fall shows at the *next*
    stamp), and a wider period takes the snapshots on its grid. Mark candles marked ``derived`` in
    their file (made from closes) are served like the others. There are no liquidations and no book.
    """

    def __init__(self, path: Path | str, cache_bytes: int = CACHE_BYTES) -> None:
        self.path = Path(path)
        self.name = f"folder {self.path.name}"
        self._files = find_files(self.path)
        self._cache_bytes = cache_bytes
        self._cache: OrderedDict[SeriesKey, Series] = OrderedDict()
        self._ends: dict[SeriesKey, tuple[int, int]] = {}
        self._lock = RLock()
        self.pairs = tuple(sorted({key.pair for key in self._files if key.kind == "candles"}))
        self._widths: dict[tuple[str, str], list[str]] = {}
        for key in self._files:
            kept = self._widths.get((key.pair, key.kind), [])
            self._widths[key.pair, key.kind] = finest_first((*kept, key.timeframe))
        self._served = {pair: self._serves(pair) for pair in self.pairs}

    def verify(self, pairs: tuple[str, ...] | None = None) -> None:
        """Read every file of these pairs once, so that a bad one is found before serving."""
        for key in self._files:
            if pairs is None or key.pair in pairs:
                self._series(key)

    def span(self, pair: str) -> tuple[int, int]:
        """First candle's open and last candle's close, ms, over all stored widths."""
        ends = [
            (self._reach(SeriesKey(pair, "candles", width)), INTERVAL_MS[width])
            for width in self._stored(pair, "candles")
        ]
        return min(first for (first, _), _ in ends), max(last + width for (_, last), width in ends)

    def timeframes(self, pair: str) -> tuple[str, ...]:
        """Stored widths and those that can be built from them."""
        return self._served[pair]

    def _serves(self, pair: str) -> tuple[str, ...]:
        stored = self._stored(pair, "candles")
        return tuple(
            width for width in INTERVAL_MS if width in stored or self._source(stored, width)
        )

    def candles(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """Trade candles; quote volume, trades and taker volume are NaN unless the file has them."""
        return self._bars(pair, "candles", timeframe, start_ms, end_ms)

    def mark(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """Mark price candles."""
        return self._bars(pair, "mark", timeframe, start_ms, end_ms)

    def funding(self, pair: str, start_ms: int, end_ms: int) -> DataFrame:
        """Funding settlements at their own times, whatever the interval between them."""
        self._stored(pair, "candles")
        key = SeriesKey(pair, "funding", "")
        if key not in self._files:
            return _empty("funding")
        return self._series(key).frame(start_ms, end_ms, _COLUMNS["funding"])

    def open_interest(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """Open interest snapshots on the grid of `timeframe`."""
        return self._snapshots(pair, "open_interest", timeframe, start_ms, end_ms)

    def ratios(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """Account long share on the grid of `timeframe`; the other columns are NaN."""
        return self._snapshots(pair, "ratios", timeframe, start_ms, end_ms)

    def liquidations(self, pair: str, start_ms: int, end_ms: int) -> DataFrame:
        """None: no file holds them."""
        self._stored(pair, "candles")
        none = DataFrame({"side": np.array([], dtype=object)})
        none.insert(0, "time_ms", np.array([], dtype=np.int64))
        return none.assign(price=np.array([], float), amount=np.array([], float))

    def book(
        self, pair: str, at_ms: int, levels: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Empty: no file holds one."""
        self._stored(pair, "candles")
        return np.empty((0, 2)), np.empty((0, 2))

    def _bars(self, pair: str, kind: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        stored = self._stored(pair, kind)
        if timeframe in stored:
            key = SeriesKey(pair, kind, timeframe)
            return self._series(key).frame(start_ms, end_ms, _COLUMNS[kind])
        source = self._furthest(pair, kind, stored, timeframe)
        if not source or end_ms <= start_ms:
            return _empty(kind)
        low = bucket_open(start_ms - 1, timeframe) + INTERVAL_MS[timeframe]
        high = bucket_open(end_ms - 1, timeframe) + INTERVAL_MS[timeframe]
        series = self._series(SeriesKey(pair, kind, source))
        fine = series.frame(low, max(low, high), _COLUMNS[kind])
        return aggregate(fine, source, timeframe) if len(fine) else _empty(kind)

    def _snapshots(
        self, pair: str, kind: str, timeframe: str, start_ms: int, end_ms: int
    ) -> DataFrame:
        self._stored(pair, "candles")
        stored = self._stored(pair, kind)
        source = timeframe if timeframe in stored else self._source(stored, timeframe)
        if not source:
            return _empty(kind)
        series = self._series(SeriesKey(pair, kind, source))
        return sample(series.frame(start_ms, end_ms, _COLUMNS[kind]), timeframe)

    def _stored(self, pair: str, kind: str) -> list[str]:
        """Stored widths of a series, finest first; KeyError for a pair without candles."""
        if pair not in self.pairs:
            raise KeyError(pair)
        return self._widths.get((pair, kind), [])

    @staticmethod
    def _source(stored: list[str], timeframe: str) -> str:
        return next((fine for fine in stored if divides(fine, timeframe)), "")

    def _furthest(self, pair: str, kind: str, stored: list[str], timeframe: str) -> str:
        sources = [fine for fine in stored if timeframe in INTERVAL_MS and divides(fine, timeframe)]
        return min(
            sources, key=lambda fine: self._reach(SeriesKey(pair, kind, fine))[0], default=""
        )

    def _reach(self, key: SeriesKey) -> tuple[int, int]:
        """First and last time of a file."""
        if key not in self._ends:
            self._series(key)
        return self._ends[key]

    def _series(self, key: SeriesKey) -> Series:
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
            series = read_series(self._files[key], key)
            if len(series.time_ms):
                self._ends[key] = int(series.time_ms[0]), int(series.time_ms[-1])
            self._cache[key] = series
            while sum(kept.nbytes for kept in self._cache.values()) > self._cache_bytes:
                if len(self._cache) == 1:
                    break
                self._cache.popitem(last=False)
            return series


def _empty(kind: str) -> DataFrame:
    return Series(np.array([], dtype=np.int64), {}).frame(0, 0, _COLUMNS[kind])
