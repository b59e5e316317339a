"""Many wallets trading side by side, each with its own pairs and its own place in time, compiled.

A wallet with one pair is an episode of one pair; one with all pairs is a portfolio, and what
freqtrade trades.
"""

import math

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.compiled import compiled
from hydra_quant.ledger.replay import no_orders, queue
from hydra_quant.ledger.rules import market_records
from hydra_quant.ledger.stakes import free, whole_stake
from hydra_quant.ledger.state import (
    ENTER_LONG,
    ENTER_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    FILL,
    POSITION,
    TRADE,
    WALLET,
    Floats,
    Ground,
    Ints,
    Log,
    Record,
    Table,
)
from hydra_quant.ledger.step import step
from hydra_quant.ledger.worth import unrealised
from hydra_quant.rl.arena import Arena

STATE = ("position", "unrealised", "equity", "drawdown", "known")
"""What an observation tells about the trade and the wallet beside the features."""
TOLD = ("equity_before", "peak_before", "fees", "volume", "funding")
"""Equity and peak at the close of the candle before; fees paid, value, and funding received (below
0: paid) of this candle's orders."""


class Desk:
    """Wallets of one arena.

    Parameters
    ----------
    arena : Arena
    n_wallets : int
    n_pairs : pairs a wallet trades
    act_beyond : a smaller target means to be out of the market
    leverage : of every entry

    Attributes
    ----------
    row : int array of shape (n_wallets,), the candle that has just closed
    pair : int array of shape (n_wallets, n_pairs)
    equity, peak : float arrays of shape (n_wallets,), stake currency; at the close of the candle
    state : float32 array of shape (n_wallets, n_pairs, 5), see `STATE`
        Side times the stake as a share of a whole one; unrealised profit as a share of the
        stake; log of equity over its beginning; equity over its peak, less 1; 1 where the
        features are known.
    told : float array of shape (n_wallets, 5), see `TOLD`
        About the newest candle alone, stake currency.
    """

    def __init__(
        self,
        arena: Arena,
        n_wallets: int,
        n_pairs: int = 1,
        *,
        act_beyond: float = 0.3,
        leverage: float = 1.0,
    ) -> None:
        self.arena, self.act_beyond, self.leverage = arena, act_beyond, leverage
        self.positions = np.zeros((n_wallets, n_pairs), dtype=POSITION)
        self.wallets = np.zeros(n_wallets, dtype=WALLET)
        self.row: Ints = np.zeros(n_wallets, dtype=np.int64)
        self.pair: Ints = np.zeros((n_wallets, n_pairs), dtype=np.int64)
        self.equity: Floats = np.zeros(n_wallets)
        self.peak: Floats = np.zeros(n_wallets)
        self.before: Floats = np.zeros(n_wallets)
        self.state = np.zeros((n_wallets, n_pairs, len(STATE)), dtype=np.float32)
        self.told: Floats = np.zeros((n_wallets, len(TOLD)))
        self._turn: Ints = np.zeros(n_pairs, dtype=np.int64)
        self._orders = no_orders((n_wallets, n_pairs))
        self._market, self._tiers = market_records(arena.markets)
        self._rules, self._roi = arena.rules.record(), arena.rules.roi()
        self._none = np.zeros(0, dtype=TRADE), np.zeros(0, dtype=FILL)

    def reset(self, which: Ints, rows: Ints, pairs: Ints, before: Floats | float = 0.0) -> None:
        """Begin anew with the wallets `which` at the close of `rows`, trading `pairs`.

        Shapes: `which` (n,), `rows` (n,), `pairs` (n, n_pairs). `before`, (n,) or one number, is
        what the agent is told the log of equity had grown by until then.
        """
        self.row[which], self.pair[which], self.before[which] = rows, pairs, before
        _begin(
            which,
            self.arena.rules.balance,
            self.arena.ready,
            self.pair,
            self.row,
            self.before,
            self.positions,
            self.wallets,
            self.equity,
            self.peak,
            self.state,
        )

    def advance(
        self, targets: Floats, trades: Table | None = None, fills: Table | None = None
    ) -> None:
        """Let every wallet live through its next candle.

        Parameters
        ----------
        targets : array of shape (n_wallets, n_pairs), in [-1, 1]
            The share of a whole stake to be long (above 0) or short with, from the open of the
            next candle on; within `act_beyond` of 0: out. NaN: leave things as they are, as
            wherever features are not known.
        trades, fills : arrays of `TRADE` and `FILL` to write to, where there is one wallet
        """
        none = self._none
        _advance(
            self.positions,
            self.wallets,
            self._market,
            self._tiers,
            self._rules,
            self._roi,
            self.arena.candles,
            self.arena.ready,
            self.pair,
            self.row,
            targets,
            self._orders,
            self.act_beyond,
            self.leverage,
            self.equity,
            self.peak,
            self.before,
            self.state,
            self.told,
            self._turn,
            none[0] if trades is None else trades,
            none[1] if fills is None else fills,
        )


