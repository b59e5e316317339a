"""Forced orders of an exchange, heard over its websocket."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from threading import Event
from time import monotonic
from typing import Any

import ccxt

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.streams.forced import DIALECTS
from hydra_quant.collectors.streams.journal import Journal
from hydra_quant.collectors.streams.minutes import WholeMinutes
from hydra_quant.collectors.streams.wire import Wire
from hydra_quant.memory import Memory

logger = logging.getLogger(__name__)

_LOOK_S = 0.2


class _Broken(Exception):
    """The connection is of no more use."""


@dataclass(frozen=True)
class Pace:
    """How patient a stream is, in seconds of real time.

    Attributes
    ----------
    flush_s : what is heard is written at most so often
    settle_s : how long after a minute's end its last orders may still arrive; exchanges gather
        what they push for up to a second
    answer_s : how long a subscription or a ping may stay unanswered
    first_s, longest_s : waits before connecting again, doubled each time, half of it jitter
    steady_s : a connection that lasted so long makes the next wait a first one again
    """

    flush_s: float = 1.0
    settle_s: float = 2.0
    answer_s: float = 10.0
    first_s: float = 1.0
    longest_s: float = 60.0
    steady_s: float = 30.0


class LiquidationStream:
    """Writes forced orders, and the minutes in which they were listened for.

    Kind ``liquidations`` holds the orders (``item`` is a hash of pair, time, side, price and
    amount, so that a repeat counts once; a row is known from the moment it was written). Kind
    ``listening`` (name ``'liquidations'``, period one minute) has a row for every whole minute
    during which the connection was up and subscribed without a break. It is written some seconds
    after the minute's end, once the exchange has answered a ping sent after it: by then every
    order that was sent has arrived.

    Binance pushes one order of a symbol a second (the latest), Bybit all of them every half
    second, OKX at most one of a contract a second: amounts are a lower bound of what was closed.

    Parameters
    ----------
    exchange_id : str
        ``'binance'``, ``'bybit'`` or ``'okx'``.
    ccxt_config : mapping
        As freqtrade's ``exchange.ccxt_config``.
    clock : callable
        The present, epoch ms.
    pace : Pace

    Raises
    ------
    SourceError
        For another exchange.
    """

    def __init__(
        self,
        exchange_id: str,
        ccxt_config: Mapping[str, Any],
        *,
        clock: Callable[[], int],
        pace: Pace | None = None,
    ) -> None:
        if exchange_id not in DIALECTS:
            known = ", ".join(DIALECTS)
            raise SourceError(exchange_id, f"has no liquidation stream here; {known} have")
        self.source = exchange_id
        self._config, self._clock, self._pace = dict(ccxt_config), clock, pace or Pace()

    def listen(self, memory: Memory, pairs: Sequence[str], stop: Event) -> None:
        """Listen until `stop` is set, in an event loop of its own; see `Stream.listen`."""
        if pairs:
            asyncio.run(self._listen(memory, tuple(pairs), stop))

    async def _listen(self, memory: Memory, pairs: Sequence[str], stop: Event) -> None:
        journal = Journal(memory, self.source, pairs, self._clock)
        wire = Wire(self.source, self._config, DIALECTS[self.source], journal.hear)
        work = asyncio.create_task(_Listening(wire, journal, pairs, self._clock, self._pace).run())
        try:
            while not stop.is_set() and not work.done():
                await asyncio.wait({work}, timeout=_LOOK_S)
        finally:
            work.cancel()
            await asyncio.wait({work})
            await wire.close()
            await asyncio.to_thread(journal.flush)
        if not work.cancelled():
            work.result()


class _Listening:
    """Connects again and again, until it is cancelled."""

    def __init__(
        self,
        wire: Wire,
        journal: Journal,
        pairs: Sequence[str],
        clock: Callable[[], int],
        pace: Pace,
    ) -> None:
        self.wire, self.journal, self.pairs, self.clock, self.pace = (
            wire, journal, pairs, clock, pace,
        )  # fmt: skip
        self._random = Random()
        self._flushed = monotonic()
        self._loaded = False

    async def run(self) -> None:
        failures = 0
        while True:
            begun = monotonic()
            try:
                await self._connection()
            except (_Broken, ccxt.BaseError, OSError, TimeoutError) as error:
                await self.wire.hang_up()
                failures = 1 if monotonic() - begun >= self.pace.steady_s else failures + 1
                wait = self._backoff(failures)
                logger.log(
                    logging.WARNING if failures == 1 else logging.INFO,
                    "%s: the liquidation stream broke (%s); again in %.0f s",
                    self.wire.source, type(error).__name__, wait,
                )  # fmt: skip
                until = monotonic() + wait
                while (left := until - monotonic()) > 0:
                    await asyncio.sleep(min(left, _LOOK_S))
                    await self._flush()

    def _backoff(self, failures: int) -> float:
        longest = min(self.pace.longest_s, self.pace.first_s * 2.0 ** min(failures - 1, 30))
        return longest * (0.5 + 0.5 * self._random.random())

    async def _connection(self) -> None:
        """Listen on one connection; raises when it ends."""
        if not self._loaded:
            await self.wire.load(self.pairs)
            self._loaded = True
        ended = self.wire.subscribe(self.pairs)
        try:
            await self._confirmed(ended)
            await self._follow(ended, WholeMinutes(self.clock()))
        finally:
            ended.cancel()
            await asyncio.wait({ended})

    async def _confirmed(self, ended: "asyncio.Future[Any]") -> None:
        confirmed = asyncio.create_task(self.wire.confirmed())
        try:
            both = {ended, confirmed}
            await asyncio.wait(
                both, timeout=self.pace.answer_s, return_when=asyncio.FIRST_COMPLETED
            )
            _check(ended)
            if not confirmed.done():
                raise _Broken("not subscribed")
        finally:
            confirmed.cancel()

    async def _follow(self, ended: "asyncio.Future[Any]", minutes: WholeMinutes) -> None:
        due: list[tuple[float, int]] = []  # when a minute was seen to be over, and its open
        while True:
            await asyncio.wait({ended}, timeout=_LOOK_S)
            _check(ended)
            due += [(monotonic(), minute) for minute in minutes.over(self.clock())]
            settled = monotonic() - self.pace.settle_s
            if due and due[0][0] <= settled:
                await self._answered(ended)
                self.journal.heard([minute for seen, minute in due if seen <= settled])
                due = [one for one in due if one[0] > settled]
            await self._flush()

    async def _answered(self, ended: "asyncio.Future[Any]") -> None:
        """Return when the exchange has answered a ping."""
        before, until = self.wire.pongs, monotonic() + self.pace.answer_s
        await self.wire.ping()
        while self.wire.pongs == before:
            if monotonic() >= until:
                raise _Broken("silent")
            await asyncio.wait({ended}, timeout=_LOOK_S / 10)
            _check(ended)
            await self._flush()

    async def _flush(self) -> None:
        if monotonic() - self._flushed >= self.pace.flush_s:
            await asyncio.to_thread(self.journal.flush)
            self._flushed = monotonic()


def _check(ended: "asyncio.Future[Any]") -> None:
    """Raise when the connection is over."""
    if not ended.done():
        return
    if not ended.cancelled() and (error := ended.exception()) is not None:
        raise error
    raise _Broken("over")
