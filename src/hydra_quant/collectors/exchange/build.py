"""Builds the collectors of an exchange."""

from collections.abc import Mapping
from typing import Any

from hydra_quant.collectors.collector import Collector, SourceError
from hydra_quant.collectors.exchange import binance, bybit, okx
from hydra_quant.collectors.exchange.book import Book
from hydra_quant.collectors.exchange.client import Client
from hydra_quant.collectors.exchange.statistic import Statistics

KNOWN = {
    "binance": binance.STATISTICS,
    "binanceusdm": binance.STATISTICS,
    "bybit": bybit.STATISTICS,
    "okx": okx.STATISTICS,
}


def collector_for(
    exchange_id: str,
    ccxt_config: Mapping[str, Any],
    *,
    period: str = "5m",
    book_levels: int = 20,
    book_poll_ms: int = 60_000,
    client: Client | None = None,
) -> list[Collector]:
    """Statistics and order book of one exchange.

    Parameters
    ----------
    exchange_id : str
        CCXT's name: binance, bybit or okx.
    ccxt_config : mapping
        freqtrade's ``exchange.ccxt_config``.
    period : str
        Bar width of the statistics.
    book_levels, book_poll_ms : int
        Depth of a snapshot, and how often one is taken.
    client : Client, optional
        Instead of one made of these.

    Raises
    ------
    SourceError
        For an exchange whose statistics HYDRA does not know.
    """
    if exchange_id not in KNOWN:
        raise SourceError(
            exchange_id, f"its statistics are not known; HYDRA collects from {', '.join(KNOWN)}"
        )
    client = client or Client(exchange_id, ccxt_config)
    return [
        Statistics(client, KNOWN[exchange_id], period),
        Book(client, book_levels, book_poll_ms),
    ]
