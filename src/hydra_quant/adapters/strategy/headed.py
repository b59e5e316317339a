"""The strategy that trades crowded positioning: signals, scored, held while their thesis holds."""

from datetime import datetime
from math import sqrt
from typing import Any

import numpy as np
from freqtrade.persistence import Order, Trade
from freqtrade.strategy import DecimalParameter
from pandas import DataFrame, Series

from hydra_quant.adapters.strategy.columns import (
    add_entries,
    add_votes,
    entry_tags,
    read_vote,
    trusted,
)
from hydra_quant.adapters.strategy.gated import gate, marked, opened_by
from hydra_quant.adapters.strategy.gating import GatedStrategyBase
from hydra_quant.adapters.strategy.heads import Heads
from hydra_quant.adapters.strategy.judged import (
    add_ensemble,
    add_regime,
    add_score,
    signal_names,
    with_thoughts,
)
from hydra_quant.adapters.strategy.leaving import FACTS, Leaving
from hydra_quant.adapters.strategy.plot import headed_plot_config
from hydra_quant.adapters.strategy.teaching import LESSONS, RETURN, head_of
from hydra_quant.adapters.strategy.watching import Watching
from hydra_quant.heads.think import lookback
from hydra_quant.risk.conviction import conviction
from hydra_quant.risk.entries import Candidate, Limits, by_joint_vote, enter
from hydra_quant.risk.gates import decide
from hydra_quant.settings import SIGNALS, Settings
from hydra_quant.signals import adaptive, trend
from hydra_quant.signals.ensemble import base_weights

AFTER_SHOCKS = SIGNALS.index("liquidation_reversal")


