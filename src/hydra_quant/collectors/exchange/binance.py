"""Binance USD-M futures.

``/futures/data/*`` keeps the latest 30 days, at most 500 rows an answer, oldest first; see
https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api, pages
Open-Interest-Statistics, Top-Trader-Long-Short-Ratio, Top-Long-Short-Account-Ratio,
Long-Short-Ratio, Taker-BuySell-Volume, Get-Funding-Rate-History, Premium-Index-Kline-Data.
They do not say whether a row's timestamp begins or ends its period: it is taken as the beginning,
under which the row is known later.
"""

from collections.abc import Mapping
from typing import Any

from hydra_quant.collectors.exchange.statistic import Fetch, Statistic, number
from hydra_quant.memory.series import DAY_MS, HOUR_MS

PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
# One hour less than the 30 days that are served: the window moves on while it is being read.
REACH = 30 * DAY_MS - HOUR_MS
Market = Mapping[str, Any]


def _rows(method: str, width: str = "") -> Fetch:
    """Ask one endpoint; its bar width is called `width`, if it has one.

    CCXT's unified methods would cut an answer at `limit` rows, repeated ones counted.
    """

    def fetch(ccxt: Any, market: Market, period: str, start: int, end: int, limit: int) -> Any:
        request = {"symbol": market["id"], **({width: period} if width else {})}
        request |= {"startTime": start, "endTime": end - 1, "limit": limit}
        return getattr(ccxt, method)(request)

    return fetch


def _shares(row: Any, market: Market) -> dict[str, Any]:
    return {
        "event_time": int(row["timestamp"]),
        "long_side": number(row["longAccount"]),
        "short_side": number(row["shortAccount"]),
    }


def _volumes(row: Any, market: Market) -> dict[str, Any]:
    return {
        "event_time": int(row["timestamp"]),
        "long_side": number(row["buyVol"]),
        "short_side": number(row["sellVol"]),
    }


def _contracts(row: Any, market: Market) -> dict[str, Any]:
    return {
        "event_time": int(row["timestamp"]),
        "contracts": number(row["sumOpenInterest"]),
        "value": number(row["sumOpenInterestValue"]),
    }


def _rate(row: Any, market: Market) -> dict[str, Any]:
    # stamped some milliseconds after the settlement it belongs to
    settled = int(row["fundingTime"]) // 60_000 * 60_000
    return {"event_time": settled, "rate": number(row["fundingRate"])}


def candle(row: Any, market: Market) -> dict[str, Any]:
    """A premium candle: time, open, high, low, close."""
    names = ("open", "high", "low", "close")
    values = {name: number(value) for name, value in zip(names, row[1:5], strict=True)}
    return {"event_time": int(row[0]), **values}


def _ratio(name: str, method: str) -> Statistic:
    fetch = _rows(f"fapiDataGet{method}", "period")
    read = _volumes if name == "taker" else _shares
    return Statistic("ratios", name, fetch, read, limit=500, reach_ms=REACH, periods=PERIODS)


STATISTICS = (
    _ratio("global_accounts", "GlobalLongShortAccountRatio"),
    _ratio("top_accounts", "TopLongShortAccountRatio"),
    _ratio("top_positions", "TopLongShortPositionRatio"),
    _ratio("taker", "TakerlongshortRatio"),
    Statistic(
        "open_interest", "",
        _rows("fapiDataGetOpenInterestHist", "period"), _contracts,
        limit=500, reach_ms=REACH, periods=PERIODS,
    ),
    Statistic("funding", "", _rows("fapiPublicGetFundingRate"), _rate, limit=1000, step_ms=HOUR_MS),
    Statistic(
        "premium_index", "",
        _rows("fapiPublicGetPremiumIndexKlines", "interval"), candle,
        limit=1000, periods=PERIODS,
    ),
)  # fmt: skip
