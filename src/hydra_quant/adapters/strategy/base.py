"""The base strategy: each freqtrade callback is a few lines that call one library function."""

import logging
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from freqtrade.enums import RunMode
from freqtrade.exchange import timeframe_to_minutes
from freqtrade.strategy import DecimalParameter
from pandas import DataFrame

from hydra_quant.adapters.data.beside import Beside
from hydra_quant.adapters.data.remembered import Remembered
from hydra_quant.adapters.parsing import parse_settings
from hydra_quant.adapters.strategy.columns import (
    PREDICTION,
    add_entries,
    add_exits,
    add_votes,
    entry_tags,
    read_vote,
    trusted,
)
from hydra_quant.adapters.strategy.data_check import check_candles
from hydra_quant.adapters.strategy.orders import Orders
from hydra_quant.adapters.strategy.plot import annotations, plot_config
from hydra_quant.adapters.strategy.reason_log import ReasonLog
from hydra_quant.adapters.strategy.startup import may_short, parse_horizon, require_voices
from hydra_quant.features import catalog
from hydra_quant.labels import forward_return
from hydra_quant.risk.gates import decide
from hydra_quant.risk.volatility import ATR_BLOCKS, SHOCK_WINDOW
from hydra_quant.settings import Settings
from hydra_quant.signals import momentum

logger = logging.getLogger(__name__)
# A pooled model must not tell pairs apart by their price level: only features free of units.
MODEL_FEATURES = tuple(
    row.name for row in catalog.CATALOG.values() if row.scaling == catalog.Scaling()
)


