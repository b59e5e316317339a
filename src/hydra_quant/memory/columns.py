"""The columns that candles can be joined with: one row each, and what it is read from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS

Floats = NDArray[np.float64]
Values = Mapping[str, Floats]


@dataclass(frozen=True)
class MemoryColumn:
    """A column of an enriched candle frame.

    Attributes
    ----------
    name : str
    kind : str
        The kind of fact it is read from.
    series_name : str
        Which of its kind.
    subject : 'pair', 'asset' or an asset's name
        Whether the candle's own pair, its base asset, or one asset for all pairs is meant.
    reads : tuple of str
        Value columns of the kind.
    formula : callable
        From these values to the column, elementwise.
    max_age_ms : int
        An older fact is not used: the column is NaN.
    unit : str
    comparable : bool
        Whether values of different pairs and years may be compared, as pooled models need.
    period_ms : int or None
        Width of the series that is meant, where a sum over a day and over an hour are kept under
        one name; None: the finest there is.
    """

    name: str
    kind: str
    series_name: str
    subject: Literal["pair", "asset", "BTC"]
    reads: tuple[str, ...]
    formula: Callable[[Values], Floats]
    max_age_ms: int
    unit: str
    comparable: bool
    period_ms: int | None = None


def _value(name: str) -> Callable[[Values], Floats]:
    return lambda values: values[name]


def _share(values: Values) -> Floats:
    both = values["long_side"] + values["short_side"]
    return np.divide(values["long_side"], both, out=np.full_like(both, np.nan), where=both > 0)


def _spread_bps(values: Values) -> Floats:
    bid, ask = values["best_bid"], values["best_ask"]
    return 2e4 * (ask - bid) / (ask + bid)


PERIODIC_AGE = 30 * MINUTE_MS
FUNDING_AGE = 9 * HOUR_MS  # a settlement every 8 hours, and one of grace
BOOK_AGE = 5 * MINUTE_MS
DAILY_AGE = 4 * DAY_MS
RATIO = ("long_side", "short_side")

_ROWS: tuple[MemoryColumn, ...] = (
    *(
        MemoryColumn(name, "ratios", of, "pair", RATIO, _share, PERIODIC_AGE, "share 0-1", True)
        for name, of in (
            ("long_share", "global_accounts"),
            ("top_account_long_share", "top_accounts"),
            ("top_position_long_share", "top_positions"),
            ("taker_buy_share", "taker"),
        )
    ),
    MemoryColumn(
        "funding_rate", "funding", "", "pair",
        ("rate",), _value("rate"), FUNDING_AGE, "fraction per settlement", True,
    ),
    MemoryColumn(
        "open_interest", "open_interest", "", "pair",
        ("contracts",), _value("contracts"), PERIODIC_AGE, "base", False,
    ),
    MemoryColumn(
        "open_interest_value", "open_interest", "", "pair",
        ("value",), _value("value"), PERIODIC_AGE, "quote", False,
    ),
    MemoryColumn(
        "premium_index", "premium_index", "", "pair",
        ("close",), _value("close"), PERIODIC_AGE, "fraction", True,
    ),
    MemoryColumn(
        "spread_bps", "book_snapshots", "", "pair",
        ("best_bid", "best_ask"), _spread_bps, BOOK_AGE, "basis points", True,
    ),
    *(
        MemoryColumn(
            name, "book_snapshots", "", "pair",
            (value,), _value(value), BOOK_AGE, unit, comparable,
        )
        for name, value, unit, comparable in (
            ("ob_imbalance", "imbalance", "(bid-ask)/(bid+ask)", True),
            ("bid_depth_usd", "bid_depth", "quote", False),
            ("ask_depth_usd", "ask_depth", "quote", False),
        )
    ),
    *(
        MemoryColumn(
            f"btc_{metric}", "onchain_metrics", metric, "BTC",
            ("value",), _value("value"), DAILY_AGE, unit, comparable, DAY_MS,
        )
        for metric, unit, comparable in (
            ("mvrv", "ratio", True),
            ("mvrv_zscore", "standard deviations", True),
            ("sopr", "ratio", True),
            ("exchange_netflow", "BTC", False),
            ("exchange_netflow_7d_mean", "BTC", False),
            ("stablecoin_supply_ratio", "ratio", True),
            ("market_cap", "USD", False),
            ("realized_cap", "USD", False),
        )
    ),
    MemoryColumn(
        "btc_exchange_netflow_hourly", "onchain_metrics", "exchange_netflow", "BTC",
        ("value",), _value("value"), DAILY_AGE, "BTC", False, HOUR_MS,
    ),
    MemoryColumn(
        "fear_greed", "indices", "fear_greed", "BTC",
        ("value",), _value("value"), DAILY_AGE, "0-100", True,
    ),
)  # fmt: skip

COLUMNS: dict[str, MemoryColumn] = {row.name: row for row in _ROWS}

# Sums over a candle's length instead of the last fact before its close; by the side that is forced.
LIQUIDATIONS: dict[str, str] = {
    "long_liquidations_usd": "sell",
    "short_liquidations_usd": "buy",
}
LISTENING_DELAY_MS = MINUTE_MS
NAMES: tuple[str, ...] = (*COLUMNS, *LIQUIDATIONS)


def is_comparable(name: str) -> bool:
    """Whether a column may be compared between pairs and years."""
    return name in COLUMNS and COLUMNS[name].comparable
