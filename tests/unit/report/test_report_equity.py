"""Equity: open trades valued at the market, and every unit of profit in the end."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backtest import BTC, ETH, FEE, closes, result, trade

from hydra_quant.report.equity import build_equity


def test_an_open_long_is_valued_at_the_last_known_close(tmp_path: Path) -> None:
    found = result(tmp_path, trade(2, 5, entry=100, exit_=104, amount=10))
    #                      known at the open of candle 0    1    2    3    4    5    6 ...
    price = closes([100, 100, 100, 103, 90, 104] + [104] * 35)
    equity = build_equity(found, {BTC: price})
    fee = 10 * 100 * FEE
    value = equity.value.to_numpy() - 10_000
    assert value[:2].tolist() == [0, 0]
    assert value[2:5] == pytest.approx([0 - fee, 30 - fee, -100 - fee])
    assert value[5:] == pytest.approx([40 - fee - 10 * 104 * FEE] * 35)
    assert equity.gross.to_numpy()[1:6] == pytest.approx([0, 1000, 1030, 900, 0])
    assert equity.unmarked == ()


def test_a_short_gains_when_price_falls_and_funding_accrues_evenly(tmp_path: Path) -> None:
    found = result(tmp_path, trade(0, 4, side=-1, entry=100, exit_=90, funding=-8.0))
    equity = build_equity(found, {BTC: closes([100, 95, 90, 90, 90] + [90] * 36)})
    fee = 10 * 100 * FEE
    expected = [0 - fee, 50 - fee - 2, 100 - fee - 4, 100 - fee - 6]
    assert equity.value.to_numpy()[:4] - 10_000 == pytest.approx(expected)


def test_added_and_partly_closed_positions_follow_their_orders(tmp_path: Path) -> None:
    legs = [(1, 10.0, 100.0), (3, 10.0, 90.0), (5, -5.0, 95.0), (8, -15.0, 100.0)]
    found = result(tmp_path, trade(1, 8, orders=legs))
    equity = build_equity(found, {BTC: closes([100.0] * 41)})
    assert equity.gross.to_numpy()[[1, 3, 5, 7, 8]] == pytest.approx([1000, 2000, 1500, 1500, 0])


def test_without_prices_a_trade_counts_when_it_closes_and_is_named(tmp_path: Path) -> None:
    found = result(tmp_path, trade(2, 9, pair=ETH, exit_=50))
    equity = build_equity(found, {BTC: closes(), ETH: None})
    assert equity.unmarked == (ETH,)
    assert (equity.value.to_numpy()[:9] == 10_000).all()
    assert equity.value.iloc[-1] == pytest.approx(10_000 + found.profit)


def test_daily_returns_compound_to_the_whole(tmp_path: Path) -> None:
    found = result(tmp_path, trade(2, 900, exit_=130), candles=1000)
    equity = build_equity(found, {BTC: closes(candles=1000)})
    assert len(equity.daily_returns) == 4  # 3.47 days: the stub counts
    growth = np.prod(1 + equity.daily_returns)
    assert growth == pytest.approx(1 + found.profit / 10_000)


TRADES = st.lists(
    st.tuples(
        st.integers(0, 38),
        st.integers(0, 10),
        st.sampled_from([-1, 1]),
        st.floats(50, 150),
        st.floats(50, 150),
        st.floats(-5, 5),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(TRADES)
def test_equity_ends_at_start_plus_profit_whatever_the_trades(
    drawn: list[tuple[int, int, int, float, float, float]],
) -> None:
    trades = [
        trade(a, min(a + n, 39), side=side, entry=x, exit_=y, funding=f)
        for a, n, side, x, y, f in drawn
    ]
    with TemporaryDirectory() as folder:
        found = result(Path(folder), *trades)
    equity = build_equity(found, {BTC: closes()})
    assert equity.value.iloc[-1] == pytest.approx(10_000 + found.profit)
    assert (equity.gross >= 0).all()
    assert equity.gross.iloc[-1] == 0.0
