"""The base strategy: each freqtrade callback is a few lines that call one library function."""

import logging
from copy import copy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from freqtrade.enums import RunMode
from freqtrade.exchange import timeframe_to_minutes
from freqtrade.persistence import Order, Trade
from freqtrade.strategy import DecimalParameter, stoploss_from_absolute
from pandas import DataFrame, Series

from hydra_quant.adapters.data.beside import Beside
from hydra_quant.adapters.data.remembered import Remembered
from hydra_quant.adapters.parsing import parse_settings
from hydra_quant.adapters.strategy.checked import CheckedStrategy
from hydra_quant.adapters.strategy.columns import (
    PREDICTION,
    add_entries,
    add_exits,
    add_votes,
    read_vote,
    thesis,
    trusted,
)
from hydra_quant.adapters.strategy.data_check import check_candles, longest_hole
from hydra_quant.adapters.strategy.fail_closed import fail_closed
from hydra_quant.adapters.strategy.plot import annotations, plot_config
from hydra_quant.adapters.strategy.reason_log import ReasonLog
from hydra_quant.adapters.strategy.startup import parse_horizon, require_voices
from hydra_quant.features import catalog
from hydra_quant.labels import forward_return
from hydra_quant.reasons import Reason
from hydra_quant.risk.gates import check_entry, decide
from hydra_quant.risk.sizing import stake
from hydra_quant.risk.stops import first_stop, tightest, trailing_stop
from hydra_quant.risk.volatility import ATR_BLOCKS, SHOCK_WINDOW
from hydra_quant.settings import Settings
from hydra_quant.signals import momentum

logger = logging.getLogger(__name__)
# A pooled model must not tell pairs apart by their price level: only features free of units.
MODEL_FEATURES = tuple(
    row.name for row in catalog.CATALOG.values() if row.scaling == catalog.Scaling()
)
LIVE_MODES = (RunMode.DRY_RUN, RunMode.LIVE)
STOP_NOW = 1e-6  # distance of a stop that price has already passed; freqtrade ignores 0


