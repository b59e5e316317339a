"""Writes down what is heard; the memory may be away for a while."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from threading import Lock

from pandas import DataFrame
from sqlalchemy.exc import SQLAlchemyError

from hydra_quant.collectors.streams.forced import Forced
from hydra_quant.memory import Memory, Series, StoreError
from hydra_quant.memory.series import MINUTE_MS

logger = logging.getLogger(__name__)

LIVE = 0  # nothing here could have been read earlier: each row is known from its writing on


class Journal:
    """Forced orders and whole minutes of some pairs, until they are stored.

    Orders whose time is still to come (the exchange's clock is ahead of ours) wait for it. A
    minute is written after the orders that were heard before it was reported, never before them:
    a minute that is there is complete. Nothing is given up while the memory cannot be written.

    Parameters
    ----------
    memory : Memory
    source : str
    pairs : sequence of str
    clock : callable
        The present, epoch ms.
    """

    def __init__(
        self, memory: Memory, source: str, pairs: Sequence[str], clock: Callable[[], int]
    ) -> None:
        self._memory, self._source, self._pairs, self._clock = memory, source, tuple(pairs), clock
        self._orders: dict[str, list[Forced]] = defaultdict(list)
        self._minutes: dict[str, list[int]] = defaultdict(list)
        self._count: Counter[tuple[str, int]] = Counter()
        self._away = False
        self._adding, self._writing = Lock(), Lock()

    def hear(self, order: Forced) -> None:
        """An order has arrived."""
        with self._adding:
            self._orders[order.pair].append(order)
            self._count[order.pair, order.time // MINUTE_MS * MINUTE_MS] += 1

    def heard(self, minutes: Sequence[int]) -> None:
        """These minutes (opens, epoch ms) were heard from beginning to end, for every pair."""
        with self._adding:
            for pair in self._pairs:
                self._minutes[pair].extend(minutes)

    def flush(self) -> bool:
        """Store what can be stored; False when the memory could not be written."""
        with self._writing:
            try:
                for pair in self._pairs:
                    self._flush(pair)
            except (SQLAlchemyError, StoreError) as error:
                if not self._away:
                    reason = str(getattr(error, "orig", error)).splitlines()[0]
                    logger.warning(
                        "%s: the memory could not be written (%s); kept and tried again",
                        self._source, reason,
                    )  # fmt: skip
                self._away = True
                return False
            self._away = False
            return True

    def _flush(self, pair: str) -> None:
        with self._adding:  # at one moment: what is heard later belongs to none of these minutes
            minutes = list(self._minutes[pair])
            orders = list(self._orders[pair])
        now = self._clock()
        ready = [order for order in orders if order.time <= now]
        if ready:
            self._memory.write(
                Series("liquidations", self._source, pair), _rows(ready), following_since=LIVE
            )
            with self._adding:
                done = set(map(id, ready))
                kept = [order for order in self._orders[pair] if id(order) not in done]
                self._orders[pair] = kept
        if minutes:
            with self._adding:
                counts = [self._count[pair, minute] for minute in minutes]
            rows = DataFrame({"event_time": minutes, "messages": counts})
            series = Series("listening", self._source, pair, "liquidations", MINUTE_MS)
            self._memory.write(series, rows, following_since=LIVE)
            with self._adding:
                del self._minutes[pair][: len(minutes)]
                self._forget(pair, max(minutes))

    def _forget(self, pair: str, last: int) -> None:
        for key in [key for key in self._count if key[0] == pair and key[1] <= last]:
            del self._count[key]


def _rows(orders: Sequence[Forced]) -> DataFrame:
    return DataFrame(
        {
            "event_time": [order.time for order in orders],
            "item": [order.item for order in orders],
            "side": [order.side for order in orders],
            "price": [order.price for order in orders],
            "amount": [order.amount for order in orders],
        }
    )
