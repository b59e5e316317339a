"""What holds of money, whatever is done: none is made from nothing, none is lost on the way."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.arenas import walks
from support.ledger_cases import wild
from support.ledger_ours import run_ledger

from hydra_quant.ledger import Market, Rules, candles_of, no_orders, replay, together
from hydra_quant.ledger.rules import market_records
from hydra_quant.ledger.state import (
    ENTER_LONG,
    ENTER_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    POSITION,
    WALLET,
    Table,
)
from hydra_quant.ledger.worth import equity, unrealised
from hydra_quant.rl.desk import Desk

HOUR = 3_600_000
ROWS = 60


def _orders(seed: int, pairs: int = 2) -> Table:
    rng = np.random.default_rng(seed)
    orders = no_orders((ROWS, pairs))
    orders["signals"] = rng.choice(
        [0, ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT], (ROWS, pairs)
    )
    orders["adjust"] = rng.choice([0.0, 0.0, 50.0, -30.0], (ROWS, pairs))
    orders["leverage"] = 3.0
    return orders


def _made(seed: int, funding: float = 0.0, orders: Table | None = None, **rules: Any) -> Any:
    arena = walks(ROWS, 2, seed, reach=0.01, funding=funding)
    given_rules = {"max_open_trades": 2, "stoploss": -0.1, "position_adjustment_enable": True}
    asked = _orders(seed) if orders is None else orders
    return replay(arena.candles, asked, arena.markets, Rules(**{**given_rules, **rules}))


@pytest.mark.parametrize("seed", range(8))
def test_the_balance_is_what_there_was_and_what_was_earned(seed: int) -> None:
    case = wild(seed, candles=100)
    made = run_ledger(case.market, case.actions, case.rules)
    profit = sum(trade.profit_abs for trade in made.trades)
    assert made.final_balance == pytest.approx(case.rules.dry_run_wallet + profit, abs=1e-6)


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_every_fill_adds_up_to_the_profit_of_its_trade(seed: int) -> None:
    """Cash in, cash out, fees and funding, order by order, against the profit that is told."""
    made = _made(seed, 3e-4)
    for trade in made.trades:
        own = made.fills[made.fills["number"] == trade["number"]]
        side = float(trade["side"])
        sign = np.where(own["entry"], -side, side)
        cost = own["rate"] * own["amount"]
        cash = (sign * cost).sum() - 0.0005 * cost.sum() + own["funding"].sum()
        # each exit is rounded to 8 digits, and what is left below a step is not sold
        assert trade["profit"] == pytest.approx(cash, abs=1e-7 * len(own))
        bought = own["amount"][own["entry"]].sum()
        assert own["amount"][~own["entry"]].sum() == pytest.approx(bought, abs=1e-9)


@given(st.integers(0, 10_000), st.floats(0.0, 0.01))
@settings(max_examples=30)
def test_without_moves_of_price_nobody_earns(seed: int, fee: float) -> None:
    flat = together([candles_of(HOUR * np.arange(ROWS), np.full((ROWS, 4), 50.0))] * 2)
    rules = Rules(fee_open=fee, fee_close=fee, max_open_trades=2, position_adjustment_enable=True)
    made = replay(flat, _orders(seed), (Market(), Market()), rules)
    paid = fee * (made.fills["rate"] * made.fills["amount"]).sum()
    assert made.balance == pytest.approx(1000.0 - paid, abs=1e-6)
    assert made.balance <= 1000.0 + 1e-9


def test_funding_is_paid_by_longs_and_received_by_shorts() -> None:
    """A rate of 0.1 % at a mark of 100, three times, on 2 units."""
    candles = candles_of(
        HOUR * np.arange(5), np.full((5, 4), 100.0), HOUR * np.arange(2, 5), np.full(3, 0.1)
    )
    orders = no_orders((5, 1))
    orders["stake"] = 200.0
    rules = Rules(fee_open=0.0, fee_close=0.0)
    for signal, wanted in ((ENTER_LONG, -0.6), (ENTER_SHORT, 0.6)):
        orders["signals"][1] = signal
        made = replay(together([candles]), orders, [Market()], rules)
        assert made.trades["funding"].tolist() == pytest.approx([wanted])
        assert made.trades["profit"].tolist() == pytest.approx([wanted])
        assert made.balance == pytest.approx(1000.0 + wanted)


@pytest.mark.parametrize("seed", range(5))
def test_long_and_short_mirror_without_fees(seed: int) -> None:
    """Prices reflected at 100 and sides exchanged: the same money, trade by trade."""
    rng = np.random.default_rng(seed)
    closes = np.round(100.0 + np.cumsum(rng.normal(0.0, 0.3, ROWS)), 2)
    opens = np.append(100.0, closes[:-1])
    bars = np.column_stack(
        [opens, np.maximum(opens, closes) + 0.05, np.minimum(opens, closes) - 0.05, closes]
    )
    bars = np.round(bars, 2)
    mirrored = np.round(200.0 - bars[:, [0, 2, 1, 3]], 2)
    orders, other = no_orders((ROWS, 1)), no_orders((ROWS, 1))
    drawn = rng.choice(5, (ROWS, 1))
    orders["signals"] = np.array([0, ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT])[drawn]
    other["signals"] = np.array([0, ENTER_SHORT, ENTER_LONG, EXIT_SHORT, EXIT_LONG])[drawn]
    rules = Rules(fee_open=0.0, fee_close=0.0)
    times, markets = HOUR * np.arange(ROWS), [Market(step=1e-8)]
    orders["stake"] = opens[:, None]  # one unit
    other["stake"] = mirrored[:, :1]
    first, second = (
        replay(together([candles_of(times, prices)]), asked, markets, rules)
        for prices, asked in ((bars, orders), (mirrored, other))
    )
    assert len(first.trades) > 5
    np.testing.assert_array_equal(first.trades["side"], -second.trades["side"])
    np.testing.assert_allclose(first.trades["profit"], second.trades["profit"], atol=1e-6)
    assert first.balance == pytest.approx(second.balance, abs=1e-5)


def test_worth_of_a_wallet_that_holds_nothing_is_its_balance() -> None:
    rules = Rules().record()[0]
    positions, wallet = np.zeros(3, dtype=POSITION), np.zeros(1, dtype=WALLET)
    wallet["start"], wallet["closed"] = 1000.0, 12.5
    assert equity(positions, wallet[0], np.full(3, 100.0), rules) == 1012.5
    assert unrealised(positions[0], 50.0, rules) == 0.0


@pytest.mark.parametrize("fee", [0.0, 0.001])
@pytest.mark.parametrize("target", [1.0, -0.6])
def test_equity_goes_on_through_entry_and_exit(fee: float, target: float) -> None:
    """An entry costs both fees at once, prices move it by the amount, the exit changes nothing."""
    arena = walks(12, 1, 3)
    arena = replace(arena, rules=Rules(fee_open=fee, fee_close=fee))
    desk = Desk(arena, 1)
    desk.reset(np.array([0]), np.array([0]), np.array([[0]]))
    for row in range(1, 11):
        before = desk.equity[0]
        closes = arena.candles["close"][:, 0]
        wanted = target if row < 6 else 0.0
        held = float(desk.positions["amount"][0, 0]) if row > 1 else 0.0
        desk.advance(np.array([[wanted]]))
        side = np.sign(target)
        if 1 < row < 6:
            moved = held * (closes[row] - closes[row - 1]) * side
            cost = fee * held * (closes[row] - closes[row - 1])
            assert desk.equity[0] == pytest.approx(before + moved - cost, abs=1e-6)
        if row == 1:
            amount = float(desk.positions["amount"][0, 0])
            opened, close = arena.candles["open"][1, 0], closes[1]
            moved = amount * (close - opened) * side - fee * amount * (close + opened)
            assert desk.equity[0] == pytest.approx(before + moved, abs=1e-6)
        if row == 6:  # opened where the candle before had closed
            assert desk.positions["side"][0, 0] == 0
            assert desk.equity[0] == pytest.approx(before, abs=1e-6)
        if row > 6:
            assert desk.equity[0] == before
    assert desk.equity[0] == pytest.approx(1000.0 + desk.wallets["closed"][0])


def test_a_market_of_contracts_is_traded_in_whole_ones() -> None:
    records, _ = market_records((Market(step=1.0, contract=0.01),))
    assert records["contract"][0] == 0.01
    candles = together([candles_of(HOUR * np.arange(3), np.full((3, 4), 100.0))])
    orders = no_orders((3, 1))
    orders["signals"][1], orders["stake"][1] = ENTER_LONG, 2.5
    made = replay(candles, orders, [Market(step=1.0, contract=0.01)], Rules())
    assert made.trades["amount"].tolist() == pytest.approx([0.02])
