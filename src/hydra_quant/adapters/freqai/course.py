"""Where an agent stands in a backtest: one wallet, all pairs, window after window."""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.adapters.freqai.answers import AnswerBook
from hydra_quant.adapters.freqai.frames import PairFrame
from hydra_quant.ledger import Ledger, replay
from hydra_quant.ledger.candles import MINUTE_MS
from hydra_quant.ledger.state import REASONS
from hydra_quant.rl.arena import Arena
from hydra_quant.rl.desk import Desk
from hydra_quant.rl.rollout import Act, orders_of, rollout

logger = logging.getLogger(__name__)
NAME = "agent_trades.csv"
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Unwritten(AnswerBook):
    """Keeps no answers: each rests on what was traded before it."""

    def load(self) -> None:
        """Nothing to read."""

    def put(self, *args: object, **more: object) -> None:
        """Nothing to keep."""

    def save(self) -> None:
        """Nothing to write."""


class Course:
    """The rollout of a backtest.

    Parameters
    ----------
    frames : that it was made from, to know it by
    arena : of all pairs that are traded, over the whole backtest
    act_beyond, leverage : see `Desk`
    """

    def __init__(
        self, frames: Mapping[str, PairFrame], arena: Arena, act_beyond: float, leverage: float
    ) -> None:
        self.frames, self.arena = frames, arena
        self._how = {"act_beyond": act_beyond, "leverage": leverage}
        self._minutes: Ints = arena.candles["minute"].max(axis=1)
        self._told = np.full(arena.ready.shape, np.nan)
        self._desk: Desk | None = None

    @property
    def ended(self) -> bool:
        """Whether the last candle has been answered."""
        return self._desk is not None and bool(self._desk.row[0] == len(self.arena) - 1)

    def go_on(self, act: Act, begins: int, ends: int) -> None:
        """Answer the candles that open between these times, seconds since 1970 UTC, both included.

        Raises
        ------
        ValueError
            When an answer is no target, naming candle and pair.
        """
        first, last = (int(at) for at in self._rows(np.array([begins, ends])))
        found = rollout(act, self.arena, first, last + 1, desk=self._desk, **self._how)
        ready = self.arena.ready[first : last + 1]
        self._told[first : last + 1] = np.where(ready, found.targets, np.nan)
        self._desk = found.desk

    def told_to(self, pair: str, times: Ints) -> Floats:
        """Return one pair's targets at its own candles; NaN for a pair that is not traded."""
        if pair not in self.arena.pairs:
            return np.full(len(times), np.nan)
        return self._told[self._rows(times), self.arena.pairs.index(pair)]

    def replayed(self) -> Ledger:
        """Return the trades that all targets come to, closed at the end, on the ledger."""
        arena = self.arena
        first = int(np.argmax(np.isfinite(self._told).any(axis=1)))
        orders = orders_of(self._told[first:], can_short=arena.rules.can_short, **self._how)
        return replay(arena.candles[first:], orders, arena.markets, arena.rules)

    def account(self, folder: Path, currency: str) -> None:
        """Write down what the agent made of it, for comparison with freqtrade's result."""
        made = self.replayed()
        gained = made.balance - self.arena.rules.balance
        path = folder / NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        self._table(made).to_csv(path, index=False)
        logger.info(
            f"On its own ledger the agent made {len(made.trades)} trades and {gained:.2f} "
            f"{currency}; freqtrade's result should say the same. Trades: {path}"
        )

    def _table(self, made: Ledger) -> DataFrame:
        first = int(np.argmax(np.isfinite(self._told).any(axis=1)))
        times = (self._minutes[first:] * 60).astype("datetime64[s]")
        trades = made.trades
        return DataFrame(
            {
                "pair": np.array(self.arena.pairs, dtype=object)[trades["pair"]],
                "is_short": trades["side"] < 0,
                "open_date": times[trades["opened"]],
                "close_date": times[trades["closed"]],
                "open_rate": trades["open_rate"],
                "close_rate": trades["close_rate"],
                "amount": trades["amount"],
                "stake_amount": trades["stake"],
                "leverage": trades["leverage"],
                "funding_fees": trades["funding"],
                "profit_abs": trades["profit"],
                "exit_reason": np.array(REASONS, dtype=object)[trades["reason"]],
            }
        )

    def _rows(self, times: Ints) -> Ints:
        return np.searchsorted(self._minutes, times * 1000 // MINUTE_MS)
