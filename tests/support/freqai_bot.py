"""A running bot as a FreqAI model sees it: each test trains and asks by hand."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
from freqtrade.configuration import TimeRange
from freqtrade.enums import RunMode
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from pandas import DataFrame
from support.freqai_world import PAIRS, World, candles
from support.strategies.FreqaiProbe import FreqaiProbe

NOW = pd.Timestamp("2024-02-05 00:00", tz="UTC")


class Bot:
    """What a running bot gives a FreqAI model: a strategy, candles up to now, FreqAI's drawer."""

    def __init__(
        self,
        world: World,
        model: type,
        pairs: tuple[str, ...] = PAIRS,
        strategy: type[FreqaiProbe] = FreqaiProbe,
        hydra: dict[str, Any] | None = None,
        **changes: Any,
    ) -> None:
        config = world.config(
            runmode=RunMode.DRY_RUN, freqai__live_retrain_hours=4, exchange__pair_whitelist=[*pairs]
        )
        for path, value in changes.items():
            config["freqai"][path] = value
        config["hydra"] = hydra or {}
        self.config, self.pairs = config, pairs
        self.strategy = strategy(config)
        self.strategy.freqai_info = config["freqai"]
        self.strategy.dp = SimpleNamespace(
            runmode=RunMode.DRY_RUN,
            current_whitelist=lambda: list(pairs),
            get_pair_dataframe=self.candles,
        )
        self.model = model(config)
        self.model.live, self.model.can_short = True, False
        self.model.start_scanning = lambda strategy: None  # the thread: each test trains by hand
        self.now = NOW

    def candles(self, pair: str, timeframe: str = "1h", candle_type: str = "") -> DataFrame:
        frame = candles(1 + PAIRS.index(pair), 40 * 24 + 1)
        return frame[frame["date"] < self.now].reset_index(drop=True)

    def train(self, pair: str) -> None:
        """What FreqAI's scanner does when `pair` is due."""
        dk = FreqaiDataKitchen(self.config, True, pair)
        stop = int(self.now.timestamp())
        for name in self.pairs:
            self.model.dd.historic_data.setdefault(name, {})["1h"] = self.candles(name)
            self.model.dd.get_pair_dict_info(name)
        trained = TimeRange("date", "date", stop - 20 * 86400, stop)
        loaded = TimeRange("date", "date", stop - 23 * 86400, stop)
        self.model.extract_data_and_train_model(trained, pair, self.strategy, dk, loaded)

    def due(self, pair: str) -> bool:
        """Whether FreqAI's scanner would train `pair` now."""
        known = self.model.dd.get_pair_dict_info(pair)[1]
        return int(self.now.timestamp()) - known > 4 * 3600

    def answer(self, pair: str) -> DataFrame:
        """The frame the strategy gets for `pair` on the newest candle."""
        frame = self.candles(pair).tail(200).reset_index(drop=True)
        self.model.dk = FreqaiDataKitchen(self.config, True, pair)
        dk = self.model.start_live(frame, {"pair": pair}, self.strategy, self.model.dk)
        return dk.return_dataframe