@compiled
def ask(order: Record, target: float, act_beyond: float, leverage: float, can_short: bool) -> None:
    """Write the order that a target means: the other side is left, in any case."""
    order.leverage, order.share = leverage, abs(target)
    if math.isnan(target):
        order.signals = 0
    elif target > act_beyond:
        order.signals = ENTER_LONG | EXIT_SHORT
    elif target < -act_beyond:
        order.signals = (ENTER_SHORT if can_short else 0) | EXIT_LONG
    else:
        order.signals = EXIT_LONG | EXIT_SHORT


@compiled
def _begin(
    which: Ints,
    start: float,
    ready: NDArray[np.bool_],
    pairs: Ints,
    rows: Ints,
    before: Floats,
    positions: Table,
    wallets: Table,
    equity: Floats,
    peak: Floats,
    state: NDArray[np.float32],
) -> None:
    for n in which:
        wallet = wallets[n]
        wallet.start, wallet.closed, wallet.counted, wallet.tied = start, 0.0, 0.0, 0.0
        wallet.volume, wallet.fees, wallet.funding = 0.0, 0.0, 0.0
        wallet.open, wallet.opened, wallet.trades, wallet.fills = 0, 0, 0, 0
        equity[n] = peak[n] = start
        state[n] = 0.0
        for at in range(pairs.shape[1]):
            positions[n, at].side = 0  # all else is written when a position is opened
            positions[n, at].number = 0
            state[n, at, 2] = before[n]
            state[n, at, 4] = ready[rows[n], pairs[n, at]]


@compiled
def _advance(
    positions: Table,
    wallets: Table,
    market: Table,
    tiers: Table,
    rules: Table,
    roi: Table,
    candles: Table,
    ready: NDArray[np.bool_],
    pairs: Ints,
    rows: Ints,
    targets: Floats,
    orders: Table,
    act_beyond: float,
    leverage: float,
    equity: Floats,
    peak: Floats,
    before: Floats,
    state: NDArray[np.float32],
    told: Floats,
    turn: Ints,
    trades: Table,
    fills: Table,
) -> None:
    rule, log = rules[0], Log(trades, fills)
    for n in range(len(wallets)):
        wallet, own, line = wallets[n], positions[n], told[n]
        line[0], line[1] = equity[n], peak[n]
        line[2], line[3], line[4] = wallet.fees, wallet.volume, wallet.funding
        row = rows[n] + 1
        if len(own) > 1:  # one pair is always its own turn, the 0 that `turn` begins with
            queue(own, turn)
        for at in turn:
            pair = pairs[n, at]
            candle, order = candles[row, pair], orders[n, at]
            if candle.minute < 0:
                continue
            target = targets[n, at] if ready[row - 1, pair] else math.nan
            ask(order, target, act_beyond, leverage, rule.can_short)
            ground = Ground(market[pair], tiers[pair], rule, roi)
            step(own[at], wallet, ground, candle, order, row, False, log)
        rows[n] = row
        worth = free(wallet) + wallet.tied
        whole = whole_stake(wallet, rule)
        for at in range(len(own)):
            pair = pairs[n, at]
            gain = unrealised(own[at], candles[row, pair].close, rule)
            worth += gain
            held = own[at].side != 0
            state[n, at, 0] = own[at].side * own[at].stake / whole if held else 0.0
            state[n, at, 1] = gain / own[at].stake if held else 0.0
            state[n, at, 4] = ready[row, pair]
        equity[n] = worth
        peak[n] = max(peak[n], worth)
        state[n, :, 2] = before[n] + math.log(max(worth / wallet.start, 1e-6))
        state[n, :, 3] = worth / peak[n] - 1.0
        line[2], line[3] = wallet.fees - line[2], wallet.volume - line[3]
        line[4] = wallet.funding - line[4]
