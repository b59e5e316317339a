"""A CCXT client that is asked patiently and fails in one line."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import ccxt

from hydra_quant.collectors.answers import LONGEST_WAIT_S, asked_wait_s
from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.retry import patiently

T = TypeVar("T")
LONGEST_TEXT = 160
# CCXT reads answers as it expects them, and stumbles over others.
MALFORMED = (AttributeError, LookupError, TypeError, ValueError)


class Client:
    """One exchange's public endpoints.

    Parameters
    ----------
    exchange_id : str
        CCXT's name of it: ``'binance'``.
    ccxt_config : mapping
        Given to CCXT as it is; freqtrade's ``exchange.ccxt_config``. Its keys and secrets are left
        out: only public endpoints are asked.
    attempts : int
        How often a passing failure is tried.
    sleep : callable
        Takes seconds.

    Raises
    ------
    SourceError
        When CCXT does not know the exchange.
    """

    def __init__(
        self,
        exchange_id: str,
        ccxt_config: Mapping[str, Any],
        *,
        attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if exchange_id not in ccxt.exchanges:
            raise SourceError(exchange_id, "CCXT knows no exchange of this name")
        secret = {"apiKey", "secret", "password", "uid", "privateKey", "walletAddress", "token"}
        public = {key: value for key, value in ccxt_config.items() if key not in secret}
        options = {"enableRateLimit": True, "timeout": 20_000, **public}
        options["options"] = {**_listing(exchange_id), **public.get("options", {})}
        self.source = exchange_id
        self.ccxt: Any = getattr(ccxt, exchange_id)(options)
        self._attempts, self._sleep = attempts, sleep

    def ask(self, what: str, call: Callable[[Any], T]) -> T:
        """Call with the CCXT client; passing failures are tried again, the others are one line.

        Parameters
        ----------
        what : str
            For the line: ``'taker volume of BTC/USDT:USDT'``.
        call : callable

        Raises
        ------
        SourceError
        """
        try:
            return patiently(
                self.source,
                lambda: call(self.ccxt),
                self._wait,
                attempts=self._attempts,
                sleep=self._sleep,
            )
        except ccxt.BaseError as error:
            raise SourceError(self.source, f"{what}: {_line(error)}") from None
        except MALFORMED as error:
            why = f"{what}: an answer that it does not document ({type(error).__name__})"
            raise SourceError(self.source, why) from None

    def market(self, pair: str) -> dict[str, Any]:
        """CCXT's market of a pair; the listing is read once.

        Raises
        ------
        SourceError
            When the exchange does not list it, or does not answer.
        """
        self.ask("its markets", lambda client: client.load_markets())
        if pair not in self.ccxt.markets:
            raise SourceError(self.source, f"does not list {pair}")
        market: dict[str, Any] = self.ccxt.markets[pair]
        return market

    def _wait(self, error: BaseException) -> float | None:
        """Seconds until it is worth asking again; None: it is not, or not within minutes."""
        # Rate limits are network errors; an answer of another shape may have been cut on its way.
        if not isinstance(error, (ccxt.BadResponse, ccxt.NetworkError, *MALFORMED)):
            return None
        headers = self.ccxt.last_response_headers or {}
        named = {str(name).lower(): str(text) for name, text in headers.items()}
        limited = isinstance(error, ccxt.RateLimitExceeded | ccxt.DDoSProtection)
        asked = asked_wait_s(named, time.time()) if limited else 0.0
        return asked if asked <= LONGEST_WAIT_S else None

    def close(self) -> None:
        """Let the connections go."""
        session = getattr(self.ccxt, "session", None)
        if session is not None:
            session.close()


def _listing(exchange_id: str) -> dict[str, Any]:
    """CCXT options under which only linear perpetuals are listed."""
    kind = "swap" if exchange_id == "okx" else "linear"
    return {"defaultType": "swap", "fetchMarkets": {"types": [kind]}}


def _line(error: Exception) -> str:
    """What went wrong without markup, addresses and their queries."""
    text = re.sub(r"<[^>]*>", " ", str(error))
    text = re.sub(r"(https?|wss?)://[^\s\"']+", lambda found: found[0].split("?")[0], text)
    text = " ".join(text.split())
    short = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    return f"{type(error).__name__} {short}".strip()
