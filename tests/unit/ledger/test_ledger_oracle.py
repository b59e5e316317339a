"""What freqtrade's backtester does, run on trades that were worked out by hand."""

import json
from dataclasses import replace

import pytest
from support.ledger_actions import Act, Rules, actions_from_json, actions_to_json
from support.ledger_difference import difference
from support.ledger_golden import BTC, Golden, departures
from support.ledger_golden_more import ALL
from support.ledger_market import Market
from support.ledger_oracle import price_ticks, run_freqtrade
from support.ledger_trades import Outcome


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_freqtrade_makes_the_trades_that_were_worked_out(case: Golden) -> None:
    assert departures(case, run_freqtrade(case.market, case.actions, case.rules)) == []


def test_a_departure_from_what_was_worked_out_is_named() -> None:
    case, outcome = _outcome()
    (said,) = departures(case, _with(outcome, profit_abs=34.5, exit_reason="exit_signal"))
    assert said.startswith("trade 0 profit_abs: 34.5, not 34.525")
    assert departures(case, _with(outcome, amount=1.001)) == ["trade 0 amount: 1.001, not 1.0"]
    assert departures(case, replace(outcome, trades=())) == ["0 trades"]


def test_two_runs_say_the_same_whatever_ran_between() -> None:
    first, other = ALL[0], ALL[1]
    before = run_freqtrade(first.market, first.actions, first.rules)
    run_freqtrade(other.market, other.actions, other.rules)
    assert run_freqtrade(first.market, first.actions, first.rules) == before


def test_a_case_can_be_pasted() -> None:
    case = ALL[-1]
    said = json.dumps([case.market.to_json(), actions_to_json(case.actions), case.rules.to_json()])
    market, actions, rules = json.loads(said)
    assert Market.from_json(market) == case.market
    assert actions_from_json(actions) == case.actions
    assert Rules.from_json(rules) == case.rules


def test_the_tick_follows_the_months_digits() -> None:
    """January is in whole numbers, February in quarters; March, whole again, keeps February's."""
    pair = ALL[0].market.pairs[BTC]
    prices = [100.0] * 31 + [100.25] + [100.5] * 27 + [100.0] * 3
    pair = replace(pair, candles=tuple((p, p, p, p) for p in prices), tick=0.125)
    market = Market({BTC: pair}, minutes=24 * 60, ticks_from_candles=True)
    assert price_ticks(pair, market) == [0.125] * 31 + [0.01] * 31
    assert price_ticks(pair, replace(market, ticks_from_candles=False)) == [0.125] * 62


def _outcome() -> tuple[Golden, Outcome]:
    case = next(case for case in ALL if case.name == "added to and reduced")
    return case, run_freqtrade(case.market, case.actions, case.rules)


def _with(outcome: Outcome, **changes: object) -> Outcome:
    return replace(outcome, trades=(replace(outcome.trades[0], **changes),))


def test_no_difference_from_itself_nor_from_the_last_digit_that_is_kept() -> None:
    case, outcome = _outcome()
    assert difference(outcome, outcome, case.market) is None
    nearly = _with(outcome, profit_abs=outcome.trades[0].profit_abs + 1e-8)
    assert difference(nearly, outcome, case.market) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"profit_abs": 34.535}, "candle 4 (2025-01-01 04:00) profit_abs: ours 34.535, freqtrade"),
        ({"close_rate": 125.01}, "candle 4 (2025-01-01 04:00) close_rate: ours 125.01, freqtrade"),
        ({"close_row": 3}, "candle 4 (2025-01-01 04:00) close_row: ours 3, freqtrade 4"),
        ({"exit_reason": "roi"}, "exit_reason: ours 'roi', freqtrade 'exit_signal'"),
        ({"funding_fees": 0.01}, "funding_fees: ours 0.01, freqtrade"),
        ({"is_short": True}, "is_short: ours True, freqtrade False"),
        ({"open_row": 2}, "candle 1 (2025-01-01 01:00): only freqtrade opens a long"),
        ({"orders": ()}, "candle 1 (2025-01-01 01:00) number of orders: ours 0, freqtrade 4"),
        ({"liquidation_price": None}, "liquidation_price: ours None, freqtrade"),
    ],
)
def test_the_difference_names_pair_candle_and_field(changes: dict[str, object], said: str) -> None:
    case, outcome = _outcome()
    found = difference(_with(outcome, **changes), outcome, case.market)
    assert found is not None
    assert found.startswith("BTC/USDT:USDT candle ")
    assert said in found


def test_the_first_difference_in_time_is_named() -> None:
    case, outcome = _outcome()
    orders = list(outcome.trades[0].orders)
    orders[1] = replace(orders[1], amount=orders[1].amount + 0.001)
    found = difference(_with(outcome, orders=tuple(orders), profit_abs=0.0), outcome, case.market)
    assert found == (
        "BTC/USDT:USDT candle 2 (2025-01-01 02:00) orders[1].amount: ours 1.001, freqtrade 1.0"
    )


def test_a_cent_in_the_wallet_is_a_difference() -> None:
    case, outcome = _outcome()
    poorer = replace(outcome, final_balance=outcome.final_balance - 0.01)
    found = difference(poorer, outcome, case.market)
    assert found is not None
    assert found.startswith("final_balance: ours ")


def test_a_trade_too_many_is_a_difference() -> None:
    case, outcome = _outcome()
    none = Outcome((), outcome.final_balance)
    found = difference(outcome, none, case.market)
    assert found == "BTC/USDT:USDT candle 1 (2025-01-01 01:00): only ours opens a long"


def test_acts_print_what_they_do() -> None:
    assert repr(Act(enter_short=True, stake=3.0)) == "Act(enter_short=True, stake=3.0)"
