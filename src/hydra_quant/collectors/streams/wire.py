"""A websocket that ccxt.pro keeps, and what arrives on it."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import ccxt.pro
from aiohttp import WSMsgType

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.streams.forced import Dialect, Forced, base_amount

logger = logging.getLogger(__name__)

PRIVATE = ("apiKey", "secret", "password", "uid", "token", "privateKey", "walletAddress")
_CLOSE_S = 0.5  # a dead peer never answers a close


class Wire:
    """One exchange's forced orders, by one connection at a time.

    To be made and used inside one event loop.

    Parameters
    ----------
    source : str
        ccxt's exchange id.
    ccxt_config : mapping
        As freqtrade's ``exchange.ccxt_config``; keys in it are not used.
    dialect : Dialect
    hear : callable
        Called with every forced order of the pairs.

    Attributes
    ----------
    ignored : Counter
        Messages and orders that were no use, by reason.
    pongs : int
        Answers to pings so far.
    """

    def __init__(
        self,
        source: str,
        ccxt_config: Mapping[str, Any],
        dialect: Dialect,
        hear: Callable[[Forced], None],
    ) -> None:
        self.source, self.dialect, self.hear = source, dialect, hear
        self.ignored: Counter[str] = Counter()
        self.pongs = 0
        self._confirmed = asyncio.Event()
        self._markets: dict[str, dict[str, Any]] = {}
        config = {name: value for name, value in ccxt_config.items() if name not in PRIVATE}
        self._exchange: Any = getattr(ccxt.pro, source)(config)
        self._understand: Any = self._exchange.handle_message
        self._make_client: Any = self._exchange.client
        self._exchange.handle_message = self._message
        self._exchange.client = self._client

    async def load(self, pairs: Sequence[str]) -> None:
        """Learn the markets.

        Raises
        ------
        SourceError
            When a pair is not a perpetual or future there, or the pairs need two connections.
        """
        await self._exchange.load_markets()
        found = {pair: self._exchange.markets.get(pair) for pair in pairs}
        for pair, market in found.items():
            if market is None or not market.get("contract"):
                raise SourceError(self.source, f"has no contract {pair}: no liquidations to hear")
        if len({bool(market["inverse"]) for market in found.values()}) > 1:
            raise SourceError(self.source, "linear and inverse pairs cannot be heard together")
        self._markets = {str(market["id"]): market for market in found.values()}

    def subscribe(self, pairs: Sequence[str]) -> "asyncio.Future[Any]":
        """Connect and subscribe; ends, with an exception, when the connection does."""
        self._confirmed.clear()
        # how long to wait before connecting again is decided by who connects
        self._exchange.ws_dial_backoff = {}
        subscription: Awaitable[Any] = self.dialect.subscribe(self._exchange, pairs)
        return asyncio.ensure_future(subscription)

    async def confirmed(self) -> None:
        """Wait until the exchange says that the subscription is in force."""
        await self._confirmed.wait()

    async def ping(self) -> None:
        """Ask for a pong; what the exchange had sent before it comes before it."""
        for client in list(self._exchange.clients.values()):
            if client.ping:
                await client.send(client.ping(client))
            else:
                await client.connection.ping()

    async def hang_up(self) -> None:
        """Close the connection, whatever its state."""
        clients = list((self._exchange.clients or {}).values())
        self._exchange.clients = {}
        for client in clients:
            await _shortly(client.close())

    async def close(self) -> None:
        """Close everything; the wire cannot be used again."""
        await self.hang_up()
        self._exchange.timeout_on_exit = 0
        await _shortly(self._exchange.close())

    # --- what arrives -------------------------------------------------------------------------

    def _client(self, url: str) -> Any:
        """ccxt.pro's connection, which by itself turns deaf at the first frame it cannot read."""
        new = url not in (self._exchange.clients or {})
        client = self._make_client(url)
        if new:
            receive = client.handle_message

            def guarded(frame: Any) -> None:
                if _is_pong(frame):
                    self.pongs += 1
                try:
                    receive(frame)
                except Exception as error:  # whatever a frame can do to a parser
                    self._ignore("malformed message", error)

            client.handle_message = guarded
        return client

    def _message(self, client: Any, message: Any) -> None:
        if not isinstance(message, dict):
            if message != "pong":
                self._ignore("malformed message", None)
                return
            self._understand(client, message)
            return
        entries = self.dialect.entries(message)
        if entries is None:
            if self.dialect.confirms(message):
                self._confirmed.set()
            self._understand(client, message)
            return
        for entry in entries:
            self._entry(entry)

    def _entry(self, entry: Any) -> None:
        try:
            said = self.dialect.order(entry)
        except (KeyError, TypeError, ValueError) as error:
            self._ignore("malformed order", error)
            return
        market = self._markets.get(said.market)
        if market is None:
            # OKX speaks of all its markets; those not asked for are no news
            if said.market not in self._exchange.markets_by_id:
                self._ignore("unknown pair", None)
            return
        amount = base_amount(said.contracts, said.price, market)
        self.hear(Forced(str(market["symbol"]), said.time, said.side, said.price, amount))

    def _ignore(self, reason: str, error: Exception | None) -> None:
        self.ignored[reason] += 1
        if self.ignored[reason] == 1:
            why = f" ({type(error).__name__})" if error else ""
            logger.warning(
                "%s: %s%s in the liquidation stream, ignored; further ones are only counted",
                self.source, reason, why,
            )  # fmt: skip


def _is_pong(frame: Any) -> bool:
    """A websocket pong, or what OKX (``pong``) and Bybit (``"op":"pong"``) have for it."""
    if frame.type == WSMsgType.PONG:
        return True
    text = frame.data if frame.type == WSMsgType.TEXT else ""
    return text == "pong" or ('"pong"' in text[:400] and "allLiquidation" not in text)


async def _shortly(closing: Awaitable[Any]) -> None:
    with suppress(TimeoutError, ccxt.BaseError, OSError):
        await asyncio.wait_for(closing, _CLOSE_S)
