"""What one wallet came to, net of fees and funding."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.state import Record
from hydra_quant.rl.rollout import Rollout
from hydra_quant.validation.objective import DAYS_IN_YEAR, sharpe

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DAY_MS = 86_400_000


@dataclass(frozen=True, eq=False)
class Fared:
    """How a wallet fared on the test blocks.

    Attributes
    ----------
    daily : array of shape (days,), change of equity as a share, oldest first; days are of UTC
    profit : change of equity over all of it, as a share; what is open counts at the last close,
        less what leaving costs
    sharpe : of daily returns, a year of 365 days; 0 where nothing varies
    drawdown : deepest fall from a peak at closes, as a share, at most 0
    turnover : value of all orders over the mean equity, a year
    trades : entries
    in_market : share of all pairs' candles with a position
    fees, funding : stake currency: paid with orders, and received (below 0: paid)
    """

    daily: Floats
    profit: float
    sharpe: float
    drawdown: float
    turnover: float
    trades: int
    in_market: float
    fees: float
    funding: float

    def described(self) -> dict[str, Any]:
        """Return the figures without the days."""
        return {name: value for name, value in asdict(self).items() if name != "daily"}


FIGURES = tuple(name for name in Fared.__dataclass_fields__ if name != "daily")


@dataclass(frozen=True, eq=False)
class Traded:
    """What one wallet left behind.

    Attributes
    ----------
    first : row of the arena that its equity begins with
    equity : array of shape (rows,), at the close of each candle
    wallet : record of `WALLET`, at the end
    running : float, funding received (below 0: paid) since the last orders of open trades
    held : candles of all pairs with a position at their close
    """

    first: int
    equity: Floats
    wallet: Record
    running: float
    held: int
    n_pairs: int

    @classmethod
    def of(cls, parts: Sequence[Rollout]) -> "Traded":
        """Return what rollouts left behind that went on from each other."""
        first, desk = parts[0].first, parts[-1].desk
        equity = np.concatenate([part.equity for part in parts])
        if desk.row[0] >= first + len(equity):  # the last decision has been filled
            equity = np.append(equity, desk.equity[0])
        trades = np.concatenate([part.trades for part in parts])
        still = desk.positions[0][desk.positions[0]["side"] != 0]
        held = int((trades["closed"] - trades["opened"]).sum())
        held += int((desk.row[0] + 1 - still["opened"]).sum())
        running = float(still["funding_running"].sum())
        return cls(first, equity, desk.wallets[0], running, held, desk.pair.shape[1])


def fared(traded: Traded, opens_ms: Ints) -> Fared:
    """Return the figures of a wallet; `opens_ms` says when the arena's candles open."""
    wallet, equity = traded.wallet, traded.equity
    start = float(wallet["start"])
    times = opens_ms[traded.first : traded.first + len(equity)]
    daily = daily_returns(equity, times, start)
    years = max(float(times[-1] - times[0]) / (DAYS_IN_YEAR * DAY_MS), 1e-9)
    peak = np.maximum.accumulate(np.append(start, equity))[1:]
    return Fared(
        daily=daily,
        profit=float(equity[-1] / start - 1.0),
        sharpe=sharpe(daily),
        drawdown=float((equity / peak - 1.0).min()),
        turnover=float(wallet["volume"] / equity.mean() / years),
        trades=int(wallet["opened"]),
        in_market=traded.held / (len(equity) * traded.n_pairs),
        fees=float(wallet["fees"]),
        funding=float(wallet["funding"] + traded.running),
    )


def daily_returns(equity: Floats, times_ms: Ints, start: float) -> Floats:
    """Return the change of equity from day to day, as a share; the first day begins at `start`.

    Parameters
    ----------
    equity : array of shape (rows,), at the close of candles
    times_ms : array of shape (rows,), when these candles open
    """
    day = times_ms // DAY_MS
    ends = np.append(np.flatnonzero(np.diff(day)), len(day) - 1)
    at = np.append(start, equity[ends])
    found: Floats = at[1:] / at[:-1] - 1.0
    return found


def days_of(opens_ms: Ints) -> Ints:
    """Return the seconds at which the days of `daily_returns` begin."""
    return np.unique(opens_ms // DAY_MS) * (DAY_MS // 1000)


@dataclass(frozen=True)
class Spread:
    """A figure over several wallets; never the best alone."""

    median: float
    least: float
    low_quarter: float
    high_quarter: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Sum up at least one value."""
        least, low, middle, high, most = np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0)).tolist()
        return cls(middle, least, low, high, most)


def spreads(wallets: Sequence[Fared]) -> Mapping[str, Spread]:
    """Return the spread of every figure."""
    return {name: Spread.of([getattr(one, name) for one in wallets]) for name in FIGURES}
