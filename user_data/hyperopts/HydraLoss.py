"""Hyperopt loss: net Sharpe ratio with floors on trades and drawdown."""

from datetime import datetime
from typing import Any

from freqtrade.optimize.hyperopt import IHyperOptLoss
from pandas import DataFrame, date_range, to_datetime

from hydra_quant.validation.objective import loss


class HydraLoss(IHyperOptLoss):
    """Prefer the better net Sharpe; refuse too few trades and drawdowns beyond 20 %."""

    @staticmethod
    def hyperopt_loss_function(
        *,
        results: DataFrame,
        trade_count: int,
        min_date: datetime,
        max_date: datetime,
        starting_balance: float,
        **kwargs: Any,
    ) -> float:
        """Daily net profit over the whole range, days without a closed trade as 0, to the loss."""
        days = date_range(min_date, max_date, freq="1D", normalize=True)
        profit = results.groupby(to_datetime(results["close_date"]).dt.floor("1D"))["profit_abs"]
        daily = profit.sum().reindex(days, fill_value=0.0) / starting_balance
        return loss(daily.to_numpy(float), trade_count)
