"""One wallet, all pairs, candle after candle: what an agent would have done and come to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hydra_quant.ledger.compiled import compiled
from hydra_quant.ledger.replay import no_orders
from hydra_quant.ledger.state import FILL, TRADE, Floats, Table
from hydra_quant.rl.arena import Arena, Floats32
from hydra_quant.rl.desk import Desk, ask
from hydra_quant.rl.observation import Observer

Act = Callable[[Floats32], Floats]
"""From observations, shape (n_pairs, size), to targets, shape (n_pairs,)."""


@dataclass(frozen=True, eq=False)
class Rollout:
    """What came of it.

    Attributes
    ----------
    first : int, the first row
    targets : array of shape (rows, n_pairs), decided at the close of each row
    equity : array of shape (rows,), at the close of each row
    trades : array of `TRADE`, those that were closed, in that order
    fills : array of `FILL`, every order
    desk : Desk
        As it stands at the close of row `last`, the targets of the row before filled; to go on.
    """

    first: int
    targets: Floats
    equity: Floats
    trades: Table
    fills: Table
    desk: Desk


def rollout(
    act: Act,
    arena: Arena,
    first: int,
    last: int,
    *,
    desk: Desk | None = None,
    act_beyond: float = 0.3,
    leverage: float = 1.0,
) -> Rollout:
    """Let an agent decide at the close of the rows `first` to `last` - 1.

    Each decision is filled at the open of the next row, while there is one.

    Parameters
    ----------
    act : from observations, float32 of shape (n_pairs, size), to targets, shape (n_pairs,)
    arena : Arena
    first, last : int
    desk : Desk, optional
        Of a rollout of the same arena that ended at `first`; what it holds is held on to.
    act_beyond, leverage : of a new desk; see `Desk`

    Raises
    ------
    ValueError
        When rows are outside the arena, the desk stands elsewhere, or `act` returned something
        else than targets, naming row and pair.
    """
    if not 0 <= first < last <= len(arena):
        raise ValueError(f"rows are {(first, last)}: within (0, {len(arena)}) would be right")
    desk = _desk(arena, first, desk, act_beyond, leverage)
    n_pairs = len(arena.pairs)
    targets, equity = np.empty((last - first, n_pairs)), np.empty(last - first)
    trades, fills = _Log(desk, "trades", TRADE, n_pairs), _Log(desk, "fills", FILL, 2 * n_pairs)
    observer = Observer(arena)
    for at in range(last - first):
        equity[at] = desk.equity[0]
        targets[at] = _fitting(act(observer.observe(desk)[0]), arena, first + at)
        if first + at + 1 < len(arena):
            desk.advance(targets[at : at + 1], trades.room(), fills.room())
    return Rollout(first, targets, equity, trades.kept(), fills.kept(), desk)


def orders_of(
    targets: Floats, *, act_beyond: float = 0.3, leverage: float = 1.0, can_short: bool = True
) -> Table:
    """Return the orders that targets mean, for `hydra_quant.ledger.replay`.

    Parameters
    ----------
    targets : array of shape (time, n_pairs), decided at the close of each candle

    Returns
    -------
    array of `ORDER`, shape (time, n_pairs); those of a row were decided the row before
    """
    orders = no_orders(targets.shape)
    _ask_all(orders, targets, act_beyond, leverage, can_short)
    return orders


@compiled
def _ask_all(
    orders: Table, targets: Floats, act_beyond: float, leverage: float, can_short: bool
) -> None:
    for row in range(1, len(orders)):
        for pair in range(orders.shape[1]):
            ask(orders[row, pair], targets[row - 1, pair], act_beyond, leverage, can_short)


def _desk(arena: Arena, first: int, given: Desk | None, act_beyond: float, leverage: float) -> Desk:
    n_pairs = len(arena.pairs)
    if given is None:
        desk = Desk(arena, 1, n_pairs, act_beyond=act_beyond, leverage=leverage)
        desk.reset(np.array([0]), np.array([first]), np.arange(n_pairs)[None])
        return desk
    if given.arena is not arena or given.pair.shape != (1, n_pairs) or given.row[0] != first:
        raise ValueError(
            f"the desk stands at row {given.row[0]} with pairs {given.pair.shape}: row {first} of "
            f"the same arena and one wallet with {n_pairs} pairs would be right"
        )
    return given


def _fitting(found: Floats, arena: Arena, row: int) -> Floats:
    targets = np.asarray(found, dtype=np.float64)
    if targets.shape != (len(arena.pairs),):
        raise ValueError(
            f"row {row}: targets have the shape {targets.shape}, not ({len(arena.pairs)},)"
        )
    outside = np.abs(targets) > 1.0  # NaN is to leave things as they are
    if outside.any():
        pair = int(np.argmax(outside))
        raise ValueError(
            f"row {row}, {arena.pairs[pair]}: the target is {targets[pair]}, -1 to 1 would be right"
        )
    return targets


class _Log:
    """Room for what a desk writes down, made larger as needed."""

    def __init__(self, desk: Desk, name: str, dtype: np.dtype[np.void], spare: int) -> None:
        self._desk, self._name, self._spare = desk, name, spare
        self._before = int(desk.wallets[name][0])
        self._table: Table = np.zeros(self._before + 64 + spare, dtype=dtype)

    def room(self) -> Table:
        """Return the table, with room for all that one candle can bring."""
        while len(self._table) < self._desk.wallets[self._name][0] + self._spare:
            self._table = np.concatenate([self._table, np.zeros_like(self._table)])
        return self._table

    def kept(self) -> Table:
        """Return what was written since the beginning."""
        return self._table[self._before : int(self._desk.wallets[self._name][0])]
