"""Backtest results as freqtrade 2026.9 writes them, small enough to check by hand."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pandas import DataFrame, Series, Timedelta, Timestamp, date_range

from hydra_quant.reasons import Reason
from hydra_quant.report.results import Result, read_results

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
START = Timestamp("2025-01-01", tz="UTC")
CANDLE = Timedelta(minutes=5)
FEE = 0.0005


def at(candle: float) -> Timestamp:
    """Open time of a candle by its number."""
    return START + candle * CANDLE


def trade(
    opened: int,
    closed: int,
    *,
    pair: str = BTC,
    side: int = 1,
    entry: float = 100.0,
    exit_: float = 101.0,
    amount: float = 10.0,
    funding: float = 0.0,
    orders: Sequence[tuple[int, float, float]] = (),
) -> dict[str, Any]:
    """One trade; `orders` (candle, signed amount, price) replace the usual entry and exit."""
    legs = list(orders) or [(opened, side * amount, entry), (closed, -side * amount, exit_)]
    cash = sum(-a * price - abs(a) * price * FEE for _, a, price in legs)
    profit = cash + funding
    return {
        "pair": pair,
        "is_short": side < 0,
        "open_timestamp": int(at(opened).timestamp() * 1000),
        "close_timestamp": int(at(closed).timestamp() * 1000),
        "open_rate": entry,
        "close_rate": exit_,
        "leverage": 2.0,
        "fee_open": FEE,
        "fee_close": FEE,
        "profit_abs": profit,
        "profit_ratio": profit / (amount * entry / 2),
        "funding_fees": funding,
        "enter_tag": "model",
        "exit_reason": "exit_signal",
        "orders": [
            {
                "amount": abs(a),
                "safe_price": price,
                "ft_order_side": "buy" if a > 0 else "sell",
                "order_filled_timestamp": int(at(candle).timestamp() * 1000),
                "ft_is_entry": a * side > 0,
            }
            for candle, a, price in legs
        ],
    }


def lock(start: int, end: float, *, pair: str = BTC, side: str = "*") -> dict[str, Any]:
    """A protection's pause."""
    return {
        "pair": pair,
        "side": side,
        "lock_timestamp": int(at(start).timestamp() * 1000),
        "lock_end_timestamp": int(at(end).timestamp() * 1000),
    }


def stats(
    trades: Sequence[dict[str, Any]] = (),
    *,
    candles: int = 40,
    pairs: Sequence[str] = (BTC, ETH),
    locks: Sequence[dict[str, Any]] = (),
    max_open: float = 8,
    **more: Any,
) -> dict[str, Any]:
    """One strategy's part of a result over candles 0 to `candles` - 1."""
    return {
        "trades": list(trades),
        "locks": list(locks),
        "timeframe": "5m",
        "backtest_start_ts": int(at(0).timestamp() * 1000),
        "backtest_end_ts": int(at(candles - 1).timestamp() * 1000),
        "backtest_run_end_ts": 1_750_000_000,
        "pairlist": list(pairs),
        "stake_currency": "USDT",
        "starting_balance": 10_000,
        "max_open_trades": max_open,
        "rejected_signals": 0,
        **more,
    }


def write_zip(
    folder: Path, strategies: Mapping[str, dict[str, Any]], stamp: str = "2025-02-01_00-00-00"
) -> Path:
    """Write the zip and the small file beside it, as freqtrade does."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"backtest-result-{stamp}.zip"
    config = {
        "exchange": {"name": "binance"},
        "freqai": {"feature_parameters": {"label_period_candles": 3}},
        "hydra": {"gates": {"round_trip_cost": 0.002}},
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{path.stem}.json", json.dumps({"strategy": dict(strategies)}))
        archive.writestr(f"{path.stem}_config.json", json.dumps(config))
    meta = {
        name: {
            "timeframe": found["timeframe"],
            "backtest_start_ts": found["backtest_start_ts"] // 1000,
            "backtest_end_ts": found["backtest_end_ts"] // 1000,
        }
        for name, found in strategies.items()
    }
    path.with_suffix(".meta.json").write_text(json.dumps(meta))
    return path


def result(folder: Path, *trades: dict[str, Any], **options: Any) -> Result:
    """Read back the result of one strategy with these trades."""
    (found,) = read_results(write_zip(folder, {"Probe": stats(trades, **options)}))
    return found


def closes(values: Sequence[float] | None = None, *, candles: int = 40) -> Series:
    """Closes from candle -1 on; a gentle wave unless given."""
    wave = 100 + np.sin(np.arange(candles + 1) / 3) if values is None else np.asarray(values, float)
    return Series(wave, date_range(at(-1), periods=len(wave), freq=CANDLE))


def reason_frame(
    reasons: Mapping[int, tuple[Reason, int]], *, candles: int = 40, first: int = -5
) -> DataFrame:
    """A pair's reasons: NO_SIGNAL but for the candles given with (reason, side)."""
    numbers = range(first, candles)
    found = [reasons.get(number, (Reason.NO_SIGNAL, 0)) for number in numbers]
    return DataFrame(
        {
            "date": [at(number) for number in numbers],
            "close": 100.0 + np.arange(len(numbers)),
            "hydra_vote": [0.7 * side for _, side in found],
            "hydra_side": [side if reason is Reason.ENTER else 0 for reason, side in found],
            "hydra_reason": [int(reason) for reason, _ in found],
        }
    )
