"""A strategy without an opinion: what it does at each candle is put into it."""

from typing import Any

from freqtrade.strategy import IStrategy
from pandas import DataFrame

COLUMNS = ("enter_long", "enter_short", "exit_long", "exit_short", "enter_tag", "exit_tag")


class ScriptedProbe(IStrategy):
    """Says what ``script`` says, an object with one attribute for each answer.

    ``script.column(pair, name)`` is the list of a signal or tag; ``script.decided(pair, time)`` is
    the `support.ledger_actions.Act` of the candle before ``time``.
    """

    timeframe = "1h"
    can_short = True
    stoploss = -0.1
    minimal_roi = {"0": 10.0}  # noqa: RUF012
    startup_candle_count = 0
    position_adjustment_enable = True
    script: Any = None

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return self._said(dataframe, metadata, "enter")

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return self._said(dataframe, metadata, "exit")

    def custom_stake_amount(self, *, pair, current_time, proposed_stake, **kwargs) -> float:
        stake = self.script.decided(pair, current_time).stake
        return proposed_stake if stake is None else stake

    def leverage(self, *, pair, current_time, **kwargs) -> float:
        return float(self.script.decided(pair, current_time).leverage)

    def adjust_trade_position(self, *, trade, current_time, **kwargs) -> float | None:
        return self.script.decided(trade.pair, current_time).adjust or None

    # freqtrade copies the whole trade for each call of a strategy's own method, which takes longer
    # than all the rest; this one reads nothing but the pair
    adjust_trade_position.__qualname__ = "IStrategy.adjust_trade_position"

    def _said(self, table: DataFrame, metadata: dict, prefix: str) -> DataFrame:
        names = [name for name in COLUMNS if name.startswith(prefix)]
        for name in names:
            table[name] = self.script.column(metadata["pair"], name)
        return table
