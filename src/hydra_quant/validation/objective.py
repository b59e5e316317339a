"""What hyperopt should want: a net Sharpe ratio that was earned often enough and survivable."""

import math

import numpy as np
from numpy.typing import NDArray

DAYS_IN_YEAR = 365
MIN_TRADES = 30
MAX_DRAWDOWN = 0.20
REJECTED = 100.0
BEST_SHARPE = 50.0  # far beyond any real one; keeps accepted losses clear of rejected ones


def sharpe(daily_returns: NDArray[np.float64]) -> float:
    """Annualised Sharpe ratio of daily returns (365 days: crypto has no weekend).

    Parameters
    ----------
    daily_returns : array of shape (n_days,), fraction of equity, days without a trade as 0

    Returns
    -------
    0.0 for fewer than two days or when nothing varies: no evidence is not a good ratio.
    """
    if len(daily_returns) < 2:
        return 0.0
    deviation = float(np.std(daily_returns, ddof=1))
    if deviation < 1e-12:
        return 0.0
    return float(np.mean(daily_returns)) / deviation * math.sqrt(DAYS_IN_YEAR)


def max_drawdown(daily_returns: NDArray[np.float64]) -> float:
    """Largest fall of equity from its peak, fraction; profits are not compounded.

    ``daily_returns`` of shape (n_days,) are shares of the starting balance.
    """
    equity = 1.0 + np.concatenate([[0.0], np.cumsum(daily_returns)])
    peak = np.maximum.accumulate(equity)
    return float(np.max((peak - equity) / peak))


def loss(
    daily_returns: NDArray[np.float64],
    trade_count: int,
    *,
    min_trades: int = MIN_TRADES,
    max_drawdown_allowed: float = MAX_DRAWDOWN,
) -> float:
    """Loss to minimise: minus the Sharpe ratio, with floors that no ratio can buy off.

    Parameters
    ----------
    daily_returns : array of shape (n_days,), net of fees and funding, share of starting balance
    trade_count : closed trades
    min_trades : fewer are rejected, the more the fewer there are: a search needs a slope
    max_drawdown_allowed : a deeper fall is rejected, the more the deeper

    Returns
    -------
    Accepted: in [-50, 50]. Rejected: 100-200 for the drawdown, 200-300 for too few trades, 300 when
    a return is not a number. (freqtrade calls nothing from 100 on a best result.)
    """
    if not np.isfinite(daily_returns).all():
        return 3 * REJECTED
    if trade_count < min_trades:
        return REJECTED * (2 + (min_trades - trade_count) / min_trades)
    drawdown = max_drawdown(daily_returns)
    if drawdown > max_drawdown_allowed:
        return REJECTED * (1 + min(drawdown - max_drawdown_allowed, 1.0))
    return -float(np.clip(sharpe(daily_returns), -BEST_SHARPE, BEST_SHARPE))
