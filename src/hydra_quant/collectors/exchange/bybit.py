"""Bybit linear perpetuals, v5 API.

Account ratio: at most 500 rows an answer, since July 2020; open interest and funding: 200; premium
index candles: 1000; all newest first within ``startTime`` and ``endTime``. See
https://bybit-exchange.github.io/docs/v5/market, pages long-short-ratio, open-interest,
history-fund-rate and preimum-index-kline (so spelt there). Top-trader ratios and taker volume are
not served. Timestamps are taken as the beginning of their period, under which a row is known later.
"""

from collections.abc import Mapping
from typing import Any

from hydra_quant.collectors.exchange.binance import candle
from hydra_quant.collectors.exchange.statistic import Statistic, number
from hydra_quant.memory.series import HOUR_MS

PERIODS = ("5m", "15m", "30m", "1h", "4h", "1d")
INTERVALS = {"5m": "5min", "15m": "15min", "30m": "30min"}
Market = Mapping[str, Any]


def _ratio(ccxt: Any, market: Market, period: str, start: int, end: int, limit: int) -> Any:
    options = {"startTime": start, "endTime": end - 1}
    found = ccxt.fetch_long_short_ratio_history(
        market["symbol"], INTERVALS.get(period, period), start, limit, options
    )
    return [row["info"] for row in found]


def _open_interest(
    ccxt: Any, market: Market, period: str, start: int, end: int, limit: int
) -> list[Any]:
    options = {"until": end - 1}
    found = ccxt.fetch_open_interest_history(market["symbol"], period, start, limit, options)
    return [row["info"] for row in found]


def _funding(ccxt: Any, market: Market, period: str, start: int, end: int, limit: int) -> list[Any]:
    found = ccxt.fetch_funding_rate_history(market["symbol"], start, limit, {"until": end - 1})
    return [row["info"] for row in found]


def _premium(ccxt: Any, market: Market, period: str, start: int, end: int, limit: int) -> list[Any]:
    found: list[Any] = ccxt.fetch_premium_index_ohlcv(
        market["symbol"], period, start, limit, {"until": end - 1}
    )
    return found


def _shares(row: Any, market: Market) -> dict[str, Any]:
    return {
        "event_time": int(row["timestamp"]),
        "long_side": number(row["buyRatio"]),
        "short_side": number(row["sellRatio"]),
    }


def _contracts(row: Any, market: Market) -> dict[str, Any]:
    # linear contracts are counted in base coins; their value is not served
    return {"event_time": int(row["timestamp"]), "contracts": number(row["openInterest"])}


def _rate(row: Any, market: Market) -> dict[str, Any]:
    return {
        "event_time": int(row["fundingRateTimestamp"]),
        "rate": number(row["fundingRate"]),
    }


STATISTICS = (
    Statistic("ratios", "global_accounts", _ratio, _shares, limit=500, periods=PERIODS),
    Statistic("open_interest", "", _open_interest, _contracts, limit=200, periods=PERIODS),
    Statistic("funding", "", _funding, _rate, limit=200, step_ms=HOUR_MS),
    Statistic("premium_index", "", _premium, candle, limit=1000, periods=PERIODS),
)
