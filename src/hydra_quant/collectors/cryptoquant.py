"""CryptoQuant: valuation metrics and exchange flows of Bitcoin; needs a key of a paid plan.

``GET https://api.cryptoquant.com/v1/btc/…`` with ``Authorization: Bearer`` and the parameters
``window`` (day or hour), ``from``, ``to`` (YYYYMMDDTHHMMSS, UTC) and ``limit`` (1 to 100000)
answers ``{"status": …, "result": {"window": "day", "data": [{"date": "2019-10-02", …}]}}``, newest
first: at most `limit` rows *before* ``to``, so that the API is paged backwards
(https://docs.cryptoquant.com/api-reference/btc-market-data/capitalization and its neighbours,
https://userguide.cryptoquant.com/ko/docs/btc-exchange-flows).

Limits: a token comes with the Professional and Premium plans only; how far back a plan reaches
and how often it may ask depends on it and is not in the public reference, hence the modest rate.
The MVRV Z-score is not offered here: computed from caps that begin somewhere in the middle it
would be another number under the same name (CryptoQuant's own is a Z-score of the MVRV ratio,
which is something else as well).

Flows are restated every Tuesday at 00:00 UTC as wallets are attributed, and are "not point in
time" in the provider's words: history that is fetched late knows more than anybody knew then.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from pandas import DataFrame

from hydra_quant.collectors.collector import MissingKey, SourceError, Task
from hydra_quant.collectors.http import Http
from hydra_quant.collectors.onchain import (
    MEAN_DAYS,
    Gathered,
    iso_ms,
    metric_task,
    page,
    trailing_mean,
)
from hydra_quant.memory.series import DAY_MS, HOUR_MS

SOURCE = "cryptoquant"
BASE_URL = "https://api.cryptoquant.com/v1"
KEY_VARIABLE = "HYDRA_CRYPTOQUANT_KEY"
PER_MINUTE = 10.0
LARGEST_PAGE = 10_000
DAILY_POLL_MS = 12 * HOUR_MS
WINDOWS = {DAY_MS: ("day", "date"), HOUR_MS: ("hour", "datetime")}


@dataclass(frozen=True)
class _Metric:
    path: str
    field: str
    exchange: str | None = None
    mean_days: int = 1
    hourly: bool = False


_NETFLOW = ("btc/exchange-flows/netflow", "netflow_total", "all_exchange")  # BTC, in minus out
_CAPS = "btc/market-data/capitalization"
METRICS: dict[str, _Metric] = {
    "mvrv": _Metric("btc/market-indicator/mvrv", "mvrv"),
    "sopr": _Metric("btc/market-indicator/sopr", "sopr"),
    "exchange_netflow": _Metric(*_NETFLOW, hourly=True),
    "exchange_netflow_7d_mean": _Metric(*_NETFLOW, mean_days=MEAN_DAYS),
    "stablecoin_supply_ratio": _Metric(
        "btc/market-indicator/stablecoin-supply-ratio", "stablecoin_supply_ratio"
    ),
    "market_cap": _Metric(_CAPS, "market_cap"),
    "realized_cap": _Metric(_CAPS, "realized_cap"),
}


class CryptoQuant:
    """Version 1 of the data API of CryptoQuant.

    Parameters
    ----------
    key : str or None
        The access token.
    base_url : str
    hourly_flows : bool
        Whether net flows are also collected by the hour (BTC an hour, beside BTC a day).
    per_minute : float
        Requests allowed.
    page_size : int
        Rows asked for at once.
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
        page_size: int = LARGEST_PAGE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        key = (key or "").strip()
        if not key:
            raise MissingKey(SOURCE, f"set {KEY_VARIABLE} in the environment")
        self._hourly_flows, self._page_size = hourly_flows, page_size
        self._http = Http(
            SOURCE,
            base_url,
            per_minute=per_minute,
            headers={"Authorization": f"Bearer {key}"},
            secrets=[key],
            key_variable=KEY_VARIABLE,
            sleep=sleep,
        )

    def tasks(self, pairs: Sequence[str]) -> Sequence[Task]:
        """Seven daily metrics of Bitcoin and the hourly net flow, whatever the pairs."""
        daily = [metric_task(SOURCE, name, DAILY_POLL_MS) for name in METRICS]
        hourly = [
            metric_task(SOURCE, name, HOUR_MS, HOUR_MS)
            for name, metric in METRICS.items()
            if metric.hourly and self._hourly_flows
        ]
        return [*daily, *hourly]

    def pages(self, task: Task, start: int, end: int) -> Iterator[DataFrame]:
        """One page with everything of ``start <= event_time < end``; see `Collector.pages`.

        The source is read backwards to the end first.
        """
        metric, period_ms = METRICS[task.series.name], task.series.period_ms
        begin = start - (metric.mean_days - 1) * DAY_MS
        gathered = self._gather(metric, period_ms, begin, end)
        values = gathered.table()[metric.field]
        if metric.mean_days > 1:
            values = trailing_mean(values, metric.mean_days)
        yield page(values, start, end, gathered.malformed)

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _gather(self, metric: _Metric, period_ms: int, begin: int, end: int) -> Gathered:
        gathered = Gathered((metric.field,), period_ms)
        begin, last = -(-begin // period_ms) * period_ms, end - 1
        while last >= begin:  # not until a page is short: a plan may allow less than was asked for
            rows = self._rows(metric, period_ms, begin, last)
            times = [iso_ms(row.get(WINDOWS[period_ms][1])) for row in rows]
            for moment, row in zip(times, rows, strict=True):
                gathered.add(moment, row)
            whole = [moment for moment in times if moment and moment % period_ms == 0]
            inside = [moment for moment in whole if begin <= moment <= last]
            if rows and not inside:
                what = "with rows of another time than was asked for, or without times"
                raise SourceError(SOURCE, f"answers {metric.path} {what}")
            last = min(inside, default=begin) - 1
        return gathered

    def _rows(
        self, metric: _Metric, period_ms: int, begin: int, last: int
    ) -> list[dict[str, object]]:
        options = {} if metric.exchange is None else {"exchange": metric.exchange}
        answer = self._http.json(
            metric.path,
            window=WINDOWS[period_ms][0],
            limit=self._page_size,
            **{"from": _moment(begin), "to": _moment(last)},
            **options,
        )
        result = answer.get("result") if isinstance(answer, dict) else None
        rows = result.get("data") if isinstance(result, dict) else None
        if not isinstance(rows, list):
            raise SourceError(SOURCE, f"answers {metric.path} without 'result.data'")
        return [row if isinstance(row, dict) else {} for row in rows]


def _moment(time_ms: int) -> str:
    return pd.Timestamp(max(0, time_ms), unit="ms").strftime("%Y%m%dT%H%M%S")
