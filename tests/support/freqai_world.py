"""A small world for FreqAI models: candle files with a planted signal, a configuration, a run.

The model is driven through FreqAI's own entry point (``IFreqaiModel.start``) with freqtrade's own
data provider, so everything but the exchange is real, and a run takes about a second.
"""

import importlib.util
import warnings
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from pandas.errors import Pandas4Warning

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # freqtrade sets an option that pandas deprecates
    from freqtrade.configuration import TimeRange
    from freqtrade.data.dataprovider import DataProvider
    from freqtrade.data.history import load_data
    from freqtrade.enums import CandleType, RunMode
    from freqtrade.freqai.freqai_interface import IFreqaiModel
    from support.strategies.FreqaiProbe import FreqaiProbe

ROOT = Path(__file__).resolve().parents[2]
PAIRS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
START = pd.Timestamp("2024-01-01", tz="UTC")
BAR = 3600
HORIZON = 3

Settings = dict[str, Any]


def scanned(name: str) -> ModuleType:
    """The module ``freqaimodels/NAME.py``, loaded as freqtrade loads it (not in sys.modules)."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "freqaimodels" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stock_regressor() -> type[IFreqaiModel]:
    """FreqAI's own LightGBM model; importing it brings TensorBoard and torch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from freqtrade.freqai.prediction_models.LightGBMRegressor import LightGBMRegressor
    return LightGBMRegressor


def candles(seed: int, n: int, planted: float = 0.5, start: pd.Timestamp = START) -> pd.DataFrame:
    """Hourly candles whose volume tells part of the next return.

    Parameters
    ----------
    planted : share of the next return's deviation that this candle's volume tells; 0: none.
    """
    rng = np.random.default_rng(seed)
    surprise = rng.normal(size=n)
    move = 0.005 * (planted * np.append(0.0, surprise[:-1]) + rng.normal(size=n))
    close = 100.0 * (1 + seed) * np.exp(np.cumsum(move))
    opened = np.append(close[0], close[:-1])
    return pd.DataFrame(
        {
            "date": pd.date_range(start, periods=n, freq="h"),
            "open": opened,
            "high": np.maximum(opened, close) * 1.001,
            "low": np.minimum(opened, close) * 0.999,
            "close": close,
            "volume": 1000.0 * np.exp(0.3 * surprise),
        }
    )


def write(folder: Path, pair: str, frame: pd.DataFrame) -> None:
    """Store candles where freqtrade looks for futures candles."""
    name = pair.replace("/", "_").replace(":", "_")
    (folder / "futures").mkdir(parents=True, exist_ok=True)
    frame.to_feather(folder / "futures" / f"{name}-1h-futures.feather")


class World:
    """Candle files and a configuration in a folder of its own.

    Parameters
    ----------
    folder : Path
    pairs : the whitelist
    days : of candles, from 2024-01-01
    planted : see `candles`
    """

    def __init__(
        self, folder: Path, pairs: Sequence[str] = PAIRS, days: int = 40, planted: float = 0.5
    ) -> None:
        self.folder, self.pairs, self.days = folder, list(pairs), days
        for seed, pair in enumerate(pairs, 1):
            write(folder / "data", pair, candles(seed, days * 24 + 1, planted))

    def config(self, **changes: Any) -> Settings:
        """A configuration; ``a__b=value`` changes ``config["a"]["b"]``, at any depth."""
        config: Settings = {
            "timeframe": "1h",
            "timerange": "20240125-20240205",
            "user_data_dir": self.folder / "user_data",
            "datadir": self.folder / "data",
            "dataformat_ohlcv": "feather",
            "candle_type_def": CandleType.FUTURES,
            "trading_mode": "futures",
            "runmode": RunMode.BACKTEST,
            "startup_candle_count": 30,
            "config_files": [str(self.folder / "config.json")],
            "exchange": {"name": "binance", "pair_whitelist": list(self.pairs)},
            "freqai": {
                "enabled": True,
                "identifier": "world",
                "train_period_days": 20,
                "backtest_period_days": 4,
                "save_backtest_models": True,
                "activate_tensorboard": False,
                "purge_old_models": 2,
                "feature_parameters": {
                    "include_timeframes": ["1h"],
                    "include_corr_pairlist": [],
                    "label_period_candles": HORIZON,
                    "include_shifted_candles": 0,
                    "indicator_periods_candles": [10],
                    "shuffle_after_split": False,
                    "buffer_train_data_candles": 0,
                },
                "data_split_parameters": {"test_size": 0.2, "shuffle": False},
                "model_training_parameters": {"n_estimators": 20, "n_jobs": 1},
            },
        }
        for path, value in changes.items():
            *way, last = path.split("__")
            inner = config
            for key in way:
                inner = inner.setdefault(key, {})
            inner[last] = value
        (self.folder / "config.json").write_text("{}")
        (self.folder / "user_data").mkdir(exist_ok=True)
        return config

    def run(
        self,
        model: Callable[[Settings], IFreqaiModel],
        config: Settings | None = None,
        strategy: type[FreqaiProbe] = FreqaiProbe,
    ) -> dict[str, pd.DataFrame]:
        """Every pair's frame as the strategy gets it back from a backtest."""
        config = deepcopy(config or self.config())
        made = strategy(config)
        made.dp = DataProvider(config, None)
        made.freqai_info = config["freqai"]
        freqai = model(config)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pandas4Warning)  # freqtrade's own
            return {
                pair: freqai.start(frame.copy(), {"pair": pair}, made)
                for pair, frame in self.frames(config, made.dp).items()
            }

    def frames(self, config: Settings, dp: DataProvider) -> dict[str, pd.DataFrame]:
        """Candles as freqtrade's backtester loads them."""
        return load_data(
            datadir=config["datadir"],
            pairs=config["exchange"]["pair_whitelist"],
            timeframe="1h",
            timerange=TimeRange.parse_timerange(config["timerange"]),
            startup_candles=dp.get_required_startup("1h"),
            data_format="feather",
            candle_type=CandleType.FUTURES,
        )
