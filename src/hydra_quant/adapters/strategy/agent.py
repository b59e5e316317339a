"""The strategy that carries out what an agent wants, as the agent's own environment does."""

import logging
from datetime import datetime
from typing import Any

import numpy as np
from freqtrade.persistence import Trade
from pandas import DataFrame

from hydra_quant.adapters.strategy.base import HydraStrategyBase
from hydra_quant.adapters.strategy.columns import trusted
from hydra_quant.adapters.strategy.fail_closed import fail_closed
from hydra_quant.adapters.strategy.heads import Heads
from hydra_quant.adapters.strategy.judged import add_score, with_thoughts
from hydra_quant.adapters.strategy.plot import agent_plot_config
from hydra_quant.adapters.strategy.teaching import LESSONS, TARGET
from hydra_quant.heads import agent_features
from hydra_quant.heads.think import lookback
from hydra_quant.reasons import Reason
from hydra_quant.settings import Settings

logger = logging.getLogger(__name__)
LESSON = LESSONS["target"]


class AgentStrategyBase(HydraStrategyBase):
    """Holds the share of a whole stake that the model wants, long or short.

    Entries, exits, stakes and the stop are those of `hydra_quant.rl`: nothing else decides, so
    that a backtest makes the trades that the agent made in its environment. There are no
    protections and no votes, and ``hydra.risk`` (`min_stake`, `max_stake` and the rest) does not
    bind: the agent was not trained under it. ``stake_amount`` and ``max_open_trades`` say how large
    a stake can be; one below the exchange's least is raised to it by up to 30 %, else not placed.
    In a dry or live run the last look at an entry stays.
    """

    with_model = True
    use_custom_stoploss = False
    position_adjustment_enable = True
    # Nothing for hyperopt: an agent was trained by the settings as they are.
    enter_above: Any = None
    exit_below: Any = None
    stop_atr: Any = None

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.agent = self.settings.agent
        self.stoploss = -self.agent.stoploss
        self.heads = Heads(config, self.settings, self._minutes())
        self.plot_config = agent_plot_config(self.settings.memory.columns)

    def ft_bot_start(self, **kwargs: Any) -> None:
        """Say which settings do not count here, then start."""
        logger.info(
            f"hydra.risk (min_stake {self.settings.risk.min_stake:g} and the rest) does not bind "
            f"{type(self).__name__}: its agent was not trained under it. Its largest stake is set "
            "by stake_amount and max_open_trades, everything else by hydra.agent."
        )
        super().ft_bot_start(**kwargs)

    @property
    def protections(self) -> list[dict[str, Any]]:
        """None: an agent is not told of them."""
        return []

    # --- FreqAI: what the agent sees -----------------------------------------------------------

    def feature_engineering_standard(
        self, dataframe: DataFrame, metadata: dict[str, Any], **kwargs: Any
    ) -> DataFrame:
        """Add the thoughts, and what an agent sees of them."""
        frame = self._thinking(dataframe, metadata["pair"])
        assert LESSON.features is not None
        seen = LESSON.features(frame, self.settings, self._minutes())
        return frame.join(seen.add_prefix("%-"))

    def set_freqai_targets(
        self, dataframe: DataFrame, metadata: dict[str, Any], **kwargs: Any
    ) -> DataFrame:
        """Name the answer; the end of the frame is NaN."""
        return dataframe.join(
            LESSON.targets(dataframe, self.settings, self._minutes(), self.horizon)
        )

    # --- one candle ------------------------------------------------------------------------------

    def populate_indicators(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Candles → thoughts → what the agent wants."""
        frame = self.freqai.start(dataframe, metadata, self)
        wanted = np.where(trusted(frame, TARGET), frame[TARGET].to_numpy(float), np.nan)
        return frame.assign(hydra_target=wanted, hydra_vote=wanted)

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """A target beyond the dead band → side, tag and reason."""
        wanted = dataframe["hydra_target"].to_numpy(float)
        beyond = np.abs(wanted) > self.agent.act_beyond  # NaN is not
        side = np.where(beyond, np.sign(wanted), 0.0).astype(np.int8)
        off = (side < 0) & (not self.can_short)
        reason = np.select(
            [np.isnan(wanted), ~beyond, off],
            [int(Reason.NO_PREDICTION), int(Reason.BELOW_THRESHOLD), int(Reason.SIDE_OFF)],
            int(Reason.ENTER),
        )
        side[off] = 0
        tags = np.full(len(side), None, dtype=object)
        tags[side != 0] = "agent"
        frame = dataframe.assign(
            enter_long=(side > 0).astype(int),
            enter_short=(side < 0).astype(int),
            enter_tag=tags,
            hydra_side=side,
            hydra_reason=reason.astype(np.int8),
            hydra_enter_long_above=self.agent.act_beyond,
            hydra_enter_short_below=-self.agent.act_beyond,
        )
        return self._noted(frame, metadata["pair"])

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Leave what is no longer wanted; where there is no answer, leave things as they are."""
        wanted = dataframe["hydra_target"].to_numpy(float)
        act = self.agent.act_beyond
        out = np.isfinite(wanted)
        return dataframe.assign(
            exit_long=(out & (wanted <= act)).astype(int),
            exit_short=(out & (wanted >= -act)).astype(int),
            exit_tag=None,
        )

    # --- one position ----------------------------------------------------------------------------

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
        """The agent's leverage, within the exchange's limit."""
        return min(self.agent.leverage, max_leverage)

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
        """The wanted share of a whole stake."""
        wanted = float(self._last_candle(pair)["hydra_target"])
        if not abs(wanted) <= 1.0:
            raise ValueError(f"the target is {wanted}")
        return abs(wanted) * proposed_stake

    def adjust_trade_position(
        self,
        trade: Trade,
        current_time: datetime,
        current_rate: float,
        current_profit: float,
        min_stake: float | None,
        max_stake: float,
        current_entry_rate: float,
        current_exit_rate: float,
        current_entry_profit: float,
        current_exit_profit: float,
        **kwargs: Any,
    ) -> float | None:
        """Add or take out where the stake is far from the wanted share of a whole one."""
        wanted = float(self._candle_before(trade.pair, current_time)["hydra_target"])
        if not self._same_side(trade, wanted):
            return None
        whole = self._whole_stake()
        missing = abs(wanted) * whole - trade.stake_amount
        return missing if abs(missing) > self.agent.resize_beyond * whole else None

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
        """Last look in a dry or live run; a backtest fills as the agent's environment does."""
        if not self._is_live():
            return True
        return super().confirm_trade_entry(
            pair=pair,
            order_type=order_type,
            amount=amount,
            rate=rate,
            time_in_force=time_in_force,
            current_time=current_time,
            entry_tag=entry_tag,
            side=side,
            **kwargs,
        )

    # --- helpers ---------------------------------------------------------------------------------

    def _same_side(self, trade: Trade, wanted: float) -> bool:
        return wanted * (-1.0 if trade.is_short else 1.0) > self.agent.act_beyond

    def _whole_stake(self) -> float:
        stake = self.config["stake_amount"]
        if stake != "unlimited":
            return float(stake)
        return float(self.wallets.get_total_stake_amount() / self.max_open_trades)

    def _start_parameters_from(self, settings: Settings) -> None:
        """There are none."""

    def _thinking(self, frame: DataFrame, pair: str) -> DataFrame:
        minutes = self._minutes()
        thinking = with_thoughts(frame, pair, self.remembered, self.heads, self.settings, minutes)
        return add_score(thinking, self.heads, self.settings, minutes)

    def _prediction(self) -> str:
        return TARGET

    def _rules_lookback(self) -> int:
        return max(lookback(self.settings, self._minutes()), agent_features.lookback())
