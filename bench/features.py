"""The alpha set against the same columns in pandas, and against stock FreqAI's cost of a column.

Eight pairs with a year of 5-minute candles each (105 120 rows), one pair after the other, as a
backtest prepares them. Random-walk candles: no branch of either side depends on where prices come
from. FreqAI's side is its own ``use_strategy_to_populate_indicators`` on one pair with the feature
functions of freqtrade's example strategy, with two shifted copies of each column as in its example
configuration; the figure is CPU time per column.

    python -m bench.features [--quick]
"""

from __future__ import annotations

import argparse
import atexit
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.harness import RESULTS, Run, interleave, report

BAR_MINUTES = 5
YEAR_ROWS = 365 * 24 * 60 // BAR_MINUTES
PAIRS = 8
Job = Callable[[], dict[str, float]]


def candles(rows: int, seed: int) -> pd.DataFrame:
    """A random walk with wicks, gaps and gamma volume."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.001, rows)))
    opened = np.r_[100.0, close[:-1]] * np.exp(rng.normal(0.0, 1e-4, rows))
    return pd.DataFrame(
        {
            "date": pd.date_range("2024-01-01", periods=rows, freq="5min", tz="UTC"),
            "open": opened,
            "high": np.maximum(opened, close) * (1.0 + np.abs(rng.normal(0.0, 5e-4, rows))),
            "low": np.minimum(opened, close) * (1.0 - np.abs(rng.normal(0.0, 5e-4, rows))),
            "close": close,
            "volume": rng.gamma(2.0, 10.0, rows),
        }
    )


def ours(rows: str, pairs: str) -> Job:
    from hydra_quant.features import catalog

    return _all_pairs(lambda f: catalog.compute(f, bar_minutes=BAR_MINUTES), int(rows), int(pairs))


def with_pandas(rows: str, pairs: str) -> Job:
    from bench.pandas_features import pandas_features

    return _all_pairs(lambda f: pandas_features(f, BAR_MINUTES), int(rows), int(pairs))


def _all_pairs(compute: Callable[[pd.DataFrame], pd.DataFrame], rows: int, pairs: int) -> Job:
    frames = [candles(rows, seed) for seed in range(pairs)]
    compute(frames[0].head(3_000))  # load and compile what is loaded or compiled once

    def job() -> dict[str, float]:
        columns, known = 0, 0
        for frame in frames:
            table = compute(frame)
            columns = table.shape[1]
            known += int(table.iloc[-1].notna().sum())
        assert known == columns * pairs, "a column ends in NaN"
        return {"columns": columns}

    return job


def stock_freqai(rows: str, pairs: str) -> Job:
    logging.disable(logging.ERROR)
    warnings.simplefilter("ignore")
    from freqtrade.enums import CandleType, RunMode
    from freqtrade.freqai.data_kitchen import FreqaiDataKitchen

    from bench.strategies.FreqaiExample import FreqaiExample

    folder = Path(tempfile.mkdtemp(prefix="bench-features-"))
    (folder / "config.json").write_text("{}")
    features = {
        "include_timeframes": ["5m"],
        "include_corr_pairlist": [],
        "label_period_candles": 24,
        "include_shifted_candles": 2,
        "indicator_periods_candles": [10, 20],
    }
    config: dict[str, Any] = {
        "timeframe": "5m",
        "timerange": "20240201-20240301",
        "user_data_dir": folder,
        "config_files": [str(folder / "config.json")],
        "runmode": RunMode.BACKTEST,
        "candle_type_def": CandleType.FUTURES,
        "stake_currency": "USDT",
        "exchange": {"name": "binance", "pair_whitelist": ["BTC/USDT:USDT"]},
        "freqai": {
            "enabled": True,
            "identifier": "bench",
            "train_period_days": 10,
            "backtest_period_days": 5,
            "feature_parameters": features,
        },
    }
    strategy = FreqaiExample(config)

    def populate(frame: pd.DataFrame) -> pd.DataFrame:
        kitchen = FreqaiDataKitchen(config, False, "BTC/USDT:USDT")
        table = kitchen.use_strategy_to_populate_indicators(
            strategy, pair="BTC/USDT:USDT", prediction_dataframe=frame
        )
        return pd.DataFrame(table.filter(regex="^%"))

    atexit.register(shutil.rmtree, folder)
    return _all_pairs(populate, int(rows), int(pairs))


def _per_column(run: Run) -> float:
    return 1e3 * run.cpu_s / run.figures["columns"]


def _mark_quick(*names: str) -> None:
    """Say in the results just written that they are not those of the full benchmark."""
    for name in names:
        path = RESULTS / f"{name}.json"
        result = json.loads(path.read_text()) | {"quick": True}
        path.write_text(json.dumps(result, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="2 pairs, 20 000 rows; kept, and marked as quick"
    )
    quick = parser.parse_args().quick
    rows, pairs, rounds = (20_000, 2, 2) if quick else (YEAR_ROWS, PAIRS, 5)

    size = f"{pairs} pairs x {rows} rows of 5m"
    print(f"features: {size}, {rounds} rounds")
    contenders = {"ours": "bench.features:ours", "theirs": "bench.features:with_pandas"}
    runs = interleave(contenders, rounds, (str(rows), str(pairs)))
    one = {"ours": "bench.features:ours", "theirs": "bench.features:stock_freqai"}
    single = interleave(one, rounds, (str(rows), "1"))

    note = f"{int(runs['ours'][0].figures['columns'])} columns, {size}, against pandas"
    report("features", runs, note=note)
    report("features_memory", runs, pick=lambda run: run.growth_mb, unit="MB peak", note=note)
    columns = int(single["theirs"][0].figures["columns"])
    note = f"one pair x {rows} rows; stock FreqAI expansion of {columns} columns, shifts included"
    report("features_freqai", single, pick=_per_column, unit="CPU ms/col", note=note)
    if quick:
        _mark_quick("features", "features_memory", "features_freqai")


if __name__ == "__main__":
    main()
