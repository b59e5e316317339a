"""What anybody could see of the synthetic market, every half hour: moves, and forced orders.

The press and the crowd write from this and from nothing else. A row at time T rests on candles that
had closed, and on orders that were forced, by T.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hydra_quant.sandbox.market import CONTRACTS, SyntheticMarket
from hydra_quant.sandbox.market.rng import hashed_uniforms
from hydra_quant.sandbox.market.spec import MINUTE_MS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLOT_MS = 30 * MINUTE_MS
WINDOWS = (1, 2, 3, 4, 6)  # hours that a move is told over
USUAL = 144  # slots (3 days) that say what is usual
LONGEST = 2 * max(WINDOWS)
BEFORE = USUAL + LONGEST
# Of a pair's quiet level: volatility clusters, and a market that has no past yet is no calm one.
ASSUMED = 1.3
BURST = 5.0  # times the usual hour …
BURST_SHARE = 2e-4  # … and of the usual open interest
_SALT = 1_000_000


@dataclass(frozen=True)
class Seen:
    """One pair, a row a slot; all arrays of shape (n_slots,).

    Attributes
    ----------
    at_ms : epoch ms, multiples of `SLOT_MS`
    price : last price, quote
    hours : the window of `WINDOWS` in which the move is most unusual
    move : return over it, a fraction
    z : the same in standard deviations of the three days before
    mood_z : return of the last four hours, in standard deviations
    longs, shorts : worth of what was liquidated in the last hour, quote
    burst : +1 where that is a burst of forced buying (shorts), -1 of selling (longs), else 0
    """

    at_ms: Ints
    price: Floats
    hours: Ints
    move: Floats
    z: Floats
    mood_z: Floats
    longs: Floats
    shorts: Floats
    burst: Ints


def uniforms(seed: int, purpose: int, row: int, index: Ints) -> Floats:
    """Uniforms in (0, 1) by address: a pair's row, a purpose and a slot have always the same."""
    return hashed_uniforms(seed, _SALT + 64 * purpose + row, index)


def look(market: SyntheticMarket, pair: str, start_ms: int, end_ms: int) -> Seen:
    """What could be seen at each slot in ``[start_ms, end_ms)``, from the epoch on.

    The rows of a slot are the same whatever interval is asked for. Before the epoch there was no
    move, and the usual level is the contract's.
    """
    start_ms = max(start_ms, market.spec.epoch_ms)
    at = np.arange(-(-start_ms // SLOT_MS), -(-end_ms // SLOT_MS), dtype=np.int64) * SLOT_MS
    if not at.size:
        none, no_hours = np.empty(0), np.empty(0, np.int64)
        return Seen(at, none, no_hours, none, none, none, none, none, no_hours)
    begin = int(at[0]) - BEFORE * SLOT_MS
    price = _prices(market, pair, begin, int(at[-1]))
    quiet = ASSUMED * CONTRACTS[pair].volatility * np.sqrt(SLOT_MS / MINUTE_MS)
    steps = np.diff(np.log(price))
    squares = np.where(np.isfinite(steps), steps, quiet) ** 2
    steps = np.nan_to_num(steps)
    usual = sliding_window_view(squares[:-LONGEST], USUAL).mean(axis=1)
    sigma = np.sqrt(np.maximum(usual, (0.3 * quiet) ** 2))
    moves = {hours: _last(steps, 2 * hours, at.size) for hours in WINDOWS}
    all_z = np.stack([moves[hours] / (sigma * np.sqrt(2 * hours)) for hours in WINDOWS])
    best = np.abs(all_z).argmax(axis=0)
    pick = np.arange(at.size)
    longs, shorts, burst = _forced(market, pair, begin, at)
    return Seen(
        at_ms=at,
        price=price[-at.size :],
        hours=np.array(WINDOWS, np.int64)[best],
        move=np.expm1(np.stack(list(moves.values()))[best, pick]),
        z=all_z[best, pick],
        mood_z=all_z[WINDOWS.index(4)],
        longs=longs,
        shorts=shorts,
        burst=burst,
    )


def _last(steps: Floats, count: int, rows: int) -> Floats:
    """Sum of the last steps at each of the last `rows` slots."""
    return np.asarray(sliding_window_view(steps, count).sum(axis=1)[-rows:])


def _prices(market: SyntheticMarket, pair: str, begin_ms: int, end_ms: int) -> Floats:
    """Price at each slot from `begin_ms` to `end_ms`; NaN before the epoch.

    The close of the candle that ended there; at the epoch, where none has, the first open.
    """
    candles = market.candles(pair, "30m", begin_ms, max(end_ms, begin_ms + 1))
    price = np.full((end_ms - begin_ms) // SLOT_MS + 1, np.nan)
    closed = (candles["time_ms"].to_numpy(np.int64) - begin_ms) // SLOT_MS + 1
    price[closed] = candles["close"]
    epoch = (market.spec.epoch_ms - begin_ms) // SLOT_MS
    if 0 <= epoch < price.size:
        first = market.candles(pair, "1m", market.spec.epoch_ms, market.spec.epoch_ms + 1)
        price[epoch] = first["open"].iloc[0]
    return price


def _forced(
    market: SyntheticMarket, pair: str, begin_ms: int, at: Ints
) -> tuple[Floats, Floats, Ints]:
    orders = market.liquidations(pair, begin_ms, int(at[-1]))
    slot = (orders["time_ms"].to_numpy(np.int64) - begin_ms) // SLOT_MS
    worth = (orders["price"] * orders["amount"]).to_numpy(np.float64)
    sold = (orders["side"] == "sell").to_numpy(np.float64)
    slots = (int(at[-1]) - begin_ms) // SLOT_MS
    hours, bursts = [], []
    contract = CONTRACTS[pair]
    for own in (sold, 1.0 - sold):
        level = np.bincount(slot, worth * own, minlength=slots).astype(np.float64)
        hour = _last(level, 2, at.size)
        usual = 2.0 * sliding_window_view(level[:-LONGEST], USUAL).mean(axis=1)
        bursts.append((hour > BURST * usual) & (hour > BURST_SHARE * contract.open_interest))
        hours.append(hour)
    sign = np.where(hours[0] >= hours[1], -bursts[0].astype(np.int64), bursts[1].astype(np.int64))
    return hours[0], hours[1], sign
