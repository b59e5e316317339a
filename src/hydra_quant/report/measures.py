"""What a comparison shows of each strategy."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.report.equity import Equity
from hydra_quant.report.results import Result
from hydra_quant.validation.objective import DAYS_IN_YEAR, max_drawdown, sharpe

Array = NDArray[np.float64]
FEWEST_DAYS = 30


@dataclass(frozen=True)
class Measures:
    """One column of the comparison. NaN: cannot be known from this run (no loss, no trade ...).

    Attributes
    ----------
    strategy : name
    days : length of the backtest
    profit_pct : net profit, % of the starting balance, after fees and funding
    cagr_pct : the growth rate that would turn start into end balance in 365-day years, %
    sharpe : annualised, daily returns, 365 days, no risk-free rate (Sharpe 1994)
    sortino : mean daily return over downside deviation, annualised (Sortino & Price 1994)
    max_drawdown_pct : largest fall from a peak, % of that peak, at candle opens, open trades valued
    calmar : CAGR over largest drawdown (Young 1991, over the whole backtest)
    profit_factor : profit of the winning over loss of the losing trades
    win_rate_pct : share of trades with a net profit, %
    trades, longs, shorts : closed trades
    long_profit_pct, short_profit_pct : net profit of either side, % of the starting balance
    exposure_pct : mean value of open positions (long plus short) over equity, %
    fees_paid, funding_paid : stake currency; negative funding was received
    """

    strategy: str
    days: float
    profit_pct: float
    cagr_pct: float
    sharpe: float
    sortino: float
    max_drawdown_pct: float
    calmar: float
    profit_factor: float
    win_rate_pct: float
    trades: int
    longs: int
    shorts: int
    long_profit_pct: float
    short_profit_pct: float
    exposure_pct: float
    fees_paid: float
    funding_paid: float


def measure(result: Result, equity: Equity) -> Measures:
    """Measure one strategy."""
    trades, balance = result.trades, result.starting_balance
    days = (result.end - result.start).total_seconds() / 86_400
    growth, drawdown = cagr(1 + result.profit / balance, days), _drawdown(equity, balance)
    long = trades[trades["side"] > 0]
    short = trades[trades["side"] < 0]
    return Measures(
        strategy=result.strategy,
        days=days,
        profit_pct=100 * result.profit / balance,
        cagr_pct=100 * growth,
        sharpe=sharpe(equity.daily_returns),
        sortino=sortino(equity.daily_returns),
        max_drawdown_pct=100 * drawdown,
        calmar=growth / drawdown if drawdown > 0 else math.nan,
        profit_factor=profit_factor(trades),
        win_rate_pct=100 * float((trades["profit_abs"] > 0).mean()) if len(trades) else math.nan,
        trades=len(trades),
        longs=len(long),
        shorts=len(short),
        long_profit_pct=100 * float(long["profit_abs"].sum()) / balance,
        short_profit_pct=100 * float(short["profit_abs"].sum()) / balance,
        exposure_pct=100 * float((equity.gross / equity.value).mean()),
        fees_paid=float(trades["fees"].sum()),
        funding_paid=0.0 - float(trades["funding_fees"].sum()),
    )


def cagr(growth: float, days: float) -> float:
    """Compound annual growth rate, fraction: ``growth ** (365 / days) - 1``.

    ``growth`` is end over start balance; an account that lost everything has -1. NaN below
    ``FEWEST_DAYS`` days: a week's growth to the power of 52 is not a forecast of anything.
    """
    if days < FEWEST_DAYS:
        return math.nan
    return float(max(growth, 0.0) ** (DAYS_IN_YEAR / days) - 1)


def sortino(daily_returns: Array) -> float:
    """Annualised Sortino ratio against zero.

    The downside deviation is the root of the mean of the squared negative returns over *all* days
    (Sortino & Price 1994). NaN for fewer than two days or when no day lost.
    """
    if len(daily_returns) < 2:
        return math.nan
    downside = math.sqrt(float(np.mean(np.minimum(daily_returns, 0.0) ** 2)))
    if downside < 1e-12:
        return math.nan
    return float(np.mean(daily_returns)) / downside * math.sqrt(DAYS_IN_YEAR)


def profit_factor(trades: DataFrame) -> float:
    """Profit of the winning over loss of the losing trades; NaN when none lost."""
    profit = trades["profit_abs"].to_numpy(float)
    lost = -profit[profit < 0].sum()
    return float(profit[profit > 0].sum() / lost) if lost > 0 else math.nan


def _drawdown(equity: Equity, balance: float) -> float:
    return max_drawdown(np.diff(equity.value.to_numpy(), prepend=balance) / balance)
