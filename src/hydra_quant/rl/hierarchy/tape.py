"""Minutes of trading with the book at their close: what orders are worked on."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.state import Floats, Ints
from hydra_quant.sandbox.market import CONTRACTS, MarketSpec, PairSpec, SyntheticMarket
from hydra_quant.sandbox.market.book import books

MINUTE_MS = 60_000
DAY = 1440
LEVELS = 10
_RECENT = 30
_LEAST_SIGMA = 1e-6


@dataclass(frozen=True, eq=False)
class Tape:
    """Minutes of one contract, or of several one after the other.

    Attributes
    ----------
    minute : int array of shape (n,), since 1970 UTC; an index is known at the end of its minute
    high, low : float arrays of shape (n,), of the minute
    buys, sells : taker volume of the minute, base currency
    bid, ask : best prices at its close
    bid_size, ask_size : amounts resting there
    level_size : mean amount resting on a level below the best
    sigma : standard deviation of recent one-minute log returns
    turnover : recent volume, base currency a day
    tick : step of the price
    left : int array of shape (n,), minutes of the same contract that follow
    contract : int array of shape (n,), which of the contracts it belongs to
    """

    minute: Ints
    high: Floats
    low: Floats
    buys: Floats
    sells: Floats
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    level_size: Floats
    sigma: Floats
    turnover: Floats
    tick: Floats
    left: Ints
    contract: Ints

    def __len__(self) -> int:
        return len(self.minute)

    @property
    def middle(self) -> Floats:
        """Halfway between best bid and ask, shape (n,)."""
        found: Floats = 0.5 * (self.bid + self.ask)
        return found


def tape_of(
    spec: PairSpec,
    minute: Ints,
    prices: Floats,
    volume: Floats,
    taker_buys: Floats,
    *,
    seed: int = 0,
    salt: int = 0,
) -> Tape:
    """Put the sandbox's book around minutes of trading.

    Parameters
    ----------
    spec : of the contract: tick, step, depth and volatility shape the book
    minute : shape (n,), one after the other
    prices : shape (n, 4), open, high, low, close
    volume, taker_buys : shape (n,), base currency
    seed, salt : of the book, which is a function of them and of the time

    Raises
    ------
    ValueError
        When numbers are not finite, or minutes have gaps.
    """
    n = len(minute)
    if prices.shape != (n, 4) or not all(map(_finite, (prices, volume, taker_buys))):
        raise ValueError(f"prices have the shape {prices.shape}: {(n, 4)} finite ones are right")
    if (np.diff(minute) != 1).any():
        raise ValueError(f"after minute {minute[np.argmax(np.diff(minute) != 1)]} there is a gap")
    close = prices[:, 3]
    reach = np.log(prices[:, 1] / prices[:, 2]) / 1.6  # as `SyntheticMarket.book` measures it
    turbulence = _recent(reach, _RECENT) / spec.volatility
    bids, asks = books(
        spec, close, turbulence, seed, salt, minute * MINUTE_MS + MINUTE_MS - 1, LEVELS
    )
    moves = np.diff(np.log(close), prepend=np.log(prices[0, 0]))
    deeper = np.concatenate([bids[:, 1:, 1], asks[:, 1:, 1]], axis=1).mean(axis=1)
    return Tape(
        *(minute.astype(np.int64), prices[:, 1], prices[:, 2]),
        *(taker_buys, volume - taker_buys),
        *(bids[:, 0, 0], asks[:, 0, 0], bids[:, 0, 1], asks[:, 0, 1], deeper),
        np.maximum(np.sqrt(_recent(moves**2, _RECENT)), _LEAST_SIGMA),
        _recent(volume, DAY) * DAY,
        np.full(n, spec.tick),
        np.arange(n - 1, -1, -1),
        np.zeros(n, dtype=np.int64),
    )


def sandbox_tape(pair: str = "BTC/USDT:USDT", days: int = 2, seed: int = 7) -> Tape:
    """Return the first days of a synthetic market's contract with its book.

    Raises
    ------
    KeyError
        When there is no such contract.
    """
    market = SyntheticMarket(MarketSpec(seed=seed))
    begin = market.spec.epoch_ms
    found = market.candles(pair, "1m", begin, begin + days * DAY * MINUTE_MS)
    return tape_of(
        CONTRACTS[pair],
        found["time_ms"].to_numpy() // MINUTE_MS,
        found[["open", "high", "low", "close"]].to_numpy(dtype=np.float64),
        found["volume"].to_numpy(dtype=np.float64),
        found["taker_buy_volume"].to_numpy(dtype=np.float64),
        seed=seed,
        salt=market.pairs.index(pair),
    )


def joined(tapes: Sequence[Tape]) -> Tape:
    """Return tapes of several contracts as one; their order counts the contracts."""
    if not tapes:
        raise ValueError("there must be one tape at least")
    names = [f.name for f in fields(Tape) if f.name != "contract"]
    columns = {name: np.concatenate([getattr(t, name) for t in tapes]) for name in names}
    which = np.repeat(np.arange(len(tapes)), [len(tape) for tape in tapes])
    return Tape(**columns, contract=which)


def _recent(values: Floats, span: int) -> Floats:
    """Mean of the last `span` values, of fewer at the beginning."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(sums))
    begins = np.maximum(ends - span, 0)
    found: Floats = np.maximum(sums[ends] - sums[begins], 0.0) / (ends - begins)
    return found


def _finite(values: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(values).all())
