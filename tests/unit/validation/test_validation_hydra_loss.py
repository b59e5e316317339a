"""HydraLoss: freqtrade's trade list to daily returns to the loss."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from freqtrade.resolvers.hyperopt_resolver import HyperOptLossResolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.strategy_world import config

from hydra_quant.validation.objective import REJECTED, loss

START, DAYS = datetime(2025, 3, 1, 7, 5, tzinfo=UTC), 40
END = START + timedelta(days=DAYS)


@pytest.fixture
def judge(tmp_path):
    made = HyperOptLossResolver.load_hyperoptloss(config(tmp_path))

    def call(trades, balance=10_000.0):
        times, profits = zip(*trades, strict=True) if trades else ((), ())
        results = pd.DataFrame(
            {
                "close_date": pd.to_datetime(list(times), utc=True),
                "profit_abs": np.array(profits, float),
            }
        )
        return made.hyperopt_loss_function(
            results=results,
            trade_count=len(results),
            min_date=START,
            max_date=END,
            config={},
            processed={},
            backtest_stats={},
            starting_balance=balance,
        )

    return call


def daily(profits):
    return np.array(profits) / 10_000.0


def test_days_without_a_closed_trade_count_as_flat(judge):
    trades = [(START + timedelta(days=day), 50.0 * (-1) ** day + 20) for day in range(0, 40, 2)]
    trades += [(START + timedelta(days=day, hours=1), 5.0) for day in range(0, 40, 2)]
    wanted = np.zeros(DAYS + 1)
    for time, profit in trades:
        wanted[(time.date() - START.date()).days] += profit
    assert judge(trades) == pytest.approx(loss(daily(wanted), 40))


@pytest.mark.parametrize("when", [START, END, datetime(2025, 3, 2, tzinfo=UTC)])
def test_no_profit_is_lost_at_the_edges(judge, when):
    calm = [(START + timedelta(days=day % 40), 1.0) for day in range(40)]
    assert judge([*calm, (when, -2500.0)]) > REJECTED  # a drawdown that must be seen


def test_no_trades_are_rejected(judge):
    assert judge([]) == 3 * REJECTED


@given(st.lists(st.tuples(st.integers(0, DAYS * 1440), st.integers(-50, 60)), max_size=80))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_order_of_trades_does_not_matter_and_more_money_is_less_risk(judge, trades):
    trades = [(START + timedelta(minutes=minute), float(profit)) for minute, profit in trades]
    assert judge(trades) == pytest.approx(judge(trades[::-1]))
    assert judge(trades, 1e6) <= judge(trades) + 1e-9
