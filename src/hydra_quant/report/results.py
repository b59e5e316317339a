"""freqtrade's backtest result files as small frozen values."""

import json
import math
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pandas import DataFrame, Timedelta, Timestamp, to_datetime

TRADE_COLUMNS = (
    "pair",
    "side",
    "open_date",
    "close_date",
    "open_rate",
    "close_rate",
    "leverage",
    "profit_abs",
    "profit_ratio",
    "fees",
    "funding_fees",
    "enter_tag",
    "exit_reason",
    "orders",
)
LOCK_COLUMNS = ("pair", "side", "start", "end")


class ResultError(ValueError):
    """A result file cannot be used; the text names the file and the remedy."""


@dataclass(frozen=True)
class Result:
    """One strategy's backtest.

    Attributes
    ----------
    strategy : class name
    source : the file it was read from
    timeframe, candle : name and length of a candle
    start, end : open times (UTC) of the first and the last candle of the backtest
    pairs : in freqtrade's order, which is the order it asks them in
    currency : stake currency
    starting_balance, profit : stake currency; profit is net of fees and funding
    max_open_trades : at once; without a limit, the number of pairs
    rejected_signals : signals that freqtrade counted as refused for want of a free slot
    horizon : ``label_period_candles`` of the run, candles
    round_trip_cost : ``hydra.gates.round_trip_cost`` of the run, fraction
    exchange : name of the exchange in the run's configuration
    trades : one row a trade, columns :data:`TRADE_COLUMNS`; ``side`` +1 or -1, ``fees`` paid on
        all orders and ``funding_fees`` received (negative: paid), both in stake currency;
        ``orders`` a tuple of (time, signed amount, price, fee rate)
    locks : protections' pauses, columns :data:`LOCK_COLUMNS`; pair and side may be ``'*'``
    run_end : when freqtrade finished the run (UTC)
    """

    strategy: str
    source: Path
    timeframe: str
    candle: Timedelta
    start: Timestamp
    end: Timestamp
    pairs: tuple[str, ...]
    currency: str
    starting_balance: float
    profit: float
    max_open_trades: int
    rejected_signals: int
    horizon: int
    round_trip_cost: float
    exchange: str
    run_end: Timestamp
    trades: DataFrame = field(repr=False)
    locks: DataFrame = field(repr=False)

    @property
    def span(self) -> tuple[str, Timestamp, Timestamp, tuple[str, ...]]:
        """What must be equal for two results to be compared."""
        return self.timeframe, self.start, self.end, tuple(sorted(self.pairs))


def read_results(path: Path) -> tuple[Result, ...]:
    """Read every strategy of a ``backtest-result-*.zip``.

    Parameters
    ----------
    path : the zip that ``freqtrade backtesting --export trades`` writes

    Raises
    ------
    ResultError
        When the file is missing, damaged, or not a backtest result.
    """
    stats, config = _read_zip(path)
    try:
        return tuple(_result(path, name, found, config) for name, found in stats.items())
    except (KeyError, TypeError, ValueError) as error:
        raise ResultError(
            f"{path}: not a backtest result of freqtrade 2026.9 ({type(error).__name__}: {error}); "
            "run freqtrade backtesting --export trades again"
        ) from None


def newest(folder: Path) -> tuple[Result, ...]:
    """Newest result of each strategy over the same candles as the last backtest of all.

    Parameters
    ----------
    folder : freqtrade's ``user_data/backtest_results``

    Raises
    ------
    ResultError
        When the folder holds no result.
    """
    files = sorted(folder.glob("backtest-result-*.zip"), reverse=True)
    if not files:
        raise ResultError(
            f"{folder}: no backtest results; run freqtrade backtesting, or name a result file"
        )
    found = read_results(files[0])
    wanted = found[0].span
    kept = {result.strategy: result for result in found}
    for path in files[1:]:
        if _meta_matches(path, wanted):
            for result in read_results(path):
                if result.span == wanted:
                    kept.setdefault(result.strategy, result)
    return tuple(kept.values())


