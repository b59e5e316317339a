"""What an agent that is a member of an ensemble trades on while it learns, and by which rules."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from freqtrade.enums import TradingMode
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.member_prices import Prices, prices_of
from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.ledger import Market, Rules, candles_of
from hydra_quant.ledger.candles import ABSENT
from hydra_quant.ledger.state import CANDLE, Table
from hydra_quant.models.rows import Rows
from hydra_quant.rl.arena import Arena
from hydra_quant.settings import Agent, Settings

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
DIGITS = 8
"""Prices begin near 1 and are kept to so many digits after the point."""


class Dealing(NamedTuple):
    """How a member that trades does so.

    ``agent``: settings ``hydra.agent``; ``fee``: share of an order's value; ``can_short``: whether
    the trading mode knows shorts.
    """

    agent: Agent
    fee: float
    can_short: bool

    @classmethod
    def of(cls, config: Mapping[str, Any], settings: Settings) -> "Dealing":
        """Return what a configuration means: half of `gates.round_trip_cost` for each order."""
        shorts = config.get("trading_mode") == TradingMode.FUTURES
        return cls(settings.agent, settings.gates.round_trip_cost / 2.0, shorts)

    def described(self) -> dict[str, Any]:
        """Return it as JSON values."""
        told = self._asdict()
        return {**told, "agent": self.agent.model_dump(mode="json")}

    def rules(self, minutes: int) -> Rules:
        """Return the rules of a wallet that trades one pair, as HydraRLStrategy does."""
        return Rules(
            fee_open=self.fee,
            fee_close=self.fee,
            futures=self.can_short,
            can_short=self.can_short,
            stoploss=-self.agent.stoploss,
            position_adjustment_enable=True,
            resize_beyond=self.agent.resize_beyond,
            candle_minutes=minutes,
        )


def names_of(grid: Grid) -> tuple[str, ...]:
    """Return what an agent sees of a candle: each feature, then whether each is known."""
    names = grid.panel.names
    return (*names, *(f"knows {name}" for name in names))


def seen_of(values: Floats32) -> Floats32:
    """Return features of shape (..., n) as (..., 2 n): 0 where not known, and 1 where known."""
    known = np.isfinite(values)
    return np.concatenate([np.where(known, values, 0.0), known], axis=-1).astype(np.float32)


def arena_of(grid: Grid, train: Rows, dealing: Dealing, length: int) -> Arena:
    """Return the candles from the first to the last row to learn from, and nothing after them.

    Each pair is traded at these rows alone. Prices are the grid's, up to a unit, so there are no
    steps of price or amount to be rounded to, no limits, and no funding.

    Raises
    ------
    ValueError
        When high and low of a candle do not hold its open and close.
    """
    at = grid.row(train.times)
    first, last = int(at.min()), int(at.max()) + 1
    pairs = grid.panel.pairs
    market = Market(tick=10.0**-DIGITS, step=10.0**-DIGITS)
    arena = Arena(
        _candles(grid, first, last),
        seen_of(grid.panel.values[first:last]),
        names_of(grid),
        pairs,
        (market,) * len(pairs),
        dealing.rules(grid.bar // 60),
        length,
    )
    taught = np.zeros(arena.ready.shape, dtype=np.bool_)
    taught[at - first, train.pairs] = True
    arena.ready[~taught] = False
    return arena


def _candles(grid: Grid, first: int, last: int) -> Table:
    """Candles of all pairs, shape (time, pair); a pair is absent where a price is not known."""
    prices = Prices(*(price[first:last] for price in prices_of(grid)))
    opens_ms = 1000 * (grid.begins + grid.bar * np.arange(first, last, dtype=np.int64))
    found = np.zeros(prices.close.shape, dtype=CANDLE)
    found["minute"] = ABSENT
    for pair, known in enumerate(prices.known.T):
        own = np.column_stack([price[known, pair] for price in prices])
        found[known, pair] = candles_of(opens_ms[known], own.round(DIGITS))
        newest = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
        gone = ~known & (newest >= 0)
        found["close"][gone, pair] = found["close"][newest[gone], pair]
    return found
