"""The random cases that the ledger is tried on: freqtrade runs them, and they reach its corners."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from support.ledger_actions import Rules, actions_from_json, actions_to_json
from support.ledger_cases import Case, cases, wild, wild_actions
from support.ledger_difference import difference
from support.ledger_market import Market, real_market, sandbox_market
from support.ledger_oracle import run_freqtrade
from support.ledger_trades import Outcome, TradeRow

REAL = Path(__file__).parents[3] / "shared" / "data"
BTC, SOL = "BTC/USDT:USDT", "SOL/USDT:USDT"


def _adds_up(outcome: Outcome, market: Market, rules: Rules) -> None:
    """What holds for any account, by whatever rules it is kept."""
    profit = sum(trade.profit_abs for trade in outcome.trades)
    assert outcome.final_balance == pytest.approx(rules.dry_run_wallet + profit, abs=1e-6)
    for trade in outcome.trades:
        assert trade.funding_fees == pytest.approx(sum(o.funding_fee for o in trade.orders))
        for order in trade.orders:
            _, high, low, _ = market.pairs[trade.pair].candles[order.row]
            assert low <= order.rate <= high
            assert trade.open_row <= order.row <= trade.close_row


@settings(max_examples=25)
@given(cases())
def test_freqtrade_runs_every_case_that_is_drawn(case: Case) -> None:
    outcome = run_freqtrade(case.market, case.actions, case.rules)
    _adds_up(outcome, case.market, case.rules)
    assert difference(outcome, outcome, case.market) is None


@settings(max_examples=25)
@given(cases())
def test_a_drawn_case_can_be_pasted(case: Case) -> None:
    said = [case.market.to_json(), actions_to_json(case.actions), case.rules.to_json()]
    market, actions, rules = json.loads(json.dumps(said))
    read = Case(Market.from_json(market), actions_from_json(actions), Rules.from_json(rules))
    assert read == case
    assert "Act(" in str(case) or not any(case.actions.values())


def _corners(trade: TradeRow) -> list[str]:
    rows = {order.row for order in trade.orders}
    entries = [order for order in trade.orders if (order.side == "buy") != trade.is_short]
    return [
        trade.exit_reason,
        "short" if trade.is_short else "long",
        *["within a candle"] * (len(rows) == 1),
        *["added to"] * (len(entries) > 1),
        *["reduced"] * (len(trade.orders) - len(entries) > 1),
        *["funded"] * (trade.funding_fees != 0.0),
        *["leverage"] * (trade.leverage > 1.0),
    ]


def test_seeded_cases_reach_every_corner() -> None:
    seen: Counter[str] = Counter()
    for seed in range(30):
        case = wild(seed, candles=80)
        outcome = run_freqtrade(case.market, case.actions, case.rules)
        _adds_up(outcome, case.market, case.rules)
        seen.update(corner for trade in outcome.trades for corner in _corners(trade))
        at = {(trade.pair, trade.close_row): trade.is_short for trade in outcome.trades}
        seen["turned"] += sum(
            at.get((trade.pair, trade.open_row), trade.is_short) != trade.is_short
            for trade in outcome.trades
        )
    wanted = "long short stop_loss trailing_stop_loss liquidation roi exit_signal force_exit tired"
    corners = [*wanted.split(), "within a candle", "added to", "reduced", "funded", "turned"]
    assert [corner for corner in corners if not seen[corner]] == []


def test_a_seed_names_one_case() -> None:
    assert wild(3, candles=20) == wild(3, candles=20)
    assert wild(3, candles=20) != wild(4, candles=20)


def test_the_sandbox_as_a_market() -> None:
    market = sandbox_market((BTC, SOL), 100, first=5)
    assert [len(pair.candles) for pair in market.pairs.values()] == [100, 100]
    eight = 8 * 3_600_000
    times = [time for time, _, _ in market.pairs[BTC].funding]
    assert [time % eight for time in times] == [0] * 13
    outcome = run_freqtrade(market, wild_actions(market, 1), Rules(stoploss=-0.02))
    assert outcome.trades
    _adds_up(outcome, market, Rules())


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real market data at {REAL}")
def test_real_candles_as_a_market() -> None:
    market = real_market(REAL, (BTC, SOL), "2022-05-07 00:00", 100)
    assert [len(pair.candles) for pair in market.pairs.values()] == [100, 100]
    assert [market.row(time) for time, _, _ in market.pairs[SOL].funding] == list(range(0, 100, 8))
    assert market.time(99) == "2022-05-11 03:00"
    outcome = run_freqtrade(market, wild_actions(market, 1), Rules(stoploss=-0.02))
    assert outcome.trades
    _adds_up(outcome, market, Rules())
