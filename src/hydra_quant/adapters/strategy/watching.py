"""Puts a live bot's scorer under the monitor's eye."""

import logging
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from freqtrade.strategy import IStrategy
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.adapters.data.beside import Beside
from hydra_quant.adapters.data.recording import Recorder
from hydra_quant.adapters.data.remembered import lags_of, memory_url
from hydra_quant.adapters.strategy.heads import Heads
from hydra_quant.adapters.strategy.monitor import Monitor, ask_freqai
from hydra_quant.adapters.strategy.teaching import features_of_signals, head_of, holding_candles
from hydra_quant.heads.scorer_labels import profitable
from hydra_quant.memory import Memory, Series
from hydra_quant.settings import Settings
from hydra_quant.validation.baseline import Baseline

logger = logging.getLogger(__name__)


class Watching:
    """The monitor of one live strategy's scorer.

    Parameters
    ----------
    strategy : whose frames and FreqAI model are looked at, and through which the user is told
    settings : HYDRA's settings
    heads : models trained outside the bot
    minutes : width of a candle
    beside : what collects and records, if the bot does
    """

    def __init__(
        self,
        strategy: IStrategy,
        settings: Settings,
        heads: Heads,
        minutes: int,
        beside: Beside | None,
    ) -> None:
        self._strategy, self._settings, self._heads = strategy, settings, heads
        self._minutes, self._beside = minutes, beside
        self._recorder: Recorder | None = None
        if beside is None:
            self._recorder = Recorder(self._open)
            self._recorder.start()
        self.monitor = Monitor(
            settings.monitor,
            outcome_of=self._outcomes,
            features_of=lambda frame: features_of_signals(frame, settings, minutes),
            send=strategy.dp.send_msg,
            retrain=self._retrain if self._may_ask() else None,
            note=self._note,
            bot=str(strategy.config.get("bot_name") or "hydra"),
        )

    def looped(self, now: datetime) -> None:
        """Let the monitor look, if it is time; never raises."""
        try:
            self.monitor.looked(
                round(now.timestamp() * 1000), dict(self._frames()), self._baseline()
            )
        except Exception:
            logger.exception("the scorer was not looked at; the bot trades on")

    def stop(self) -> None:
        """Write what is waiting."""
        if self._recorder is not None and (lost := self._recorder.stop()):
            logger.error("%d look(s) at the model were not kept in the memory", lost)

    def _frames(self) -> Mapping[str, DataFrame]:
        dp, timeframe = self._strategy.dp, self._strategy.timeframe
        found = {p: dp.get_analyzed_dataframe(p, timeframe)[0] for p in dp.current_whitelist()}
        return {pair: frame for pair, frame in found.items() if "hydra_score" in frame}

    def _baseline(self) -> Baseline | None:
        """That of FreqAI's model where it scores, else of a file's; None for the rule."""
        if head_of(self._strategy.freqai) == "score":
            models = self._strategy.freqai.dd.model_dictionary.values()
            scorers = [trained.model for trained in models]
        else:
            found = self._heads.get("scorer")
            scorers = [] if found is None else [found.model]
        judged = [scorer.baseline for scorer in scorers if scorer.by_model]
        return max(judged, key=lambda baseline: baseline.known_until_ms or 0, default=None)

    def _outcomes(self, frame: DataFrame) -> NDArray[np.float64]:
        return profitable(
            frame,
            frame["signal_side"].to_numpy(float),
            holding_candles(frame, self._minutes),
            self._settings.gates.round_trip_cost,
        )

    def _may_ask(self) -> bool:
        """Whether FreqAI trains the scorer: it does not while a run is frozen."""
        return head_of(self._strategy.freqai) == "score" and self._settings.freeze is None

    def _retrain(self) -> None:
        pairs = self._strategy.dp.current_whitelist()
        ask_freqai(self._strategy.freqai, pairs, time.time())

    def _note(self, series: Series, row: Mapping[str, Any]) -> None:
        keeper = self._beside or self._recorder
        assert keeper is not None
        keeper.note(series, row)

    def _open(self) -> Memory:
        url = memory_url(self._strategy.config, self._settings)
        return Memory(url, lags_of(self._settings.memory))
