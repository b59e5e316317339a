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
from hydra_quant.collectors.exchange.statistic import Fetch, Statistic, number
from hydra_quant.memory.series import HOUR_MS

PERIODS = ("5m", "15m", "30m", "1h", "4h", "1d")
STATISTIC_WIDTHS = dict(zip(PERIODS, ("5min", "15min", "30min", "1h", "4h", "1d"), strict=True))
CANDLE_WIDTHS = dict(zip(PERIODS, ("5", "15", "30", "60", "240", "D"), strict=True))
Market = Mapping[str, Any]


def _rows(
    method: str, width: str = "", bounds: tuple[str, str] = ("startTime", "endTime")
) -> Fetch:
    """Ask one endpoint; its bar width is called `width`, if it has one.

    CCXT's unified methods would cut an answer at `limit` rows, repeated ones counted.
    """
    widths = CANDLE_WIDTHS if width == "interval" else STATISTIC_WIDTHS

    def fetch(ccxt: Any, market: Market, period: str, start: int, end: int, limit: int) -> Any:
        request = {"category": "linear", "symbol": market["id"], "limit": limit}
        request |= {bounds[0]: start, bounds[1]: end - 1}
        request |= {width: widths[period]} if width else {}
        return getattr(ccxt, f"publicGetV5Market{method}")(request)["result"]["list"]

    return fetch


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
    Statistic(
        "ratios", "global_accounts",
        _rows("AccountRatio", "period"), _shares, limit=500, periods=PERIODS,
    ),
    Statistic(
        "open_interest", "",
        _rows("OpenInterest", "intervalTime"), _contracts, limit=200, periods=PERIODS,
    ),
    Statistic("funding", "", _rows("FundingHistory"), _rate, limit=200, step_ms=HOUR_MS),
    Statistic(
        "premium_index", "",
        _rows("PremiumIndexPriceKline", "interval", ("start", "end")), candle,
        limit=1000, periods=PERIODS,
    ),
)  # fmt: skip