def _meta_matches(path: Path, wanted: tuple[str, Timestamp, Timestamp, tuple[str, ...]]) -> bool:
    """Look into the small file beside a result before reading the large one."""
    meta = path.with_suffix(".meta.json")
    try:
        entries = json.loads(meta.read_text(encoding="utf-8")).values()
        return any(
            entry["timeframe"] == wanted[0]
            and entry["backtest_start_ts"] == wanted[1].timestamp()
            and entry["backtest_end_ts"] == wanted[2].timestamp()
            for entry in entries
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False  # no usable description: not offered unasked; it can still be named


def _read_zip(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            stats = json.loads(archive.read(f"{path.stem}.json"))
            config = json.loads(archive.read(f"{path.stem}_config.json"))
    except FileNotFoundError:
        raise ResultError(f"{path}: no such file; see user_data/backtest_results") from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ResultError(
            f"{path}: cannot be read as a backtest result ({error}); give the "
            "backtest-result-*.zip under the name that freqtrade gave it, or run the backtest again"
        ) from None
    if not isinstance(stats, dict) or not stats.get("strategy"):
        raise ResultError(f"{path}: holds no strategy; run freqtrade backtesting again")
    return stats["strategy"], config


def _result(path: Path, name: str, stats: dict[str, Any], config: dict[str, Any]) -> Result:
    limit = stats["max_open_trades"]
    labels = config.get("freqai", {}).get("feature_parameters", {})
    return Result(
        strategy=name,
        source=path,
        timeframe=stats["timeframe"],
        candle=Timedelta(_minutes(stats["timeframe"]), unit="min"),
        start=_time(stats["backtest_start_ts"]),
        end=_time(stats["backtest_end_ts"]),
        pairs=tuple(stats["pairlist"]),
        currency=stats["stake_currency"],
        starting_balance=float(stats["starting_balance"]),
        profit=float(sum(trade["profit_abs"] for trade in stats["trades"])),
        max_open_trades=int(limit) if 0 < limit < math.inf else len(stats["pairlist"]),
        rejected_signals=int(stats["rejected_signals"]),
        horizon=int(labels.get("label_period_candles", 12)),
        round_trip_cost=float(
            config.get("hydra", {}).get("gates", {}).get("round_trip_cost", 0.001)
        ),
        exchange=config["exchange"]["name"],
        run_end=Timestamp(stats["backtest_run_end_ts"], unit="s", tz="UTC"),
        trades=DataFrame([_trade(row) for row in stats["trades"]], columns=list(TRADE_COLUMNS)),
        locks=DataFrame([_lock(row) for row in stats["locks"]], columns=list(LOCK_COLUMNS)),
    )


def _trade(row: dict[str, Any]) -> dict[str, Any]:
    orders = tuple(_order(order, row) for order in row["orders"])
    return {
        "pair": row["pair"],
        "side": -1 if row["is_short"] else 1,
        "open_date": _time(row["open_timestamp"]),
        "close_date": _time(row["close_timestamp"]),
        "open_rate": float(row["open_rate"]),
        "close_rate": float(row["close_rate"]),
        "leverage": float(row["leverage"]),
        "profit_abs": float(row["profit_abs"]),
        "profit_ratio": float(row["profit_ratio"]),
        "fees": sum(abs(amount) * price * rate for _, amount, price, rate in orders),
        "funding_fees": float(row["funding_fees"] or 0.0),
        "enter_tag": row["enter_tag"] or "",
        "exit_reason": row["exit_reason"] or "",
        "orders": orders,
    }


def _order(order: dict[str, Any], trade: dict[str, Any]) -> tuple[Timestamp, float, float, float]:
    sign = 1 if order["ft_order_side"] == "buy" else -1
    rate = trade["fee_open"] if order["ft_is_entry"] else trade["fee_close"]
    time = _time(order["order_filled_timestamp"])
    return time, sign * float(order["amount"]), float(order["safe_price"]), float(rate)


def _lock(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "pair": row["pair"],
        "side": row["side"],
        "start": _time(row["lock_timestamp"]),
        "end": _time(row["lock_end_timestamp"]),
    }


def _time(milliseconds: float) -> Timestamp:
    return to_datetime(milliseconds, unit="ms", utc=True)


def _minutes(timeframe: str) -> int:
    return int(timeframe[:-1]) * {"m": 1, "h": 60, "d": 1440, "w": 10080}[timeframe[-1]]
