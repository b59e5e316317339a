"""What a recorder that had listened to the synthetic market all the time would have written down.

Venues serve statistics of the last 30 days, no books and no liquidations of the past: a backtest
that needs them needs somebody who listened. Values and times are those that the local venue gives
to a collector; see `hydra_quant.sandbox.venue`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.sandbox.market import SyntheticMarket
from hydra_quant.sandbox.market.book import books
from hydra_quant.sandbox.market.frames import WIDTHS
from hydra_quant.sandbox.market.spec import CONTRACTS, MINUTE_MS
from hydra_quant.sandbox.news import headlines
from hydra_quant.sandbox.posts import posts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SECOND_MS = 1_000
LEVELS = 20
WRITTEN_MS = SECOND_MS  # what is heard is written once a second
MINUTE_WRITTEN_MS = 3 * SECOND_MS  # a minute counts as heard when its last orders have arrived
BOOK_WRITTEN_MS = 500
WIDTHS_5M = tuple(width for width, minutes in WIDTHS.items() if minutes % 5 == 0)


@dataclass(frozen=True)
class Recorder:
    """Tables of one market.

    Attributes
    ----------
    market : SyntheticMarket
    start_ms, end_ms : int
        Full minutes; what happened before `end_ms`.
    every : str
        Width of statistics and time between books, one of `WIDTHS_5M`.
    """

    market: SyntheticMarket
    start_ms: int
    end_ms: int
    every: str

    def names(self, pair: str) -> tuple[str, ...]:
        """Path of each table without its suffix, by folder."""
        name = pair.replace("/", "_").replace(":", "_")
        return (
            f"funding/{name}-funding",
            *(f"{kind}/{name}-{self.every}-{kind}" for kind in ("interest", "ratios", "premium")),
            f"liquidations/{name}-liquidations",
            f"liquidations/{name}-listened",
            f"book/{name}-book",
        )

    def tables(self, pair: str) -> Iterator[DataFrame]:
        """The tables in the order of `names`.

        Every one has ``date`` (UTC); what is only heard live also has ``recorded``, when it was
        written down.
        """
        yield self.funding(pair)
        yield self.interest(pair)
        yield self.ratios(pair)
        yield self.premium(pair)
        orders = self.liquidations(pair)
        yield orders
        yield self.listened(orders)
        yield self.book(pair)

    def common_names(self) -> tuple[str, ...]:
        """Paths of the tables that are about all pairs."""
        return "news/headlines", "posts/sandbox-posts"

    def common_tables(self, pairs: Sequence[str]) -> Iterator[DataFrame]:
        """What the press and the crowd say of these pairs, in the order of `common_names`."""
        yield self.headlines(pairs)
        yield self.posts(pairs)

    def headlines(self, pairs: Sequence[str]) -> DataFrame:
        """News: ``title``, ``source`` (the outlet), ``subject`` (plain name), ``dataset``; see
        `hydra_quant.sandbox.news`."""
        rows = headlines(self.market, pairs, self.start_ms, self.end_ms)
        return _recorded(rows.drop(columns=["kind", "told"]))

    def posts(self, pairs: Sequence[str]) -> DataFrame:
        """Posts with what their platform tells of them and their authors; see
        `hydra_quant.sandbox.posts`."""
        rows = posts(self.market, pairs, self.start_ms, self.end_ms)
        created = _utc(rows.pop("author_created_ms").to_numpy(np.int64))
        return _recorded(rows.drop(columns="mood").assign(author_created=created))

    def funding(self, pair: str) -> DataFrame:
        """Settlements: ``funding_rate``."""
        rows = self.market.funding(pair, self.start_ms, self.end_ms)
        return _dated(rows.rename(columns={"rate": "funding_rate"}))

    def interest(self, pair: str) -> DataFrame:
        """Snapshots: ``open_interest`` (base), ``open_interest_value`` (quote)."""
        rows = self.market.open_interest(pair, self.every, self.start_ms, self.end_ms)
        names = {"contracts": "open_interest", "value": "open_interest_value"}
        return _dated(rows.rename(columns=names))

    def ratios(self, pair: str) -> DataFrame:
        """Shares that are long (0-1) of all accounts, of the largest and of their positions; what
        takers bought and sold (base)."""
        return _dated(self.market.ratios(pair, self.every, self.start_ms, self.end_ms))

    def premium(self, pair: str) -> DataFrame:
        """Premium of trade over mark price as candles, as the venue tells it: the ends are exact,
        high and low the higher and the lower of the two."""
        trades = self.market.candles(pair, self.every, self.start_ms, self.end_ms)
        marks = self.market.mark(pair, self.every, self.start_ms, self.end_ms)
        ends = {name: np.round(trades[name] / marks[name] - 1, 8) for name in ("open", "close")}
        low, high = np.minimum(*ends.values()), np.maximum(*ends.values())
        return _dated(trades[["time_ms"]].assign(**ends, high=high, low=low))

    def liquidations(self, pair: str) -> DataFrame:
        """Forced orders: ``side`` ('sell' closes a long), ``price``, ``amount`` (base).

        Of a symbol the stream sends one order a second, the latest, when the second is over.
        """
        rows = self.market.liquidations(pair, self.start_ms, self.end_ms)
        second = rows["time_ms"] // SECOND_MS
        rows = rows[~second.duplicated(keep="last")].reset_index(drop=True)
        sent = (rows["time_ms"] // SECOND_MS + 1) * SECOND_MS
        return _dated(rows.assign(recorded=_utc(sent.to_numpy() + WRITTEN_MS)))

    def listened(self, orders: DataFrame) -> DataFrame:
        """Every minute from its beginning to its end, with the ``messages`` that came in it."""
        minutes = np.arange(self.start_ms, self.end_ms, MINUTE_MS, dtype=np.int64)
        at = (pd.DatetimeIndex(orders["date"]).asi8 - self.start_ms) // MINUTE_MS
        return _dated(
            DataFrame(
                {
                    "time_ms": minutes,
                    "messages": np.bincount(at, minlength=len(minutes)),
                    "recorded": _utc(minutes + MINUTE_MS + MINUTE_WRITTEN_MS),
                }
            )
        )

    def book(self, pair: str) -> DataFrame:
        """Snapshots a minute before each multiple of `every`: best prices, depth (quote) of twenty
        levels, and their imbalance (bid - ask) / (bid + ask)."""
        step = WIDTHS[self.every] * MINUTE_MS
        first = -(-self.start_ms // step) * step + step - MINUTE_MS
        at = np.arange(first, self.end_ms, step, dtype=np.int64)
        bids, asks = self._books(pair, at)
        bid_depth, ask_depth = (side.prod(axis=2).sum(axis=1) for side in (bids, asks))
        return _dated(
            DataFrame(
                {
                    "time_ms": at,
                    "best_bid": bids[:, 0, 0],
                    "best_ask": asks[:, 0, 0],
                    "bid_depth": bid_depth,
                    "ask_depth": ask_depth,
                    "imbalance": (bid_depth - ask_depth) / (bid_depth + ask_depth),
                    "recorded": _utc(at + BOOK_WRITTEN_MS),
                }
            )
        )

    def _books(self, pair: str, at_ms: Ints) -> tuple[Floats, Floats]:
        """`SyntheticMarket.book` at full minutes, all at once: there the price is the open."""
        before = 30
        begin = self.start_ms - before * MINUTE_MS
        candles = self.market.candles(pair, "1m", begin, self.end_ms)
        minute = (at_ms - int(candles["time_ms"].iloc[0])) // MINUTE_MS
        price = candles["open"].to_numpy(np.float64)[minute]
        ranges = np.log((candles["high"] / candles["low"]).to_numpy(np.float64))
        padded = np.r_[np.full(before, np.nan), ranges]
        recent = sliding_window_view(padded, before - 1)[minute]  # the 29 minutes known by then
        quiet = CONTRACTS[pair].volatility
        turbulence = np.nanmean(recent, axis=1) / 1.6 / quiet
        row = self.market.pairs.index(pair)
        seed = self.market.spec.seed
        return books(CONTRACTS[pair], price, turbulence, seed, row, at_ms, LEVELS)


def _utc(time_ms: Ints) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(time_ms.astype("datetime64[ms]")).tz_localize("UTC")


def _dated(rows: DataFrame) -> DataFrame:
    """``date`` instead of ``time_ms``, first."""
    rows = rows.reset_index(drop=True)
    date = _utc(rows.pop("time_ms").to_numpy(np.int64))
    rows.insert(0, "date", date)
    return rows


def _recorded(rows: DataFrame) -> DataFrame:
    """``date`` and ``recorded`` instead of ``time_ms`` and ``recorded_ms``."""
    rows = rows.assign(recorded=_utc(rows["recorded_ms"].to_numpy(np.int64)))
    return _dated(rows.drop(columns="recorded_ms"))
