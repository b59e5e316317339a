"""Buy and hold through freqtrade: the yardstick every strategy is measured against."""

from datetime import datetime
from typing import Any, ClassVar

from pandas import DataFrame

from hydra_quant.adapters.parsing import parse_settings
from hydra_quant.adapters.strategy.checked import CheckedStrategy
from hydra_quant.adapters.strategy.data_check import check_candles


class HydraHoldBase(CheckedStrategy):
    """Buy every pair with an equal share on the first candle, without leverage, and keep it."""

    INTERFACE_VERSION = 3
    can_short = False
    timeframe = "5m"
    process_only_new_candles = True
    startup_candle_count = 1
    stoploss = -0.99  # freqtrade wants one; a position without leverage reaches it only at -99 %
    minimal_roi: ClassVar[dict[str, float]] = {}
    use_exit_signal = False
    max_open_trades = -1

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        check_candles(
            config,
            timeframe=config.get("timeframe") or self.timeframe,
            startup=self.startup_candle_count,
            train_days=0,
            max_gap=parse_settings(config).gates.max_gap_candles,
        )

    def populate_indicators(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Nothing to compute."""
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Always willing to be long; freqtrade keeps one position a pair."""
        return dataframe.assign(enter_long=1, enter_tag="hold")

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        """Never leave."""
        return dataframe.assign(exit_long=0)

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
        """Stake an equal share of the starting balance for each pair held, 1 % kept for fees."""
        pairs = min(len(self.dp.current_whitelist()), self.config["max_open_trades"])
        return min(0.99 * self.wallets.get_starting_balance() / pairs, max_stake)
