"""How each exchange speaks of forced orders, and how it is asked to.

The unified ``watch_liquidations*`` of ccxt.pro would do for a look now and then, but it hands over
only the first order of several that arrive together (Binance, Bybit), and of OKX only the first
detail of an instrument. So ccxt.pro subscribes and keeps the connection, and what the exchange
sends is read here.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from typing import Any, Literal

Side = Literal["buy", "sell"]
_ITEM_DIGITS = 32


@dataclass(frozen=True)
class Spoken:
    """A forced order in the exchange's terms: its market id, and the amount in contracts."""

    market: str
    time: int
    side: Side
    price: float
    contracts: float


@dataclass(frozen=True)
class Forced:
    """A forced order: time (epoch ms), side ('sell' closes a long), price (quote), base amount."""

    pair: str
    time: int
    side: Side
    price: float
    amount: float

    @property
    def item(self) -> str:
        """Its identity: an order that is sent twice has it twice."""
        said = f"{self.pair}|{self.time}|{self.side}|{self.price!r}|{self.amount!r}"
        return sha256(said.encode()).hexdigest()[:_ITEM_DIGITS]


@dataclass(frozen=True)
class Dialect:
    """One exchange.

    Attributes
    ----------
    entries : callable
        The forced orders in a decoded message, one by one; None when it is not about such.
    order : callable
        One of them read; KeyError, TypeError or ValueError when it is malformed.
    confirms : callable
        Whether a message says that the subscription is in force.
    subscribe : callable
        Given ccxt.pro's exchange and pairs: subscribes, and does not end before the connection.
    """

    entries: Callable[[dict[str, Any]], Iterator[Any] | None]
    order: Callable[[Any], Spoken]
    confirms: Callable[[dict[str, Any]], bool]
    subscribe: Callable[[Any, Sequence[str]], Awaitable[Any]]


def base_amount(contracts: float, price: float, market: dict[str, Any]) -> float:
    """Contracts in base currency; those of an inverse market are worth a fixed sum of quote."""
    size = float(market.get("contractSize") or 1.0)
    return contracts * size / price if market.get("inverse") else contracts * size


def _positive(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not isfinite(number) or number <= 0:
        raise ValueError(f"not a positive number: {value!r}")
    return number


def _side(value: Any, buy: str, sell: str) -> Side:
    sides: dict[str, Side] = {buy: "buy", sell: "sell"}
    return sides[value]


# --- Binance ----------------------------------------------------------------------------------
# https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Liquidation-Order-Streams


def _binance_entries(message: dict[str, Any]) -> Iterator[Any] | None:
    event = message.get("data", message)
    if not isinstance(event, dict) or event.get("e") != "forceOrder":
        return None
    entries: list[Any] = [event["o"]]
    return iter(entries)


def _binance_order(entry: Any) -> Spoken:
    """``S`` is the order's side; filled amount ``z`` at average price ``ap``."""
    return Spoken(
        market=str(entry["s"]),
        time=int(_positive(entry["T"])),
        side=_side(entry["S"], "BUY", "SELL"),
        price=_positive(entry["ap"]),
        contracts=_positive(entry["z"]),
    )


def _binance_confirms(message: dict[str, Any]) -> bool:
    return "id" in message and "result" in message and message["result"] is None


def _all_at_once(exchange: Any, pairs: Sequence[str]) -> Awaitable[Any]:
    watching: Awaitable[Any] = exchange.watch_liquidations_for_symbols(list(pairs))
    return watching


# --- Bybit ------------------------------------------------------------------------------------
# https://bybit-exchange.github.io/docs/v5/websocket/public/all-liquidation


def _bybit_entries(message: dict[str, Any]) -> Iterator[Any] | None:
    if not str(message.get("topic", "")).startswith("allLiquidation."):
        return None
    entries: list[Any] = message["data"]
    return iter(entries)


def _bybit_order(entry: Any) -> Spoken:
    """``S`` is the *position's* side: ``Buy`` says that a long was closed, by a sale."""
    return Spoken(
        market=str(entry["s"]),
        time=int(_positive(entry["T"])),
        side=_side(entry["S"], buy="Sell", sell="Buy"),
        price=_positive(entry["p"]),
        contracts=_positive(entry["v"]),
    )


def _bybit_confirms(message: dict[str, Any]) -> bool:
    return message.get("op") == "subscribe" and message.get("success") is True


async def _bybit_subscribe(exchange: Any, pairs: Sequence[str]) -> None:
    """All topics with one request: ccxt.pro has no ``watch_liquidations_for_symbols`` here."""
    url = await exchange.get_url_by_market_type(pairs[0], False, "watchLiquidations", {})
    hashes = ["liquidations::" + pair for pair in pairs]
    topics = ["allLiquidation." + exchange.market(pair)["id"] for pair in pairs]
    await exchange.watch_topics(url, hashes, topics)


# --- OKX --------------------------------------------------------------------------------------
# https://www.okx.com/docs-v5/en/#public-data-websocket-liquidation-orders-channel


def _okx_entries(message: dict[str, Any]) -> Iterator[Any] | None:
    argument = message.get("arg")
    if not isinstance(argument, dict) or argument.get("channel") != "liquidation-orders":
        return None
    if "data" not in message:
        return None
    return ((one.get("instId"), detail) for one in message["data"] for detail in one["details"])


def _okx_order(entry: Any) -> Spoken:
    """``side`` is the order's, ``sz`` in contracts, ``bkPx`` the bankruptcy price."""
    market, detail = entry
    return Spoken(
        market=str(market),
        time=int(_positive(detail["ts"])),
        side=_side(detail["side"], "buy", "sell"),
        price=_positive(detail["bkPx"]),
        contracts=_positive(detail["sz"]),
    )


def _okx_confirms(message: dict[str, Any]) -> bool:
    return message.get("event") == "subscribe"


DIALECTS = {
    "binance": Dialect(_binance_entries, _binance_order, _binance_confirms, _all_at_once),
    "bybit": Dialect(_bybit_entries, _bybit_order, _bybit_confirms, _bybit_subscribe),
    "okx": Dialect(_okx_entries, _okx_order, _okx_confirms, _all_at_once),
}