class HydraStrategyBase(CheckedStrategy):
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
        dataframe = add_entries(
            dataframe,
            decision,
            enter_above=self.enter_above.value,
            settings=self.settings.vote,
        )
        if self._reasons is not None:
            self._reasons.candles(metadata["pair"], dataframe)
        if self.beside is not None and not dataframe.empty:
            self.beside.decided(metadata["pair"], dataframe, type(self).__name__, PREDICTION)
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Leave when the vote for one's side has faded."""
        return add_exits(dataframe, self.exit_below.value)

    # --- one order -------------------------------------------------------------------------------

    def leverage(
        self,
        pair: str,
        current_time: datetime,
        current_rate: float,
        proposed_leverage: float,
        max_leverage: float,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> float:
        """Leverage from the settings, within the exchange's limit."""
        return min(self.settings.risk.leverage, max_leverage)

    @fail_closed(denied=0.0)
    def custom_stake_amount(
        self,
        pair: str,
        current_time: datetime,
        current_rate: float,
        proposed_stake: float,
        min_stake: float | None,
        max_stake: float,
        leverage: float,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> float:
        """Stake scaled to volatility; 0 (no trade) when it is too small or cannot be known."""
        candle = self._last_candle(pair)
        amount = stake(
            equity=self.wallets.get_total_stake_amount(),
            stop_distance=self.stop_atr.value * candle["hydra_atr"] / current_rate,
            leverage=leverage,
            available=max_stake,
            risk=self.settings.risk,
        )
        # freqtrade would raise a stake to the exchange's minimum, beyond the risk that was wanted.
        if amount < max(min_stake or 0.0, self.settings.risk.min_stake) or amount == 0.0:
            self.note_denial(pair, current_time, side, Reason.STAKE_TOO_SMALL)
            return 0.0
        return amount

    @fail_closed(denied=False)
    def confirm_trade_entry(
        self,
        pair: str,
        order_type: str,
        amount: float,
        rate: float,
        time_in_force: str,
        current_time: datetime,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> bool:
        """Last look: signal fresh, price still where it was, no hole in the candles behind it."""
        candle = self._last_candle(pair)
        length = timedelta(minutes=timeframe_to_minutes(self.timeframe))
        reason = check_entry(
            rate=rate,
            signal_close=float(candle["close"]),
            candle_close_time=candle["date"].to_pydatetime() + length,
            now=current_time,
            candle=length,
            gates=self.settings.gates,
        )
        if reason is Reason.ENTERED and self._has_hole(pair):
            reason = Reason.DATA_GAP
        if reason is not Reason.ENTERED:
            self.note_denial(pair, current_time, side, reason)
        return reason is Reason.ENTERED

    def order_filled(
        self, pair: str, trade: Trade, order: Order, current_time: datetime, **kwargs: Any
    ) -> None:
        """Write what the entry rested on into the trade's custom data (dry and live runs).

        A backtest exports no custom data, and writing it there costs a scan of all earlier trades.
        """
        if self._is_live() and order.ft_order_side == trade.entry_side:
            candle = self._candle_before(pair, order.order_date_utc)
            trade.set_custom_data(
                key="hydra_entry", value=thesis(candle, self.settings.memory.columns)
            )

    # Not decorated: freqtrade looks for `after_fill` in this very signature.
    def custom_stoploss(
        self,
        pair: str,
        trade: Trade,
        current_time: datetime,
        current_rate: float,
        current_profit: float,
        after_fill: bool,
        **kwargs: Any,
    ) -> float | None:
        """ATR stop when the entry fills, trailing stop once the gain is there; never a looser one.

        When no ATR was known as the entry filled (a restart in between), the floor holds and the
        ATR stop follows with the first candle.
        """
        offers = [trailing_stop(trade.open_rate, current_rate, trade.is_short, self.settings.risk)]
        at_floor = trade.stop_loss_pct == trade.initial_stop_loss_pct
        if after_fill or at_floor:
            offers.append(self._atr_stop(trade))
        price = tightest(offers, trade.stop_loss, trade.is_short)
        if price is None:
            return None
        distance = stoploss_from_absolute(price, current_rate, trade.is_short, trade.leverage)
        return max(float(distance), STOP_NOW)

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

    def note_denial(self, pair: str, current_time: datetime, side: str, reason: Reason) -> None:
        """Keep the reason why an entry signal did not become an order."""
        if self._reasons is not None:
            self._reasons.denial(pair, current_time, side, reason)

    def _last_candle(self, pair: str) -> Series:
        frame, _ = self.dp.get_analyzed_dataframe(pair, self.timeframe)
        if frame.empty:
            raise ValueError(f"no analysed candle for {pair}")
        return frame.iloc[-1]

    def _candle_before(self, pair: str, time: datetime) -> Series:
        """Last candle that had closed at ``time`` (UTC)."""
        frame, _ = self.dp.get_analyzed_dataframe(pair, self.timeframe)
        length = timedelta(minutes=timeframe_to_minutes(self.timeframe))
        closed = 0 if frame.empty else frame["date"].searchsorted(time - length, side="right")
        if closed == 0:
            raise ValueError(f"no analysed candle for {pair} before {time}")
        return frame.iloc[closed - 1]

    def _atr_stop(self, trade: Trade) -> float | None:
        """Price of the first stop; None while no ATR is known."""
        frame, _ = self.dp.get_analyzed_dataframe(trade.pair, self.timeframe)
        atr = float("nan") if frame.empty else float(frame["hydra_atr"].iloc[-1])
        if not atr > 0:
            logger.warning("%s: no ATR known, its stop stays at %s", trade.pair, trade.stop_loss)
            return None
        return first_stop(trade.open_rate, atr, trade.is_short, self.stop_atr.value)

    def _is_live(self) -> bool:
        return self.config.get("runmode") in LIVE_MODES

    def _has_hole(self, pair: str) -> bool:
        """Whether candles that votes, stop and stake rest on were filled in, too many in a row."""
        frame, _ = self.dp.get_analyzed_dataframe(pair, self.timeframe)
        return longest_hole(frame, self._rules_lookback()) > self.settings.gates.max_gap_candles

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
        wanted = {
            "enter_above": settings.vote.enter_above,
            "exit_below": settings.vote.exit_below,
            "stop_atr": settings.risk.stop_atr,
        }
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
