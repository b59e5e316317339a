"""The order book as it stands: best prices, depth, imbalance and the levels."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pandas import DataFrame

from hydra_quant.collectors.collector import SourceError, Task
from hydra_quant.collectors.exchange.client import Client
from hydra_quant.collectors.exchange.statistic import number
from hydra_quant.memory import Series

Level = tuple[float, float]


class Book:
    """Snapshots of the first levels; only the present can be had.

    Parameters
    ----------
    client : Client
    levels : int
        How many on each side; the venue must serve that number (20 is served by all three).
    poll_ms : int
        How often one is taken.
    """

    def __init__(self, client: Client, levels: int, poll_ms: int) -> None:
        self.source = client.source
        self._client, self._levels, self._poll_ms = client, levels, poll_ms

    def tasks(self, pairs: Sequence[str]) -> Sequence[Task]:
        """One book a pair."""
        return [
            Task(Series("book_snapshots", self.source, pair), reach_ms=0, poll_ms=self._poll_ms)
            for pair in pairs
        ]

    def pages(self, task: Task, start: int, end: int) -> Iterator[DataFrame]:
        """One page of one row: the book at the time that the exchange gives it.

        Raises
        ------
        SourceError
            When it does not answer, or with a book that cannot be one.
        """
        pair = task.series.subject
        market = self._client.market(pair)
        book = self._client.ask(
            f"order book of {pair}",
            lambda ccxt: ccxt.fetch_order_book(pair, limit=self._levels),
        )
        size = market.get("contractSize") or 1.0
        yield DataFrame([self._row(book, pair, float(size), end)])

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def _row(self, book: dict[str, Any], pair: str, size: float, now: int) -> dict[str, Any]:
        try:
            bids = _levels(book["bids"], self._levels, size)
            asks = _levels(book["asks"], self._levels, size)
            if not bids or not asks or bids[0][0] >= asks[0][0]:
                raise ValueError("empty or crossed")
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise SourceError(self.source, f"order book of {pair} is none: {error}") from None
        bid_depth, ask_depth = _depth(bids), _depth(asks)
        return {
            "event_time": min(int(book.get("timestamp") or now), now),
            "best_bid": bids[0][0],
            "best_ask": asks[0][0],
            "bid_depth": bid_depth,
            "ask_depth": ask_depth,
            "imbalance": (bid_depth - ask_depth) / (bid_depth + ask_depth),
            "bids": json.dumps(bids),
            "asks": json.dumps(asks),
        }


def _levels(raw: Sequence[Any], most: int, size: float) -> list[Level]:
    """Price (quote) and amount (base) of the first levels, as plain pairs."""
    levels = [(number(level[0]), number(level[1]) * size) for level in raw[:most]]
    if any(price <= 0 or amount < 0 for price, amount in levels):
        raise ValueError("a price or an amount below 0")
    return levels


def _depth(levels: Sequence[Level]) -> float:
    return sum(price * amount for price, amount in levels)
