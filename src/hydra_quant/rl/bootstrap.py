"""Markets that have not been: blocks of candles that were, in another order."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.candles import ABSENT
from hydra_quant.ledger.state import Floats, Ints, Table
from hydra_quant.rl.arena import Arena

_PRICES = ("open", "high", "low", "close")


def bootstrapped(arena: Arena, rng: np.random.Generator, block: int) -> Arena:
    """Return an arena of as many candles, drawn in blocks that follow each other.

    All pairs get the same rows, so that they move together as they did; each candle moves from the
    close before it as it did then, on the ticks of the market; funding is scaled with the price
    (moving blocks, Künsch 1989). Times, and whether funding is looked at, stay those of the row.

    Features are carried along as they were. This is an approximation: a feature that looks back
    tells, for as long as it looks back, of what came before its block then, not of what comes
    before it now; one that is a price does not fit the new prices. Take blocks much longer than
    the features look back.

    Parameters
    ----------
    arena : Arena
    rng : numpy.random.Generator
    block : candles in a block, at least 1

    Raises
    ------
    ValueError
        When no run of `block` candles has all pairs, with one candle before it.
    """
    rows = _rows(arena, rng, block)
    candles = np.array(arena.candles)
    for pair, market in enumerate(arena.markets):
        candles[:, pair] = _moved(arena.candles[:, pair], rows, market.tick)
    return replace(arena, candles=candles, features=np.ascontiguousarray(arena.features[rows]))


def _rows(arena: Arena, rng: np.random.Generator, block: int) -> Ints:
    """Return which row each row is taken from."""
    n = len(arena)
    whole = (arena.candles["minute"] != ABSENT).all(axis=1)
    counts = np.cumsum(np.pad(whole, (1, 0)))
    span = block + 1
    begins: Ints = np.zeros(0, dtype=np.int64)
    if 0 < block < n:
        begins = np.flatnonzero(counts[span:] - counts[:-span] == span) + 1
    if not len(begins):
        raise ValueError(
            f"block is {block}: no run of that many candles and one before has all "
            f"{len(arena.pairs)} pairs, in {n} candles"
        )
    drawn = rng.choice(begins, size=-(-n // block))
    rows: Ints = (drawn[:, None] + np.arange(block)).ravel()[:n]
    return rows


def _moved(candles: Table, rows: Ints, tick: float) -> Table:
    """Return one pair's candles with the moves of `rows`, from the first close on."""
    first = float(candles["close"][candles["minute"] != ABSENT][0])
    before = candles["close"][rows - 1]
    out = candles[rows]
    closes = first * np.cumprod(out["close"] / before)
    scale = closes / out["close"]
    for name in _PRICES:
        out[name] = np.maximum(np.rint(out[name] * scale / tick), 1.0) * tick
        out[name] = np.round(out[name], 12)
    out["high"] = np.maximum.reduce([out[name] for name in _PRICES])
    out["low"] = np.minimum.reduce([out[name] for name in _PRICES])
    _funded(out, candles, rows, scale)
    minutes = candles["minute"]
    known = np.flatnonzero(minutes != ABSENT)
    steps = int(np.diff(minutes[known]).min()) if len(known) > 1 else 1
    out["minute"] = minutes[known[0]] + steps * (np.arange(len(rows)) - known[0])
    out["funding_due"] = _due(candles, out["minute"])
    return out


def _funded(out: Table, candles: Table, rows: Ints, scale: Floats) -> None:
    """Write sums of funding: what was paid between the opens, and at the open, of each row."""
    past = candles["funding_to"][rows - 1]
    between = (candles["funding_before"][rows] - past) * scale
    at_open = (candles["funding_to"][rows] - candles["funding_before"][rows]) * scale
    out["funding_to"] = np.cumsum(between + at_open)
    out["funding_before"] = out["funding_to"] - at_open


def _due(candles: Table, minutes: Ints) -> NDArray[np.bool_]:
    """Return whether funding is looked at, by the minute of the hour, as it was."""
    due = candles["minute"][candles["funding_due"]] % 60
    return np.isin(minutes % 60, due)
