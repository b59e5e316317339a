"""A whole history: candles and orders in, the trades that freqtrade's backtester would make out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hydra_quant.ledger.candles import ABSENT
from hydra_quant.ledger.compiled import compiled
from hydra_quant.ledger.rules import Market, Rules, market_records
from hydra_quant.ledger.stakes import free
from hydra_quant.ledger.state import (
    CANDLE,
    FILL,
    ORDER,
    POSITION,
    TRADE,
    WALLET,
    Floats,
    Ground,
    Ints,
    Log,
    Table,
)
from hydra_quant.ledger.step import end, step


@dataclass(frozen=True, eq=False)
class Ledger:
    """What came of it.

    Attributes
    ----------
    trades : array of `TRADE`, in the order in which they were closed
    fills : array of `FILL`, every order
    balance : float, stake currency at the end
    free : array of shape (time,), stake currency outside of trades after each candle
    """

    trades: Table
    fills: Table
    balance: float
    free: Floats


def no_orders(shape: tuple[int, ...]) -> Table:
    """Return orders that do nothing, to be filled in: no signal, no stake named, no leverage."""
    out = np.zeros(shape, dtype=ORDER)
    out["stake"], out["share"], out["leverage"], out["exit_tag"] = (
        np.nan,
        np.nan,
        1.0,
        -1,
    )
    return out


def replay(candles: Table, orders: Table, markets: Sequence[Market], rules: Rules) -> Ledger:
    """Trade `orders` on `candles` with one wallet.

    Parameters
    ----------
    candles : array of `CANDLE`, shape (time, pair); see `candles.together`
    orders : array of `ORDER`, shape (time, pair)
        Of row t: the signals that were given when candle t - 1 had closed, filled at the open of
        candle t; ``adjust`` is asked for at the open of candle t.
    markets : one a pair, in the order of freqtrade's pair list
    rules : Rules

    Raises
    ------
    ValueError
        When shapes or kinds differ.
    """
    if candles.dtype != CANDLE or orders.dtype != ORDER:
        raise ValueError("candles and orders are arrays of CANDLE and ORDER")
    if candles.shape != orders.shape or candles.shape[1] != len(markets):
        raise ValueError(
            f"candles {candles.shape}, orders {orders.shape} and {len(markets)} markets "
            "are not of the same times and pairs"
        )
    market, tiers = market_records(tuple(markets))
    room = 64
    while True:
        wallet = np.zeros(1, dtype=WALLET)
        wallet["start"] = rules.balance
        positions = np.zeros(len(markets), dtype=POSITION)
        trades, fills = np.zeros(room, dtype=TRADE), np.zeros(2 * room, dtype=FILL)
        idle = np.empty(len(candles))
        _run(
            *(positions, wallet, market, tiers, rules.record(), rules.roi()),
            *(candles, orders, trades, fills, idle),
            *(np.zeros(len(markets), np.int64), np.full(len(markets), -1)),
        )
        n_trades, n_fills = int(wallet["trades"][0]), int(wallet["fills"][0])
        if n_trades <= len(trades) and n_fills <= len(fills):
            balance = float(wallet["start"][0] + wallet["closed"][0])
            return Ledger(trades[:n_trades], fills[:n_fills], balance, idle)
        room = max(n_trades, n_fills)


@compiled
def _run(
    positions: Table,
    wallets: Table,
    market: Table,
    tiers: Table,
    rules: Table,
    roi: Table,
    candles: Table,
    orders: Table,
    trades: Table,
    fills: Table,
    idle: Floats,
    turn: Ints,
    newest: Ints,
) -> None:
    n_rows, n_pairs = candles.shape
    wallet, rule, log = wallets[0], rules[0], Log(trades, fills)
    for row in range(n_rows):
        queue(positions, turn)
        for pair in turn:
            candle = candles[row, pair]
            if candle.minute == ABSENT:
                continue
            newest[pair] = row
            ground = Ground(market[pair], tiers[pair], rule, roi)
            last = row == n_rows - 1
            step(
                positions[pair],
                wallet,
                ground,
                candle,
                orders[row, pair],
                row,
                last,
                log,
            )
        idle[row] = free(wallet)
    for pair in range(n_pairs):
        if positions[pair].side != 0:
            at = newest[pair]
            candle = candles[at, pair]
            ground = Ground(market[pair], tiers[pair], rule, roi)
            end(positions[pair], wallet, ground, candle, at, log)


@compiled
def queue(positions: Table, found: Ints) -> None:
    """Write the pairs in the order of their turn: open trades first, the oldest one before."""
    n_pairs = len(positions)
    n_open = 0
    for pair in range(n_pairs):
        if positions[pair].side != 0:
            at = n_open
            while at > 0 and positions[found[at - 1]].number > positions[pair].number:
                found[at] = found[at - 1]
                at -= 1
            found[at] = pair
            n_open += 1
    at = n_open
    for pair in range(n_pairs):
        if positions[pair].side == 0:
            found[at] = pair
            at += 1
