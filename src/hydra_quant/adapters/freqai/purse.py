"""The real trades and the real wallet, in the words in which an agent was told its own."""

import json
import logging
from math import log
from pathlib import Path

import numpy as np
from freqtrade.persistence import Trade
from freqtrade.strategy.interface import IStrategy
from numpy.typing import NDArray

logger = logging.getLogger(__name__)
NAME = "hydra_agent_peak.json"


class Purse:
    """What `hydra_quant.rl.desk.STATE` says, of a dry or live run.

    Parameters
    ----------
    strategy : who trades
    folder : where the highest equity so far is kept, so that a restart remembers it
    """

    def __init__(self, strategy: IStrategy, folder: Path) -> None:
        self._strategy, self._path = strategy, folder / NAME
        self._peak = self._remembered()

    def state(self, pair: str) -> NDArray[np.float32]:
        """Return what an agent is told beside the features of a candle, shape (5,)."""
        trades = Trade.get_trades_proxy(is_open=True)
        equity = self._equity(trades)
        if equity > self._peak:
            self._peak = equity
            self._path.write_text(json.dumps({"peak": equity}))
        own = [trade for trade in trades if trade.pair == pair]
        held = gain = 0.0
        if own:
            side = -1.0 if own[0].is_short else 1.0
            held = side * own[0].stake_amount / self._whole()
            gain = self._gain(own[0]) / own[0].stake_amount
        grown = log(max(equity / (self._start(trades) or equity), 1e-6))
        return np.array([held, gain, grown, equity / self._peak - 1.0, 1.0], dtype=np.float32)

    def _whole(self) -> float:
        config = self._strategy.config
        if config["stake_amount"] != "unlimited":
            return float(config["stake_amount"])
        return float(self._strategy.wallets.get_total_stake_amount() / config["max_open_trades"])

    def _equity(self, trades: list[Trade]) -> float:
        return self._money(trades) + sum(self._gain(trade) for trade in trades)

    def _money(self, trades: list[Trade]) -> float:
        """What is free and what trades hold: the wallet's own total leaves these out on spot."""
        free = self._strategy.wallets.get_free(self._strategy.config["stake_currency"])
        return float(free + sum(trade.stake_amount for trade in trades))

    def _start(self, trades: list[Trade]) -> float:
        """The money before any trade; freqtrade's own answer is only the share to be traded."""
        earned = Trade.get_total_closed_profit() + sum(t.realized_profit or 0.0 for t in trades)
        return self._money(trades) - float(earned)

    def _gain(self, trade: Trade) -> float:
        """Profit of leaving at the newest close."""
        profit = trade.calculate_profit(self._close(trade)).profit_abs
        # freqtrade counts the funding of all orders, also what an earlier exit has realised
        return float(profit) - _realised_funding(trade)

    def _close(self, trade: Trade) -> float:
        """The newest close, also of pairs whose turn comes after that of the pair asked about."""
        frame = self._strategy.dp.get_pair_dataframe(trade.pair, self._strategy.config["timeframe"])
        return trade.open_rate if frame.empty else float(frame["close"].iloc[-1])

    def _remembered(self) -> float:
        try:
            return float(json.loads(self._path.read_text())["peak"])
        except FileNotFoundError:
            return 0.0
        except (ValueError, KeyError, TypeError):
            logger.warning(f"{self._path} cannot be read: the peak of equity is counted anew.")
            return 0.0


def _realised_funding(trade: Trade) -> float:
    """Funding that has gone into the profit of exits of a trade that is still open."""
    realised = since = 0.0
    for order in trade.orders:
        since += (order.funding_fee or 0.0) if order.filled else 0.0
        if order.filled and order.ft_order_side == trade.exit_side:
            realised, since = realised + since, 0.0
    return realised
