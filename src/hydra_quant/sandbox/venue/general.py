"""``/fapi/v1``: time, rules, candles, funding."""

from typing import Any

import numpy as np

from hydra_quant.sandbox.venue import query
from hydra_quant.sandbox.venue.desk import Desk, Params, Rows
from hydra_quant.sandbox.venue.encode import column, decimals, kline_rows, mark_rows
from hydra_quant.sandbox.venue.errors import invalid
from hydra_quant.sandbox.venue.intervals import INTERVAL_MS

# Binance's published request maxima and defaults.
KLINES_DEFAULT, KLINES_MOST = 500, 1500
FUNDING_DEFAULT, FUNDING_MOST = 100, 1000
WEIGHT_PER_MINUTE = 2400


def ping(desk: Desk, params: Params) -> object:
    """Nothing, to show that the venue is there."""
    return {}


def server_time(desk: Desk, params: Params) -> object:
    """The venue's clock."""
    return {"serverTime": desk.now_ms()}


def exchange_info(desk: Desk, params: Params) -> object:
    """Every listed contract and its rules."""
    return {
        "timezone": "UTC",
        "serverTime": desk.now_ms(),
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": WEIGHT_PER_MINUTE,
            }
        ],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": list(desk.info.values()),
    }


def klines(desk: Desk, params: Params) -> Rows:
    """Trade candles; without ``startTime`` the newest, the forming one last."""
    symbol, interval = desk.symbol(params), query.interval(params)
    return _klines(desk, params, symbol, interval)


def continuous_klines(desk: Desk, params: Params) -> Rows:
    """Trade candles asked for by pair and contract type; only PERPETUAL exists here."""
    symbol, interval = desk.symbol(params, "pair"), query.interval(params)
    if query.text(params, "contractType") != "PERPETUAL":
        raise invalid("contractType")
    return _klines(desk, params, symbol, interval)


def _klines(desk: Desk, params: Params, symbol: str, interval: str) -> Rows:
    page = query.page(params, KLINES_DEFAULT, KLINES_MOST)
    candles = desk.known.candles(desk.pair_of[symbol], interval, page)
    return Rows(kline_rows(candles, INTERVAL_MS[interval]), f"{symbol} {interval}")


def mark_price_klines(desk: Desk, params: Params) -> Rows:
    """Mark price candles."""
    symbol, interval = desk.symbol(params), query.interval(params)
    page = query.page(params, KLINES_DEFAULT, KLINES_MOST)
    candles = desk.known.mark(desk.pair_of[symbol], interval, page)
    return Rows(mark_rows(candles, INTERVAL_MS[interval]), f"{symbol} {interval} mark")


def premium_index_klines(desk: Desk, params: Params) -> Rows:
    """Premium of trade over mark price, the mark price standing in for an index that is not held.

    Open and close are exact; what the premium did between them is not known, so high and low are
    the higher and the lower of the two.
    """
    symbol, interval = desk.symbol(params), query.interval(params)
    page = query.page(params, KLINES_DEFAULT, KLINES_MOST)
    pair = desk.pair_of[symbol]
    both = desk.known.candles(pair, interval, page).merge(
        desk.known.mark(pair, interval, page), on="time_ms", suffixes=("", "_mark")
    )
    ends = {
        name: np.round(column(both, name) / column(both, f"{name}_mark") - 1, 8)
        for name in ("open", "close")
    }
    low, high = np.minimum(*ends.values()), np.maximum(*ends.values())
    premium = both[["time_ms"]].assign(**ends, high=high, low=low)
    return Rows(mark_rows(premium, INTERVAL_MS[interval]), f"{symbol} {interval} premium")


def funding_rate(desk: Desk, params: Params) -> Rows:
    """Settled funding rates; all symbols where none is named."""
    page = query.page(params, FUNDING_DEFAULT, FUNDING_MOST)
    rows: list[dict[str, Any]] = []
    for symbol in desk.symbols(params):
        settled = desk.known.funding(desk.pair_of[symbol], page)
        rates = decimals(column(settled, "rate"))
        rows += [
            {"symbol": symbol, "fundingTime": time_ms, "fundingRate": rate, "markPrice": ""}
            for time_ms, rate in zip(settled["time_ms"].tolist(), rates, strict=True)
        ]
    rows.sort(key=lambda row: row["fundingTime"])
    return Rows(rows[: page.limit], params.get("symbol", "all") + " funding")


def funding_info(desk: Desk, params: Params) -> object:
    """Contracts with an adjusted funding cap or interval: none."""
    return []
