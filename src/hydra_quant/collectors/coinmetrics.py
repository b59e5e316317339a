"""Coin Metrics community: Bitcoin's caps, exchange flows and what follows from them; no key.

The API is described at https://docs.coinmetrics.io/api/v4 (``/timeseries/asset-metrics``: rows
oldest first with ``paging_from=start``, numbers as text, ``next_page_token`` while there is more,
``page_size`` up to 10000). The community host asks for no key, allows 10 requests in 6 seconds
from one address, and serves a part of the metrics under CC BY-NC 4.0: not for commercial use.
Realised cap and SOPR are not in that part; the former is the market cap over ``CapMVRVCur``,
which is defined as their ratio
(https://docs.coinmetrics.io/asset-metrics/market/capmvrvcur).

Daily rows carry the day's beginning. Flows are those between exchanges and everybody else as
addresses are attributed *today*: the past is restated when an address is found, and history that
is fetched late knows more than anybody knew then. Rows seen again with other values are stored as
corrections; what was corrected before the first fetch cannot be told.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from pandas import DataFrame

from hydra_quant.collectors.answers import shown_time
from hydra_quant.collectors.collector import SourceError, Task
from hydra_quant.collectors.http import Http
from hydra_quant.collectors.onchain import (
    CAPS_BEGIN_BY_MS,
    LATE_DAYS,
    MEAN_DAYS,
    Gathered,
    Values,
    iso_ms,
    metric_task,
    mvrv_zscore,
    page,
    stablecoin_supply_ratio,
    trailing_mean,
)
from hydra_quant.memory.series import DAY_MS, HOUR_MS

SOURCE = "coinmetrics"
BASE_URL = "https://community-api.coinmetrics.io/v4"
PER_MINUTE = 100.0
LARGEST_PAGE = 10_000
POLL_MS = 6 * HOUR_MS
BITCOIN = "btc"
STABLECOINS = ("usdt", "usdc", "dai", "busd", "tusd", "usdp", "gusd", "fdusd", "pyusd")

MARKET, MVRV, COMPLETED = "CapMrktCurUSD", "CapMVRVCur", "AssetEODCompletionTime"
INFLOW, OUTFLOW = "FlowInExNtv", "FlowOutExNtv"
# When the day's figures were complete. Said for late days only: usual ones follow the configured
# lag, and a day recomputed much later was there before.
LATE_MS, RECOMPUTED_MS = 12 * HOUR_MS, 7 * DAY_MS

Tables = dict[str, DataFrame]


@dataclass(frozen=True)
class _Recipe:
    """How a metric is made: of what, from how long before, by what formula."""

    fields: tuple[str, ...]
    formula: Callable[[Tables], "Values[float]"]
    before_ms: int | None = 0  # None: from the first day on
    assets: tuple[str, ...] = (BITCOIN,)


def _netflow(tables: Tables) -> "Values[float]":
    return tables[BITCOIN][INFLOW] - tables[BITCOIN][OUTFLOW]


def _realized_cap(tables: Tables) -> "Values[float]":
    ratio = tables[BITCOIN][MVRV]
    return tables[BITCOIN][MARKET] / ratio.where(ratio > 0)


def _zscore(tables: Tables) -> "Values[float]":
    caps = tables[BITCOIN][MARKET].dropna()
    if len(caps) and caps.index[0] > CAPS_BEGIN_BY_MS:
        first = shown_time(caps.index[0] / 1000)
        what = f"market caps begin on {first}; the MVRV Z-score needs all since 2010"
        raise SourceError(SOURCE, what)
    return mvrv_zscore(caps, _realized_cap(tables))


def _supply_ratio(tables: Tables) -> "Values[float]":
    coins = {coin: tables[coin][MARKET] for coin in STABLECOINS}
    return stablecoin_supply_ratio(tables[BITCOIN][MARKET], DataFrame(coins))


RECIPES: dict[str, _Recipe] = {
    "market_cap": _Recipe((MARKET,), lambda tables: tables[BITCOIN][MARKET]),
    "mvrv": _Recipe((MVRV,), lambda tables: tables[BITCOIN][MVRV]),
    "realized_cap": _Recipe((MARKET, MVRV), _realized_cap),
    "mvrv_zscore": _Recipe((MARKET, MVRV), _zscore, before_ms=None),
    "exchange_netflow": _Recipe((INFLOW, OUTFLOW), _netflow),
    "exchange_netflow_7d_mean": _Recipe(
        (INFLOW, OUTFLOW), lambda tables: trailing_mean(_netflow(tables)), (MEAN_DAYS - 1) * DAY_MS
    ),
    "stablecoin_supply_ratio": _Recipe(
        (MARKET,), _supply_ratio, LATE_DAYS * DAY_MS, (BITCOIN, *STABLECOINS)
    ),
}


class CoinMetrics:
    """The community API of Coin Metrics.

    Parameters
    ----------
    base_url : str
    per_minute : float
        Requests allowed.
    page_size : int
        Rows asked for at once.
    sleep : callable
        Takes seconds; for waiting between attempts.
    """

    source = SOURCE

    def __init__(
        self,
        *,
        base_url: str = BASE_URL,
        per_minute: float = PER_MINUTE,
        page_size: int = LARGEST_PAGE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._page_size = page_size
        self._http = Http(SOURCE, base_url, per_minute=per_minute, sleep=sleep)

    def tasks(self, pairs: Sequence[str]) -> Sequence[Task]:
        """Seven daily metrics of Bitcoin, whatever the pairs."""
        return [metric_task(SOURCE, name, POLL_MS) for name in RECIPES]

    def pages(self, task: Task, start: int, end: int) -> Iterator[DataFrame]:
        """One page with every day of ``start <= event_time < end``; see `Collector.pages`."""
        recipe = RECIPES[task.series.name]
        begin = None if recipe.before_ms is None else start - recipe.before_ms
        gathered = self._gather(recipe, begin, end)
        tables = {asset: rows.table() for asset, rows in gathered.items()}
        malformed = sum(rows.malformed for rows in gathered.values())
        completed = DataFrame({asset: table[COMPLETED] for asset, table in tables.items()})
        known_at = _late(completed.max(axis=1) * 1000)
        yield page(recipe.formula(tables), start, end, malformed, known_at)

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _gather(self, recipe: _Recipe, begin: int | None, end: int) -> dict[str, Gathered]:
        fields = (*recipe.fields, COMPLETED)
        found = {asset: Gathered(fields) for asset in recipe.assets}
        for row in self._rows(recipe, begin, end):
            asset = row.get("asset")
            if asset in found:
                # The time of completion may be withdrawn like any community metric: no fault then.
                found[asset].add(iso_ms(row.get("time")), {COMPLETED: None, **row})
            else:
                found[recipe.assets[0]].malformed += 1
        return found

    def _rows(self, recipe: _Recipe, begin: int | None, end: int) -> Iterator[dict[str, object]]:
        token, seen = None, set()
        while True:
            answer = self._http.json(
                "timeseries/asset-metrics",
                assets=",".join(recipe.assets),
                metrics=",".join((*recipe.fields, COMPLETED)),
                frequency="1d",
                start_time=None if begin is None else _day(begin),
                end_time=_day(end),
                paging_from="start",
                page_size=self._page_size,
                ignore_unsupported_errors="true",
                ignore_forbidden_errors="true",
                next_page_token=token,
            )
            rows = answer.get("data") if isinstance(answer, dict) else None
            if not isinstance(rows, list):
                raise SourceError(SOURCE, "answers without its list of rows, 'data'")
            yield from (row if isinstance(row, dict) else {} for row in rows)
            token = answer.get("next_page_token")
            if not token:
                return
            if token in seen or not isinstance(token, str):
                raise SourceError(SOURCE, "its pages go in circles: a page token came twice")
            seen.add(token)


def _day(moment: int) -> str:
    return pd.Timestamp(max(0, moment), unit="ms").strftime("%Y-%m-%dT%H:%M:%SZ")


def _late(completed: "Values[float]") -> "Values[float]":
    """Epoch ms of completion where it was late, else NaN."""
    delay = completed - (completed.index.to_numpy() + DAY_MS)
    return completed.where((delay > LATE_MS) & (delay < RECOMPUTED_MS))