class HeadedStrategyBase(GatedStrategyBase):
    """Signals of crowded positioning, scored by a model, beside the votes of the other sources.

    The FreqAI model says what it is (``head``): a *score* of the signals, a *return* that votes, or
    a *regime*. Whatever is not learned by it comes from a model trained outside the bot
    (``hydra-quant train``), or else from the rule that stands in for it.
    """

    with_model = True

    accept_above = DecimalParameter(0.3, 0.7, default=0.45, decimals=2, space="buy")
    min_confidence = DecimalParameter(0.5, 0.9, default=0.5, decimals=2, space="buy")
    min_health = DecimalParameter(0.0, 0.6, default=0.25, decimals=2, space="sell")

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.heads = Heads(config, self.settings, self.minutes)
        self.leaving = Leaving(self.settings, self.heads, self.minutes)
        self.watching: Watching | None = None
        self.plot_config = headed_plot_config(self.settings.memory.columns)

    # --- before the first candle, and around every loop ----------------------------------------

    def ft_bot_start(self, **kwargs: Any) -> None:
        """Check and start; live, put the scorer under the monitor's eye."""
        super().ft_bot_start(**kwargs)
        if self._is_live():
            self.watching = Watching(self, self.settings, self.heads, self.minutes, self.beside)

    def ft_bot_cleanup(self) -> None:
        """End what runs beside the bot."""
        if self.watching is not None:
            self.watching.stop()
        super().ft_bot_cleanup()

    def bot_loop_start(self, current_time: datetime, **kwargs: Any) -> None:
        """Keep what a collecting bot is worth, and look at the model from time to time."""
        super().bot_loop_start(current_time, **kwargs)
        if self.watching is not None:
            self.watching.looped(current_time)

    # --- FreqAI: what the model sees and learns ------------------------------------------------

    def feature_engineering_standard(
        self, dataframe: DataFrame, metadata: dict[str, Any], **kwargs: Any
    ) -> DataFrame:
        """Add the thoughts, and the features of the head that the model is."""
        thinking = self._thinking(dataframe, metadata["pair"])
        features = LESSONS[head_of(self.freqai)].features
        if features is None:
            return super().feature_engineering_standard(thinking, metadata, **kwargs)
        return thinking.join(features(thinking, self.settings, self.minutes).add_prefix("%-"))

    def set_freqai_targets(
        self, dataframe: DataFrame, metadata: dict[str, Any], **kwargs: Any
    ) -> DataFrame:
        """Teach the head that the model is; the end of the frame is NaN."""
        targets = LESSONS[head_of(self.freqai)].targets
        return dataframe.join(targets(dataframe, self.settings, self.minutes, self.horizon))

    # --- one candle ------------------------------------------------------------------------------

    def populate_indicators(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Candles → thoughts → model → score, regime and the other sources' vote."""
        frame = self.freqai.start(dataframe, metadata, self)
        if "signal_side" not in frame:  # a stock model hands back candles and its answer only
            frame = self._thinking(frame, metadata["pair"])
        more = self.remembered.columns(frame, metadata["pair"])
        frame = frame.join(more[[name for name in more if name not in frame]])
        frame = self.with_news(frame, metadata["pair"])
        votes = RETURN in frame
        frame = add_votes(
            frame, horizon=self.horizon, settings=self.settings.vote, with_model=votes
        )
        frame = add_regime(
            add_score(frame, self.heads, self.settings, self.minutes), self.heads, self.minutes
        )
        if self.watching is not None:
            frame = frame.assign(**self.watching.monitor.values())
        return add_ensemble(frame, self.settings, minutes=self.minutes, horizon=self.horizon)

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """A signal that is worth its costs, or the vote of the others → gate → side and reason."""
        shock = dataframe["hydra_shock"].to_numpy(float)
        usual_move = (dataframe["hydra_atr"] / dataframe["close"]).to_numpy(float)
        others = read_vote(dataframe)._replace(total=dataframe["hydra_others"].to_numpy(float))
        by_vote = decide(
            others,
            trusted=trusted(dataframe) if RETURN in dataframe else None,
            shock=shock,
            usual_move=usual_move,
            can_short=self.can_short,
            settings=self.settings.vote,
            gates=self.settings.gates,
            enter_above=self.enter_above.value,
        )
        decision = enter(
            self._candidate(dataframe),
            by_joint_vote(by_vote, others.agree, self.settings.ensemble.min_agree),
            vote=others.total,
            shock=shock,
            usual_move=usual_move,
            can_short=self.can_short,
            limits=self._limits(),
        )
        frame, decision = gate(dataframe, decision, self.settings.news)
        frame = frame.assign(hydra_conviction=self._conviction(frame))
        frame = add_entries(
            frame, decision, self._tags(frame, decision.side), enter_above=self.enter_above.value
        ).assign(hydra_accept_above=self.accept_above.value)
        return self._noted(frame, metadata["pair"])

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Let positions be followed; why each is left is decided in `custom_exit`."""
        self.leaving.see(metadata["pair"], dataframe)
        return dataframe.assign(exit_long=0, exit_short=0, exit_tag=None)

    # --- one position ----------------------------------------------------------------------------

    def custom_exit(
        self,
        pair: str,
        trade: Trade,
        current_time: datetime,
        current_rate: float,
        current_profit: float,
        **kwargs: Any,
    ) -> str | None:
        """Leave when the thesis is broken, the regime has turned, the model says so, or it is over.

        Decided on closed candles only, so that a backtest and a bot leave on the same one.
        """
        return self.leaving.decide(
            trade,
            current_time,
            stop_atrs=self._stop_atrs(trade.enter_tag),
            exit_below=self.exit_below.value,
            min_health=self.min_health.value,
        )

    def order_filled(
        self, pair: str, trade: Trade, order: Order, current_time: datetime, **kwargs: Any
    ) -> None:
        """Write down what the entry rested on, for a position that outlives the candles at hand."""
        super().order_filled(pair, trade, order, current_time, **kwargs)
        if self._is_live() and order.ft_order_side == trade.entry_side:
            facts = self.leaving.record(trade, self._stop_atrs(trade.enter_tag))
            if facts is not None:
                trade.set_custom_data(key=FACTS, value=facts)

    def stop_scale(self, tag: str | None) -> float:
        """A trade that lasts longer moves more: as the root of time."""
        minutes = self.settings.signals.holding_minutes.get(opened_by(tag))
        return sqrt(max(1.0, minutes / (self.horizon * self.minutes))) if minutes else 1.0

    def stake_share(self, candle: Series, pair: str, side: str, now: datetime) -> float:
        """How sure the candle was, and what the gate leaves of it."""
        share = float(candle["hydra_conviction"])
        if not 0 < share <= 1:
            raise ValueError(f"no conviction known: {share}")
        return share * self.gate_share(candle, pair, side, now)

    # --- helpers ---------------------------------------------------------------------------------

    def _thinking(self, frame: DataFrame, pair: str) -> DataFrame:
        """The frame with positioning as it was known, and what HYDRA thinks of it."""
        return with_thoughts(frame, pair, self.remembered, self.heads, self.settings, self.minutes)

    def _candidate(self, frame: DataFrame) -> Candidate:
        return Candidate(
            frame["signal_side"].to_numpy(np.int8),
            frame["signal_confidence"].to_numpy(float),
            frame["hydra_score"].to_numpy(float),
            frame["signal_known"].to_numpy(bool),
            frame["signal_source"].to_numpy() == AFTER_SHOCKS,
        )

    def _limits(self) -> Limits:
        gates = self.settings.gates
        return Limits(
            accept_above=self.accept_above.value,
            min_confidence=self.min_confidence.value,
            veto_beyond=self.settings.ensemble.veto_beyond,
            max_shock_sigmas=gates.max_shock_sigmas,
            least_move=gates.min_move_costs * gates.round_trip_cost,
        )

    def _conviction(self, frame: DataFrame) -> Any:
        return conviction(
            score=frame["hydra_score"].to_numpy(float),
            vote=frame["hydra_others"].to_numpy(float),
            expected_return=frame["expected_return"].to_numpy(float),
            expected_adverse=frame["expected_adverse_excursion"].to_numpy(float),
            disagreement=frame["hydra_disagreement"].to_numpy(float),
            shrink=self.settings.ensemble.shrink,
            risk_per_trade=self.settings.risk.risk_per_trade,
        )

    def _tags(self, frame: DataFrame, side: Any) -> Any:
        """The signal's name, or the names of the sources that voted."""
        names = signal_names(frame)
        weights = base_weights(self.settings.vote, self.settings.ensemble)
        voted = entry_tags(frame, side, self.settings.vote, weights)
        return marked(np.where(frame["signal_side"].to_numpy() != 0, names, voted), frame)

    def _prediction(self) -> str:
        return LESSONS[head_of(self.freqai)].answer

    def _rules_lookback(self) -> int:
        votes = trend.lookback() + adaptive.lookback(
            adaptive.window_candles(self.settings.ensemble.sharpe_days, self._minutes()),
            self.horizon,
        )
        return max(super()._rules_lookback(), votes, lookback(self.settings, self._minutes()))

    def _start_parameters_from(self, settings: Settings) -> None:
        super()._start_parameters_from(settings)
        self._start_at(
            accept_above=settings.scorer.accept_above,
            min_confidence=settings.signals.min_confidence,
            min_health=settings.exits.min_health,
        )