class HydraStrategyBase(Orders):
    """Votes, gates, sizes and stops; a scanned strategy picks whether a model votes.

    Thresholds and stops are hyperopt parameters whose starting values come from ``"hydra"`` in the
    configuration; everything else is a setting.
    """

    INTERFACE_VERSION = 3
    can_short = True
    timeframe = "5m"
    process_only_new_candles = True
    use_exit_signal = True
    use_custom_stoploss = True
    stoploss = -0.5  # the floor; custom_stoploss sets the ATR stop as soon as an entry fills
    minimal_roi: ClassVar[dict[str, float]] = {}

    enter_above = DecimalParameter(0.2, 0.9, default=0.5, decimals=2, space="buy")
    exit_below = DecimalParameter(-0.5, 0.1, default=0.0, decimals=2, space="sell")
    stop_atr = DecimalParameter(1.0, 5.0, default=2.0, decimals=1, space="sell")

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.can_short = may_short(config, self.can_short)
        self.settings: Settings = parse_settings(config)
        self._start_parameters_from(self.settings)
        require_voices(self.settings.vote, with_model=self.with_model)
        self.horizon = parse_horizon(config)
        timeframe = config.get("timeframe") or self.timeframe
        self.remembered = Remembered(config, self.settings, timeframe)
        # One more: the first candle that may trade acts on the signal of the candle before it.
        self.startup_candle_count = self._lookback() + 1
        self.plot_config = plot_config(
            with_model=self.with_model, remembered=self.settings.memory.columns
        )
        self._reasons: ReasonLog | None = None
        self.beside: Beside | None = None
        check_candles(
            config,
            timeframe=timeframe,
            startup=self.startup_candle_count,
            train_days=self._train_days(),
            max_gap=self.settings.gates.max_gap_candles,
        )

    # --- before the first candle -------------------------------------------------------------

    def ft_bot_start(self, **kwargs: Any) -> None:
        """Open the reason log, then check and start."""
        self._reasons = self._open_reason_log()
        super().ft_bot_start(**kwargs)
        if self._is_live() and self.settings.collect:
            self.beside = Beside(
                self.config, self.settings, self.dp.current_whitelist(), self.timeframe
            )
            self.beside.start()

    def ft_bot_cleanup(self) -> None:
        """End what runs beside the bot."""
        if self.beside is not None:
            self.beside.stop()
        self.remembered.close()
        super().ft_bot_cleanup()

    def bot_loop_start(self, current_time: datetime, **kwargs: Any) -> None:
        """Keep what a collecting bot is worth."""
        if self.beside is not None:
            self.beside.looped(round(current_time.timestamp() * 1000), self.wallets)

    @property
    def protections(self) -> list[dict[str, Any]]:
        """Pause a pair after a trade and after repeated stops; pause everything in a drawdown."""
        day = max(24 * 60 // timeframe_to_minutes(self.timeframe), 1)
        return [
            {"method": "CooldownPeriod", "stop_duration_candles": 1},
            {
                "method": "StoplossGuard",
                # a day, or as long as three trades in a row take
                "lookback_period_candles": max(day, 3 * self.horizon),
                "trade_limit": 3,
                "stop_duration_candles": max(day // 4, 1),
                "only_per_pair": True,
            },
            {
                "method": "MaxDrawdown",
                "calculation_mode": "equity",
                "lookback_period_candles": day,
                "trade_limit": 5,
                "stop_duration_candles": day,
                "max_allowed_drawdown": 0.05,
            },
        ]

    # --- FreqAI: what the model sees and learns ------------------------------------------------

    def feature_engineering_standard(
        self, dataframe: DataFrame, metadata: dict[str, Any], **kwargs: Any
    ) -> DataFrame:
        """Add what a pooled model may see as FreqAI features (``%-name``).

        That is the unit-free part of the alpha set and the comparable columns of the memory.
        """
        minutes = timeframe_to_minutes(self.timeframe)
        features = catalog.compute(dataframe, MODEL_FEATURES, bar_minutes=minutes)
        remembered = self.remembered.features(dataframe, metadata["pair"])
        return dataframe.join([features.add_prefix("%-"), remembered])

    def set_freqai_targets(
        self, dataframe: DataFrame, metadata: dict[str, Any], **kwargs: Any
    ) -> DataFrame:
        """Teach the log return over the label horizon; the last ``horizon`` rows are NaN."""
        dataframe[PREDICTION] = forward_return(dataframe["close"].to_numpy(float), self.horizon)
        return dataframe

    # --- one candle ------------------------------------------------------------------------------

    def populate_indicators(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Candles → prediction (with a model) → what was known besides → votes."""
        if self.with_model:
            dataframe = self.freqai.start(dataframe, metadata, self)
        dataframe = dataframe.join(self.remembered.columns(dataframe, metadata["pair"]))
        return add_votes(
            dataframe,
            horizon=self.horizon,
            settings=self.settings.vote,
            with_model=self.with_model,
        )

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Votes → side, tag and reason."""
        decision = decide(
            read_vote(dataframe),
            trusted=trusted(dataframe) if self.with_model else None,
            shock=dataframe["hydra_shock"].to_numpy(),
            usual_move=(dataframe["hydra_atr"] / dataframe["close"]).to_numpy(),
            can_short=self.can_short,
            settings=self.settings.vote,
            gates=self.settings.gates,
            enter_above=self.enter_above.value,
        )
        tags = entry_tags(dataframe, decision.side, self.settings.vote)
        dataframe = add_entries(dataframe, decision, tags, enter_above=self.enter_above.value)
        return self._noted(dataframe, metadata["pair"])

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Leave when the vote for one's side has faded."""
        return add_exits(dataframe, self.exit_below.value)

    def plot_annotations(
        self,
        pair: str,
        start_date: datetime,
        end_date: datetime,
        dataframe: DataFrame,
        **kwargs: Any,
    ) -> list[dict[str, Any]]:
        """Shade the candles that had a signal with the reason that decided them."""
        return annotations(dataframe, start_date, end_date)

    # --- helpers ---------------------------------------------------------------------------------

    def _noted(self, frame: DataFrame, pair: str) -> DataFrame:
        """Keep what was decided: reasons, and live the memory's notes."""
        if self._reasons is not None:
            self._reasons.candles(pair, frame)
        if self.beside is not None and not frame.empty:
            self.beside.decided(pair, frame, type(self).__name__, self._prediction())
        return frame

    def _minutes(self) -> int:
        """Width of a candle."""
        return int(timeframe_to_minutes(self.config.get("timeframe") or self.timeframe))

    def _prediction(self) -> str:
        """The column of the model's answer."""
        return PREDICTION

    def _rules_lookback(self) -> int:
        return max(momentum.lookback(), self.horizon * ATR_BLOCKS, SHOCK_WINDOW + 1)

    def _lookback(self) -> int:
        rules = self._rules_lookback()
        return max(rules, catalog.lookback(MODEL_FEATURES)) if self.with_model else rules

    def _train_days(self) -> int:
        freqai = self.config.get("freqai", {})
        return int(freqai.get("train_period_days", 0)) if self.with_model else 0

    def _start_parameters_from(self, settings: Settings) -> None:
        """Give this instance its own hyperopt parameters, starting at the user's settings."""
        self._start_at(
            enter_above=settings.vote.enter_above,
            exit_below=settings.vote.exit_below,
            stop_atr=settings.risk.stop_atr,
        )

    def _start_at(self, **wanted: float) -> None:
        for name, value in wanted.items():
            parameter = copy(getattr(type(self), name))
            parameter._value = value  # its setter would round to the grid that hyperopt searches
            setattr(self, name, parameter)

    def _open_reason_log(self) -> ReasonLog | None:
        """Keep reasons of exported backtests and of dry and live runs, not of hyperopt epochs."""
        live = self._is_live()
        backtest = self.config.get("runmode") == RunMode.BACKTEST
        exporting = backtest and self.config.get("export", "none") != "none"
        if not (live or exporting):
            return None
        folder = Path(self.config["user_data_dir"]) / "hydra" / "reasons" / type(self).__name__
        return ReasonLog(folder, live=live)
