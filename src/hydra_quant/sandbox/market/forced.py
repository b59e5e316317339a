"""Single liquidation orders from what each minute took down."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, concat

from .frames import decimal
from .rng import hashed_uniforms
from .spec import MINUTE_MS, PairSpec

Array = NDArray[np.float64]
_SALT, _WHEN, _WHERE = 303, 5000, 9000
_MOST = 40  # orders a minute and side


def no_orders() -> DataFrame:
    """An empty table of forced orders."""
    none = np.empty(0)
    times = np.empty(0, np.int64)
    return DataFrame({"time_ms": times, "side": np.empty(0, str), "price": none, "amount": none})


def forced_orders(
    contract: PairSpec,
    taken: NDArray[np.float32],
    ticks: NDArray[np.int32],
    begin_ms: int,
    seed: int,
    row: int,
) -> DataFrame:
    """Split each minute's liquidated contracts into orders, by address and hence always alike.

    Parameters
    ----------
    taken : shape (2, minutes), contracts taken down: longs, shorts.
    ticks : shape (4, minutes), open, high, low, close in ticks.
    begin_ms : open of the first minute.
    row : number of the pair in its market.

    Returns
    -------
    time_ms, side ('sell' closes longs), price (between the open and the extreme that took the
    positions down), amount; by time. Amounts are multiples of ``contract.step`` and those of a
    minute and side add up to ``taken`` rounded to it; a minute below one step is not reported.
    """
    sides = [
        _one_side(contract, taken[side], ticks, begin_ms, seed, _SALT + 4 * row + side, name)
        for side, name in enumerate(("sell", "buy"))
    ]
    return concat(sides).sort_values("time_ms", kind="stable").reset_index(drop=True)


def _one_side(
    contract: PairSpec,
    taken: NDArray[np.float32],
    ticks: NDArray[np.int32],
    begin_ms: int,
    seed: int,
    salt: int,
    name: str,
) -> DataFrame:
    minute = np.flatnonzero(taken >= contract.step)
    worth = taken[minute] * ticks[3, minute] * contract.tick
    count = np.clip(np.sqrt(worth / 5000.0), 1, _MOST).astype(np.int64)
    owner = np.repeat(np.arange(minute.size), count)
    within = np.arange(owner.size) - np.repeat(np.cumsum(count) - count, count)
    index = (begin_ms // MINUTE_MS + minute[owner]) * 64 + within
    weight = -np.log(hashed_uniforms(seed, salt, index))
    weight /= np.bincount(owner, weight, minlength=minute.size)[owner]
    moment = np.floor(hashed_uniforms(seed, salt + _WHEN, index) * MINUTE_MS).astype(np.int64)
    bars = ticks[:, minute[owner]].astype(np.float64)
    reach = bars[2] if name == "sell" else bars[1]
    way = hashed_uniforms(seed, salt + _WHERE, index)
    price = decimal(np.rint(bars[0] + (reach - bars[0]) * way), contract.tick)
    units = _whole(weight, np.rint(taken[minute] / contract.step).astype(np.int64), owner, within)
    table = DataFrame(
        {
            "time_ms": begin_ms + minute[owner] * MINUTE_MS + moment,
            "side": np.full(owner.size, name),
            "price": price,
            "amount": decimal(units, contract.step),
        }
    )
    return table[units > 0]


def _whole(
    weight: Array, total: NDArray[np.int64], owner: NDArray[np.int64], within: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Split each owner's whole ``total`` by ``weight`` (sum 1 each) into whole parts."""
    running = np.cumsum(weight)
    share = running - (running - weight)[np.flatnonzero(within == 0)][owner]
    end = np.rint(np.minimum(share, 1.0) * total[owner]).astype(np.int64)
    last = np.append(owner[1:] != owner[:-1], True)[: owner.size]
    end[last] = total[owner[last]]
    return np.asarray(end - np.where(within == 0, 0, np.roll(end, 1)))
