"""Glassnode: valuation metrics and exchange flows of Bitcoin; needs a key of a paid plan.

``GET https://api.glassnode.com/v1/metrics/{metric}?a=BTC&i=24h&s=…&u=…`` with the key in
``X-Api-Key`` (https://docs.glassnode.com/basic-api/api) answers ``[{"t": 1577836800, "v": 1.2}]``:
epoch seconds of the interval's *beginning*
(https://docs.glassnode.com/data/timestamps-and-resolutions), everything between ``s`` and ``u`` at
once, without pages.

Limits: the API is an option of the Professional plan and not in the free one; 600 requests a
minute, or 50 a *day* with the Light API (https://docs.glassnode.com/basic-api/api-credits-1):
the tasks here ask less than 50 times a day once they are filled. Hourly resolution needs a plan
that has it.

Daily figures are computed between 00:00 and 03:00 UTC in 1 to 10 minutes, those about entities
(exchange flows) in up to an hour, hourly ones from the full hour on; the first figure may lack a
block and is corrected
(https://docs.glassnode.com/data/general-information/data-availability). Flows are restated as
addresses are attributed, so that history fetched late knows more than anybody knew then; Glassnode
sells point-in-time variants, which are not read here.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pandas import DataFrame

from hydra_quant.collectors.collector import MissingKey, SourceError, Task
from hydra_quant.collectors.http import Http
from hydra_quant.collectors.onchain import (
    ASSET,
    MEAN_DAYS,
    Gathered,
    metric_task,
    page,
    seconds_ms,
    trailing_mean,
)
from hydra_quant.memory.series import DAY_MS, HOUR_MS

SOURCE = "glassnode"
BASE_URL = "https://api.glassnode.com/v1/metrics"
KEY_VARIABLE = "HYDRA_GLASSNODE_KEY"
PER_MINUTE = 60.0
DAILY_POLL_MS = 12 * HOUR_MS
RESOLUTIONS = {DAY_MS: "24h", HOUR_MS: "1h"}


@dataclass(frozen=True)
class _Metric:
    path: str
    mean_days: int = 1
    hourly: bool = False


NETFLOW = "transactions/transfers_volume_exchanges_net"  # BTC, in minus out
METRICS: dict[str, _Metric] = {
    "mvrv": _Metric("market/mvrv"),
    "mvrv_zscore": _Metric("market/mvrv_z_score"),
    "sopr": _Metric("indicators/sopr"),
    "exchange_netflow": _Metric(NETFLOW, hourly=True),
    "exchange_netflow_7d_mean": _Metric(NETFLOW, mean_days=MEAN_DAYS),
    "stablecoin_supply_ratio": _Metric("indicators/ssr"),
    "market_cap": _Metric("market/marketcap_usd"),
    "realized_cap": _Metric("market/marketcap_realized_usd"),
}


class Glassnode:
    """The metrics API of Glassnode.

    Parameters
    ----------
    key : str or None
    base_url : str
    hourly_flows : bool
        Whether net flows are also collected by the hour (BTC an hour, beside BTC a day).
    per_minute : float
        Requests allowed.
    sleep : callable
        Takes seconds; for waiting between attempts.

    Raises
    ------
    MissingKey
        Without a key.
    """

    source = SOURCE

    def __init__(
        self,
        key: str | None,
        *,
        base_url: str = BASE_URL,
        hourly_flows: bool = True,
        per_minute: float = PER_MINUTE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        key = (key or "").strip()
        if not key:
            raise MissingKey(SOURCE, f"set {KEY_VARIABLE} in the environment")
        self._hourly_flows = hourly_flows
        self._http = Http(
            SOURCE,
            base_url,
            per_minute=per_minute,
            headers={"X-Api-Key": key},
            secrets=[key],
            key_variable=KEY_VARIABLE,
            sleep=sleep,
        )

    def tasks(self, pairs: Sequence[str]) -> Sequence[Task]:
        """Eight daily metrics of Bitcoin and the hourly net flow, whatever the pairs."""
        daily = [metric_task(SOURCE, name, DAILY_POLL_MS) for name in METRICS]
        hourly = [
            metric_task(SOURCE, name, HOUR_MS, HOUR_MS)
            for name, metric in METRICS.items()
            if metric.hourly and self._hourly_flows
        ]
        return [*daily, *hourly]

    def pages(self, task: Task, start: int, end: int) -> Iterator[DataFrame]:
        """One page with everything of ``start <= event_time < end``; see `Collector.pages`."""
        metric, period_ms = METRICS[task.series.name], task.series.period_ms
        begin = start - (metric.mean_days - 1) * DAY_MS
        gathered = Gathered(("v",), period_ms)
        for row in self._rows(metric, period_ms, begin, end):
            gathered.add(seconds_ms(row.get("t")), row)
        values = gathered.table()["v"]
        if metric.mean_days > 1:
            values = trailing_mean(values, metric.mean_days)
        yield page(values, start, end, gathered.malformed)

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _rows(
        self, metric: _Metric, period_ms: int, begin: int, end: int
    ) -> Iterator[dict[str, object]]:
        rows = self._http.json(
            metric.path,
            a=ASSET,
            i=RESOLUTIONS[period_ms],
            s=max(0, begin) // 1000,
            u=-(-end // 1000),
        )
        if not isinstance(rows, list):
            raise SourceError(SOURCE, f"answers {metric.path} without a list of rows")
        yield from (row if isinstance(row, dict) else {} for row in rows)
