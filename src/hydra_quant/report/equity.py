"""The account at every candle, open positions valued at the market.

freqtrade's own wallet series of a futures backtest counts closed trades only: buy and hold would be
a flat line with one step at its end, without drawdown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DatetimeIndex, Series, date_range

from hydra_quant.report.results import Result

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Equity:
    """The account over time.

    Attributes
    ----------
    value : account value at the open of every candle from start to end, stake currency
    gross : value of all open positions (long plus short), stake currency, on the same index
    unmarked : pairs without usable prices; their trades count when they close
    """

    value: Series
    gross: Series
    unmarked: tuple[str, ...]

    @property
    def daily(self) -> Series:
        """Account value at the start, at every midnight (UTC) within, and at the end."""
        index = DatetimeIndex(self.value.index)
        keep = index == index.normalize()
        keep[0] = keep[-1] = True
        return self.value[keep]

    @property
    def daily_returns(self) -> Array:
        """Returns from one entry of ``daily`` to the next, shape (n_days,), fraction of equity."""
        value = self.daily.to_numpy()
        return np.asarray(value[1:] / value[:-1] - 1)


def build_equity(result: Result, closes: Mapping[str, Series | None]) -> Equity:
    """Value the account at the open of every candle of the backtest.

    Parameters
    ----------
    result : trades with their orders
    closes : by pair, closes indexed by the candle's open time; None where there are none

    Returns
    -------
    Equity; it starts at the starting balance and ends at starting balance plus net profit exactly.
    A position is valued at the last close that was known. Entry fees count at once, exit fees at
    the exit, and funding (of which the result tells the sum only) evenly over the life of a trade.
    """
    grid = date_range(result.start, result.end, freq=result.candle)
    value = np.full(len(grid), result.starting_balance)
    gross = np.zeros(len(grid))
    unmarked = set()
    for pair, trades in result.trades.groupby("pair"):
        price = _known(closes.get(str(pair)), grid, result)
        for trade in trades.itertuples(index=False):
            first, last = grid.searchsorted([trade.open_date, trade.close_date])
            value[last:] += trade.profit_abs
            life = slice(first, last)
            if price is None or np.isnan(price[life]).any():
                unmarked.add(str(pair))
                continue
            open_profit, size = _open_trade(trade, grid[life], price[life])
            value[life] += open_profit
            gross[life] += size
    return Equity(Series(value, grid), Series(gross, grid), tuple(sorted(unmarked)))


def _known(close: Series | None, grid: DatetimeIndex, result: Result) -> Array | None:
    """The last close known at each time of the grid; NaN before the first."""
    if close is None:
        return None
    closed_at = DatetimeIndex(close.index) + result.candle
    last = np.asarray(closed_at.searchsorted(grid, side="right")) - 1
    prices = np.append(close.to_numpy(float), np.nan)  # index -1: nothing known yet
    return np.asarray(prices[last])


def _open_trade(trade: Any, times: DatetimeIndex, price: Array) -> tuple[Array, Array]:
    """Profit so far and size of one trade while it is open, stake currency."""
    held, cash = np.zeros(len(times)), np.zeros(len(times))
    for time, amount, paid, fee_rate in trade.orders:
        since = times.searchsorted(time)
        held[since:] += amount
        cash[since:] -= amount * paid + abs(amount) * paid * fee_rate
    elapsed = np.asarray((times - trade.open_date) / (trade.close_date - trade.open_date))
    profit = held * price + cash + trade.funding_fees * elapsed
    return profit, np.abs(held * price)
