"""Coin Metrics, Glassnode and CryptoQuant on 127.0.0.1, as their documentation describes them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from support.loopback_http import Reply, Request, reply_json

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
FIRST_DAY = 1_322_697_600_000  # 2011-12-01
KEY = "0nch41n+s3cr3t/k3y=="

Rows = list[dict[str, Any]]
Bent = Callable[[Rows], Rows]


def straight(rows: Rows) -> Rows:
    return rows


@dataclass
class ChainHistory:
    """What happened on a made-up chain; `days` may be cut to see what was there earlier."""

    days: int = 120
    seed: int = 5
    values: dict[str, np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        size = 2_000
        market = 1e8 * np.exp(np.cumsum(random.normal(0, 0.05, size)))
        self.values = {
            "market": market,
            "realized": market * np.exp(random.normal(-0.2, 0.1, size)),
            "inflow": random.uniform(1e3, 9e3, size),
            "outflow": random.uniform(1e3, 9e3, size),
            "usdt": np.linspace(1e6, 5e6, size),
            "usdc": np.linspace(2e6, 3e6, size),
            "sopr": random.normal(1, 0.02, size),
        }

    @property
    def end(self) -> int:
        return FIRST_DAY + self.days * DAY_MS

    def times(self, step: int = DAY_MS) -> range:
        return range(FIRST_DAY, self.end, step)

    def at(self, name: str, time: int) -> float:
        return float(self.values[name][(time - FIRST_DAY) // DAY_MS])


def moment(time: int, shape: str) -> str:
    return datetime.fromtimestamp(time / 1000, UTC).strftime(shape)


class _Api:
    """Attributes: `history`, and `bend`, which changes a page before it is sent."""

    def __init__(self, history: ChainHistory) -> None:
        self.history = history
        self.bend: Bent = straight


class CoinMetricsApi(_Api):
    """``/timeseries/asset-metrics``: numbers as text, nanoseconds, page tokens.

    Attributes
    ----------
    gone : set of (asset, time)
        Days that an asset lacks.
    completed_after : {time: ms}
        How long after its end a day was complete, an hour where nothing is said.
    usdc_from : int
        The first day of USDC; before it there is no row.
    """

    METRICS = ("CapMrktCurUSD", "CapMVRVCur", "FlowInExNtv", "FlowOutExNtv")

    def __init__(self, history: ChainHistory) -> None:
        super().__init__(history)
        self.gone: set[tuple[str, int]] = set()
        self.completed_after: dict[int, int] = {}
        self.usdc_from = FIRST_DAY + 30 * DAY_MS

    def __call__(self, request: Request) -> Reply:
        if request.path != "/timeseries/asset-metrics":
            return reply_json({"error": {"type": "not_found", "message": "no"}}, status=404)
        asked = request.params
        rows = self._rows(asked["assets"].split(","), asked["metrics"].split(","))
        begin, end = asked.get("start_time", ""), asked["end_time"]
        rows = [row for row in rows if begin[:19] <= row["time"][:19] <= end[:19]]
        if asked.get("paging_from") != "start":
            rows.reverse()
        size, at = int(asked.get("page_size", 100)), int(asked.get("next_page_token", "0-x")[:-2])
        page: dict[str, Any] = {"data": self.bend(rows[at : at + size])}
        if at + size < len(rows):
            page["next_page_token"] = f"{at + size}-x"
            page["next_page_url"] = "https://community-api.coinmetrics.io/v4/elsewhere"
        return reply_json(page)

    def _rows(self, assets: list[str], metrics: list[str]) -> Rows:
        return [
            {
                "asset": asset,
                "time": moment(time, "%Y-%m-%dT%H:%M:%S.000000000Z"),
                **{metric: self._value(asset, metric, time) for metric in metrics},
            }
            for asset in assets
            for time in self.history.times()
            if asset in ("btc", "usdt") or (asset == "usdc" and time >= self.usdc_from)
            if (asset, time) not in self.gone
        ]

    def _value(self, asset: str, metric: str, time: int) -> str | None:
        if metric == "AssetEODCompletionTime":
            return str((time + DAY_MS + self.completed_after.get(time, HOUR_MS)) // 1000)
        at = self.history.at
        if asset != "btc":
            return repr(at(asset, time)) if metric == "CapMrktCurUSD" else None
        if metric == "CapMVRVCur":
            return repr(at("market", time) / at("realized", time))
        names = {"CapMrktCurUSD": "market", "FlowInExNtv": "inflow", "FlowOutExNtv": "outflow"}
        return repr(at(names[metric], time))


class GlassnodeApi(_Api):
    """``/{metric}?a&i&s&u`` with the key in a header: ``[{"t": seconds, "v": number}]``."""

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("x-api-key") != KEY:
            return reply_json({"message": "invalid API key"}, status=401)
        asked, at = request.params, self.history.at
        step = {"24h": DAY_MS, "1h": HOUR_MS}[asked["i"]]
        formulas: dict[str, Callable[[int], float]] = {
            "/market/mvrv": lambda time: at("market", time) / at("realized", time),
            "/market/mvrv_z_score": lambda time: at("sopr", time) * 2,
            "/indicators/sopr": lambda time: at("sopr", time),
            "/transactions/transfers_volume_exchanges_net": lambda time: (
                (at("inflow", time) - at("outflow", time)) / (DAY_MS // step)
            ),
            "/indicators/ssr": lambda time: at("market", time) / at("usdt", time),
            "/market/marketcap_usd": lambda time: at("market", time),
            "/market/marketcap_realized_usd": lambda time: at("realized", time),
        }
        formula = formulas[request.path]
        rows = [
            {"t": time // 1000, "v": formula(time)}
            for time in self.history.times(step)
            if int(asked["s"]) <= time // 1000 < int(asked["u"])
        ]
        return reply_json(self.bend(rows))


class CryptoQuantApi(_Api):
    """``/btc/…?window&from&to&limit``: the newest `limit` rows up to ``to``, newest first.

    Attributes
    ----------
    most : int
        What the plan allows as `limit`.
    """

    def __init__(self, history: ChainHistory) -> None:
        super().__init__(history)
        self.most = 100_000

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            status = {"code": 401, "message": "Unauthorized"}
            return reply_json({"status": status}, status=401)
        asked = request.params
        step, name, shape = {
            "day": (DAY_MS, "date", "%Y-%m-%d"),
            "hour": (HOUR_MS, "datetime", "%Y-%m-%d %H:%M:%S"),
        }[asked["window"]]
        rows = [
            {name: moment(time, shape), **self._fields(request, time, step)}
            for time in reversed(self.history.times(step))
            if asked["from"] <= moment(time, "%Y%m%dT%H%M%S") <= asked["to"]
        ]
        rows = rows[: min(self.most, int(asked["limit"]))]
        result = {"window": asked["window"], "data": self.bend(rows)}
        return reply_json({"status": {"code": 200, "message": "success"}, "result": result})

    def _fields(self, request: Request, time: int, step: int) -> dict[str, float]:
        at, path = self.history.at, request.path.removeprefix("/btc/")
        if path == "market-data/capitalization":
            return {"market_cap": at("market", time), "realized_cap": at("realized", time)}
        if path == "exchange-flows/netflow":
            assert request.params["exchange"] == "all_exchange"
            flow = at("inflow", time) - at("outflow", time)
            return {"netflow_total": flow / (DAY_MS // step)}
        if path == "market-indicator/mvrv":
            return {"mvrv": at("market", time) / at("realized", time)}
        if path == "market-indicator/sopr":
            return {"sopr": at("sopr", time), "a_sopr": 1.0}
        assert path == "market-indicator/stablecoin-supply-ratio", path
        return {"stablecoin_supply_ratio": at("market", time) / at("usdt", time)}
