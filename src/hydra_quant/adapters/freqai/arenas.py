"""From pairs' frames to what an agent trades on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from freqtrade.exceptions import OperationalException
from freqtrade.strategy.interface import IStrategy

from hydra_quant.adapters.freqai.frames import PairFrame
from hydra_quant.adapters.venue import Funding, funding_of, market_of, rules_of
from hydra_quant.ledger import Market, Rules, candles_of, together
from hydra_quant.ledger.candles import ABSENT, MINUTE_MS
from hydra_quant.ledger.state import Table
from hydra_quant.rl.arena import Arena
from hydra_quant.settings import Agent

PRICES = ["open", "high", "low", "close"]


@dataclass(frozen=True)
class Venue:
    """Rules, markets and funding of all pairs, as freqtrade knows them."""

    rules: Rules
    markets: Mapping[str, Market]
    funding: Mapping[str, Funding]

    @classmethod
    def of(
        cls, strategy: IStrategy, config: Mapping[str, Any], pairs: Sequence[str], agent: Agent
    ) -> "Venue":
        """Ask freqtrade."""
        rules = rules_of(strategy, config, resize_beyond=agent.resize_beyond)
        exchange = strategy.dp._exchange
        return cls(
            rules,
            {pair: market_of(exchange, pair) for pair in pairs},
            {pair: funding_of(strategy, config, pair) for pair in pairs},
        )

    def alone(self) -> Rules:
        """Return the rules of a wallet that trades one pair at a time."""
        return self.rules if self.rules.stake_amount else replace(self.rules, max_open_trades=1)


def arena_of(
    frames: Mapping[str, PairFrame],
    rows: Mapping[str, slice],
    venue: Venue,
    rules: Rules,
    length: int,
) -> Arena:
    """Return the candles of `rows` with their features.

    Parameters
    ----------
    frames : by pair, in the order in which freqtrade serves them, with the same features
    rows : which candles of each
    venue, rules : the rules may be others than the venue's own
    length : candles in an observation

    Raises
    ------
    OperationalException
        When a candle is not whole, naming pair and candle.
    """
    candles = together([_candles(frame, rows[pair], venue) for pair, frame in frames.items()])
    minutes = candles["minute"].max(axis=1)
    first = next(iter(frames.values()))
    values = np.full((*candles.shape, len(first.names)), np.nan, dtype=np.float32)
    for column, (pair, frame) in enumerate(frames.items()):
        at = np.searchsorted(minutes, frame.times[rows[pair]] * 1000 // MINUTE_MS)
        values[at, column] = frame.features[rows[pair]]
    names, pairs = tuple(first.names), tuple(frames)
    markets = tuple(venue.markets[pair] for pair in pairs)
    return Arena(candles, values, names, pairs, markets, rules, length)


def keep_out_of_start_up(arena: Arena, cut: int) -> None:
    """Let nothing be known in the first `cut` candles of each pair.

    freqtrade's backtester cuts so many off, even where the candles begin late and these reach into
    the days to be tested.
    """
    for column, there in enumerate((arena.candles["minute"] != ABSENT).T):
        arena.ready[: np.argmax(there) + cut, column] = False


def _candles(frame: PairFrame, rows: slice, venue: Venue) -> Table:
    prices = frame.plain[PRICES].to_numpy(float)[rows]
    funding = venue.funding[frame.pair]
    try:
        return candles_of(1000 * frame.times[rows], prices, funding.times, funding.paid)
    except ValueError as error:
        raise OperationalException(f"{frame.pair}: {error}") from None
