"""OKX swaps, v5 API: trading statistics ("rubik") and funding.

Statistics: at most 100 rows an answer, newest first, ``begin`` and ``end`` exclusive; 5m rows reach
back two days, 1H rows 30 days, 1D rows 180 days, only the latest 1440 entries
(https://www.okx.com/docs-v5/en/#trading-statistics-rest-api). Funding: three months, 100 rows are
asked for (#public-data-rest-api-get-funding-rate-history). CCXT serves no premium candles.
Timestamps are taken as the beginning of their period, under which a row is known later.
"""

from collections.abc import Mapping
from typing import Any

from hydra_quant.collectors.exchange.statistic import Fetch, Statistic, number, sides
from hydra_quant.memory.series import DAY_MS, HOUR_MS

PERIODS = ("5m", "1h", "1d")
NAMES = {"5m": "5m", "1h": "1H", "1d": "1D"}
# An hour less than what is served: the window moves on while it is being read.
REACH = {"5m": 2 * DAY_MS - HOUR_MS, "1h": 30 * DAY_MS - HOUR_MS, "1d": 180 * DAY_MS - HOUR_MS}
FUNDING_REACH = 90 * DAY_MS
Market = Mapping[str, Any]


def _rubik(method: str, **options: str) -> Fetch:
    def fetch(ccxt: Any, market: Market, period: str, start: int, end: int, limit: int) -> Any:
        request = {"instId": market["id"], "period": NAMES[period], **options}
        request |= {"begin": str(start - 1), "end": str(end), "limit": str(limit)}
        return getattr(ccxt, f"publicGetRubikStat{method}")(request)["data"]

    return fetch


def _funding(ccxt: Any, market: Market, period: str, start: int, end: int, limit: int) -> Any:
    # "before" is later than, "after" is earlier than: both name what lies beyond the page
    request = {"instId": market["id"], "before": str(start - 1), "after": str(end)}
    return ccxt.publicGetPublicFundingRateHistory({**request, "limit": str(limit)})["data"]


def _shares(row: Any, market: Market) -> dict[str, Any]:
    long_side, short_side = sides(number(row[1]))
    return {"event_time": int(row[0]), "long_side": long_side, "short_side": short_side}


def _volumes(row: Any, market: Market) -> dict[str, Any]:
    sold, bought = number(row[1]), number(row[2])
    return {"event_time": int(row[0]), "long_side": bought, "short_side": sold}


def _contracts(row: Any, market: Market) -> dict[str, Any]:
    return {"event_time": int(row[0]), "contracts": number(row[2]), "value": number(row[3])}


def _rate(row: Any, market: Market) -> dict[str, Any]:
    return {"event_time": int(row["fundingTime"]), "rate": number(row["fundingRate"])}


def _ratio(name: str, method: str) -> Statistic:
    fetch = _rubik(f"Contracts{method}")
    return Statistic("ratios", name, fetch, _shares, limit=100, reach_ms=REACH, periods=PERIODS)


STATISTICS = (
    _ratio("global_accounts", "LongShortAccountRatioContract"),
    _ratio("top_accounts", "LongShortAccountRatioContractTopTrader"),
    _ratio("top_positions", "LongShortPositionRatioContractTopTrader"),
    Statistic(
        "ratios", "taker",
        _rubik("TakerVolumeContract", unit="0"), _volumes,
        limit=100, reach_ms=REACH, periods=PERIODS,
    ),
    Statistic(
        "open_interest", "",
        _rubik("ContractsOpenInterestHistory"), _contracts,
        limit=100, reach_ms=REACH, periods=PERIODS,
    ),
    Statistic(
        "funding", "", _funding, _rate, limit=100, step_ms=HOUR_MS, reach_ms=FUNDING_REACH
    ),
)  # fmt: skip
