"""Known answers of the measures."""

import math
from pathlib import Path

import numpy as np
import pytest
from freqtrade.data.metrics import calculate_cagr
from hypothesis import given
from hypothesis import strategies as st
from support.backtest import BTC, ETH, closes, result, trade

from hydra_quant.report.equity import build_equity
from hydra_quant.report.measures import cagr, measure, profit_factor, sortino


@pytest.mark.parametrize(
    ("growth", "days", "expected"),
    [(2.0, 365, 1.0), (1.21, 730, 0.10), (1.0, 31, 0.0), (0.0, 30, -1.0), (-0.5, 30, -1.0)],
)
def test_cagr(growth: float, days: float, expected: float) -> None:
    assert cagr(growth, days) == pytest.approx(expected)
    assert math.isnan(cagr(growth, 29.9))


@given(st.floats(0.1, 3.0), st.integers(30, 2000))
def test_cagr_is_freqtrades_own(growth: float, days: int) -> None:
    assert cagr(growth, days) == pytest.approx(calculate_cagr(days, 1000, 1000 * growth), rel=1e-9)


def test_sortino_counts_all_days_in_the_downside() -> None:
    # mean 0.25 %, downside sqrt((0.01² + 0) / 4) = 0.5 %
    daily = np.array([0.02, -0.01, 0.0, 0.0])
    assert sortino(daily) == pytest.approx(0.0025 / 0.005 * math.sqrt(365))
    assert math.isnan(sortino(np.array([0.01, 0.02])))
    assert math.isnan(sortino(np.array([-0.01])))


def test_a_hand_made_run(tmp_path: Path) -> None:
    """
    trade  side   in 100 out  gross  fees  funding   net
    BTC    long        110     100   1.05    -2.00  96.95
    ETH    short       105     -50   1.025    0.00 -51.025
    """
    won = trade(0, 4, exit_=110, funding=-2.0)
    lost = trade(2, 6, pair=ETH, side=-1, exit_=105)
    found = result(tmp_path, won, lost)
    prices = {BTC: closes([100.0] * 41), ETH: closes([100.0] * 41)}
    got = measure(found, build_equity(found, prices))
    assert got.profit_pct == pytest.approx((96.95 - 51.025) / 100)
    assert got.profit_factor == pytest.approx(96.95 / 51.025)
    assert got.fees_paid == pytest.approx(1.05 + 1.025)
    assert got.funding_paid == pytest.approx(2.0)
    assert (got.trades, got.longs, got.shorts, got.win_rate_pct) == (2, 1, 1, 50.0)
    assert got.long_profit_pct + got.short_profit_pct == pytest.approx(got.profit_pct)
    # 1000 open in candles 0 to 5, twice that in 2 and 3, of about 10 000, over 40 candles
    assert got.exposure_pct == pytest.approx(100 * 8000 / 10_000 / 40, rel=0.01)
    # the peak is after the win (10 096.95 less the short's entry fee), the trough at the end
    assert got.max_drawdown_pct == pytest.approx(100 * (51.025 - 0.5) / (10_096.95 - 0.5))


def test_drawdown_sees_what_an_open_trade_lost_in_between(tmp_path: Path) -> None:
    """Closed trades alone would show no drawdown at all."""
    found = result(tmp_path, trade(0, 30, entry=100, exit_=120, amount=50))
    dip = closes([100.0] * 10 + [60.0] * 10 + [120.0] * 21)
    assert measure(found, build_equity(found, {BTC: dip})).max_drawdown_pct == pytest.approx(
        20, abs=0.1
    )
    assert measure(found, build_equity(found, {BTC: None})).max_drawdown_pct == 0.0


def test_without_trades_ratios_are_unknown_not_good(tmp_path: Path) -> None:
    found = result(tmp_path)
    got = measure(found, build_equity(found, {}))
    assert (got.profit_pct, got.sharpe, got.trades) == (0.0, 0.0, 0)
    assert all(
        math.isnan(value)
        for value in (got.sortino, got.calmar, got.profit_factor, got.win_rate_pct)
    )
    assert math.isnan(profit_factor(found.trades))
