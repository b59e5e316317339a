"""Bybit and OKX as far as their statistics are asked for: v5 answers over a seeded history.

Both answer newest first, hold back what lies beyond a page's limit, and say "too fast" in their own
way. Shapes: https://bybit-exchange.github.io/docs/v5/market and
https://www.okx.com/docs-v5/en/#trading-statistics-rest-api.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from support.loopback_http import Reply, Request, reply_json

FIVE = 300_000
HOUR = 12 * FIVE
BEGIN = 1_740_787_200_000  # 2025-03-01
Rows = list[Any]


def walk(seed: int, n: int, low: float, high: float) -> list[float]:
    """Values that differ from row to row, rounded as an exchange prints them."""
    return np.random.default_rng(seed).uniform(low, high, n).round(4).tolist()


class Venue:
    """What both have in common.

    Attributes
    ----------
    series : dict of str to (times, values)
        What it holds, by path; oldest first.
    limits : dict of str to int
        Most rows of an answer, by path.
    twist : callable
        Done to every page's rows before they are sent.
    too_fast : int
        How many of the next requests are refused as too many, with `retry_after` if it is set.
    """

    def __init__(self, days: int = 3) -> None:
        self.times = [BEGIN + FIVE * n for n in range(days * 288)]
        self.settled = [BEGIN + 8 * HOUR * n for n in range(days * 3)]
        self.series: dict[str, tuple[list[int], Rows]] = {}
        self.limits: dict[str, int] = {}
        self.twist: Callable[[Rows], Rows] = list
        self.too_fast = 0
        self.retry_after: str | None = None
        self.listings = 0

    def _later(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry_After": self.retry_after}

    def newest_first(self, path: str, start: int, end: int, limit: int) -> list[tuple[int, Any]]:
        """Rows with ``start <= time <= end``, newest first, as many as an answer holds."""
        times, values = self.series[path]
        found = [(t, v) for t, v in zip(times, values, strict=True) if start <= t <= end]
        return found[::-1][: min(limit, self.limits[path])]


class Bybit(Venue):
    """api.bybit.com, linear perpetuals."""

    RATIO, INTEREST = "/v5/market/account-ratio", "/v5/market/open-interest"
    FUNDING, PREMIUM = "/v5/market/funding/history", "/v5/market/premium-index-price-kline"

    def __init__(self, days: int = 3) -> None:
        super().__init__(days)
        n = len(self.times)
        self.series = {
            self.RATIO: (self.times, walk(1, n, 0.3, 0.7)),
            self.INTEREST: (self.times, walk(2, n, 5e4, 6e4)),
            self.FUNDING: (self.settled, walk(3, len(self.settled), -1e-3, 1e-3)),
            self.PREMIUM: (self.times, walk(4, n, -1e-3, 1e-3)),
        }
        self.limits = {self.RATIO: 500, self.INTEREST: 200, self.FUNDING: 200, self.PREMIUM: 1000}

    def __call__(self, request: Request) -> Reply:
        if self.too_fast:
            self.too_fast -= 1
            refused = {"retCode": 10006, "retMsg": "Too many visits!", "result": {}}
            return reply_json(refused, **self._later())
        if request.path == "/v5/market/instruments-info":
            self.listings += 1
            return self._answer([LISTED] if "status" not in request.params else [])
        if request.path == "/v5/market/orderbook":
            book = {
                "s": "BTCUSDT",
                "b": [["99.5", "2"]],
                "a": [["100.5", "1"]],
                "ts": self.times[-1],
            }
            return reply_json({"retCode": 0, "retMsg": "OK", "result": book})
        if request.path not in self.series:
            return reply_json({"retCode": 10001, "retMsg": "unknown"}, 404)
        given = request.params
        start, end = int(given.get("startTime", given.get("start", 0))), self._end(given)
        page = self.newest_first(request.path, start, end, int(given.get("limit", 50)))
        return self._answer(self.twist([self._row(request.path, t, v) for t, v in page]))

    def _end(self, given: Mapping[str, str]) -> int:
        return int(given.get("endTime", given.get("end", 10**14)))

    def _row(self, path: str, time: int, value: float) -> Any:
        if path == self.RATIO:
            shares = {"buyRatio": f"{value:.4f}", "sellRatio": f"{1 - value:.4f}"}
            return {"symbol": "BTCUSDT", **shares, "timestamp": str(time)}
        if path == self.INTEREST:
            return {"openInterest": f"{value:.4f}", "timestamp": str(time)}
        if path == self.FUNDING:
            rate = {"fundingRate": repr(value), "fundingRateTimestamp": str(time)}
            return {"symbol": "BTCUSDT", **rate}
        return [str(time), *[repr(value)] * 4]

    def _answer(self, rows: Rows) -> Reply:
        result = {"category": "linear", "symbol": "BTCUSDT", "list": rows, "nextPageCursor": ""}
        return reply_json({"retCode": 0, "retMsg": "OK", "result": result, "time": self.times[-1]})


class Okx(Venue):
    """www.okx.com, swaps; a contract is a hundredth of a coin."""

    _RUBIK = "/api/v5/rubik/stat/"
    GLOBAL = _RUBIK + "contracts/long-short-account-ratio-contract"
    TOP = _RUBIK + "contracts/long-short-account-ratio-contract-top-trader"
    POSITIONS = _RUBIK + "contracts/long-short-position-ratio-contract-top-trader"
    TAKER, INTEREST = _RUBIK + "taker-volume-contract", _RUBIK + "contracts/open-interest-history"
    FUNDING = "/api/v5/public/funding-rate-history"

    def __init__(self, days: int = 2) -> None:
        super().__init__(days)
        n = len(self.times)
        self.series = {
            path: (self.times, walk(seed, n, 0.5, 2.0))
            for seed, path in enumerate((self.GLOBAL, self.TOP, self.POSITIONS, self.TAKER))
        }
        self.series[self.INTEREST] = (self.times, walk(8, n, 2e6, 3e6))
        self.series[self.FUNDING] = (self.settled, walk(9, len(self.settled), -1e-3, 1e-3))
        self.limits = dict.fromkeys(self.series, 100)

    def __call__(self, request: Request) -> Reply:
        if self.too_fast:
            self.too_fast -= 1
            refused = {"code": "50011", "msg": "Too Many Requests", "data": []}
            return reply_json(refused, 429, **self._later())
        if request.path == "/api/v5/public/instruments":
            self.listings += 1
            return self._answer([SWAP])
        if request.path == "/api/v5/market/books":
            levels = {"bids": [["99.5", "200", "0", "1"]], "asks": [["100.5", "100", "0", "1"]]}
            return self._answer([{**levels, "ts": str(self.times[-1])}])
        if request.path not in self.series:
            return reply_json({"code": "50001", "msg": "unknown", "data": []}, 404)
        given = request.params
        self.unit = given.get("unit", "1")  # as documented
        funding = request.path == self.FUNDING
        begin = int(given.get("before" if funding else "begin", 0)) + 1  # both are exclusive
        end = int(given.get("after" if funding else "end", 10**14)) - 1
        page = self.newest_first(request.path, begin, end, int(given.get("limit", 100)))
        return self._answer(self.twist([self._row(request.path, t, v) for t, v in page]))

    def _row(self, path: str, time: int, value: float) -> Any:
        if path == self.FUNDING:
            rate = {"fundingRate": repr(value), "realizedRate": repr(value)}
            return {"instId": "BTC-USDT-SWAP", **rate, "fundingTime": str(time)}
        if path == self.TAKER:
            unit = {"0": 1, "1": 100, "2": 90_000}[self.unit]  # coins, contracts, USD
            sold, bought = value * unit, 2 * value * unit
            return [str(time), f"{sold:.4f}", f"{bought:.4f}"]
        if path == self.INTEREST:
            return [str(time), f"{value:.2f}", f"{value / 100:.4f}", f"{value * 900:.2f}"]
        return [str(time), f"{value:.4f}"]

    def _answer(self, rows: Rows) -> Reply:
        return reply_json({"code": "0", "msg": "", "data": rows})


LISTED = {
    "symbol": "BTCUSDT", "contractType": "LinearPerpetual", "status": "Trading",
    "baseCoin": "BTC", "quoteCoin": "USDT", "settleCoin": "USDT", "fundingInterval": 480,
    "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001"},
    "priceFilter": {"tickSize": "0.1"}, "leverageFilter": {"minLeverage": "1"},
}  # fmt: skip
SWAP = {
    "instId": "BTC-USDT-SWAP", "instType": "SWAP", "uly": "BTC-USDT", "settleCcy": "USDT",
    "ctVal": "0.01", "ctValCcy": "BTC", "ctType": "linear", "state": "live", "lotSz": "0.01",
    "tickSz": "0.1", "minSz": "0.01", "lever": "100",
}  # fmt: skip
