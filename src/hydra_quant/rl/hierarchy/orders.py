"""The orders that a rollout made, to be worked on a tape."""

from collections.abc import Sequence

import numpy as np

from hydra_quant.ledger.state import Floats, Ints
from hydra_quant.rl.arena import Arena
from hydra_quant.rl.hierarchy.tape import Tape
from hydra_quant.rl.hierarchy.working import Orders
from hydra_quant.rl.rollout import Rollout


def orders_of(rollout: Rollout, arena: Arena, tape: Tape, contracts: Sequence[str] = ()) -> Orders:
    """Return every order that was filled, the last of what is still open included.

    Parameters
    ----------
    rollout : of `arena`, from its first candle with an empty desk
    arena : Arena
    tape : Tape
    contracts : pairs of the tape, in its order
        An order of one of them comes in at the end of the minute before its candle opens, if the
        tape has that minute; all others at any.
    """
    fills = rollout.fills
    side = _sides(rollout)[fills["number"]]
    buys = np.where(fills["entry"], side, -side)
    minute = arena.candles["minute"][fills["row"], fills["pair"]] - 1
    at = np.full(len(fills), -1, dtype=np.int64)
    for number, pair in enumerate(contracts):
        if pair in arena.pairs:
            own = fills["pair"] == arena.pairs.index(pair)
            at[own] = _found(tape, number, minute[own])
    return Orders(buys.astype(np.float64), fills["rate"] * fills["amount"], at)


def _sides(rollout: Rollout) -> Floats:
    """Sides of trades by their number."""
    held = rollout.desk.positions[0]
    held = held[held["side"] != 0]
    numbers = np.concatenate([rollout.trades["number"], held["number"]])
    found = np.zeros(int(numbers.max(initial=0)) + 1)
    found[numbers] = np.concatenate([rollout.trades["side"], held["side"]])
    return found


def _found(tape: Tape, contract: int, minute: Ints) -> Ints:
    begin = int(np.searchsorted(tape.contract, contract, side="left"))
    own = tape.minute[tape.contract == contract]
    if not len(own):
        return np.full(len(minute), -1, dtype=np.int64)
    at = minute - own[0]
    return np.where((at >= 0) & (at < len(own)), begin + at, -1)
