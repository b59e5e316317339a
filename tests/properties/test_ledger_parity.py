"""Whatever is done on whatever candles: the ledger's trades are those of freqtrade's backtester."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from support.ledger_actions import Act, Actions
from support.ledger_actions import Rules as Said
from support.ledger_cases import Case, cases, wild, wild_actions, wild_rules
from support.ledger_difference import difference
from support.ledger_market import START_MS, Market, PairMarket, real_market, sandbox_market
from support.ledger_oracle import run_freqtrade
from support.ledger_ours import run_ledger

from hydra_quant.ledger import Rules

REAL = Path(__file__).parents[3] / "shared" / "data"
BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"
EDGES = (122, 268, 306)
"""Seeds with orders on the edge of a step, which the last digit of a stake decides."""


def _parts(case: Case, wrong: Callable[[Rules], Rules] = lambda rules: rules) -> str | None:
    ours = run_ledger(case.market, case.actions, case.rules, wrong)
    return difference(ours, run_freqtrade(case.market, case.actions, case.rules), case.market)


@settings(max_examples=50)
@given(cases())
def test_drawn_cases(case: Case) -> None:
    assert _parts(case) is None


@pytest.mark.parametrize("seed", [*range(15), *EDGES])
def test_seeded_cases(seed: int) -> None:
    assert _parts(wild(seed)) is None


@pytest.mark.parametrize("seed", range(2))
def test_the_sandbox(seed: int) -> None:
    market = sandbox_market((BTC, ETH, SOL), 120, first=100 * seed, seed=7 + seed)
    assert _parts(Case(market, wild_actions(market, seed), wild_rules(seed))) is None


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real market data at {REAL}")
@pytest.mark.parametrize("start", ["2022-05-07 00:00", "2025-02-20 00:00"])
def test_real_candles(start: str) -> None:
    market = real_market(REAL, (BTC, ETH, SOL), start, 200)
    seed = int(start[:4])
    for rules in (wild_rules(seed), Said(stake_amount="unlimited", max_open_trades=2)):
        assert _parts(Case(market, wild_actions(market, seed), rules)) is None


def _stopped() -> Case:
    """Long from candle 1 at 100, stopped in candle 2 at 98."""
    candles = ((100.0, 101.0, 99.0, 100.0),) * 2 + ((100.0, 100.0, 90.0, 91.0),) * 2
    market = Market({BTC: PairMarket(candles, ((START_MS, 0.0001, 100.0),), tick=0.1)})
    actions: Actions = {BTC: {0: Act(enter_long=True)}}
    return Case(market, actions, Said(stoploss=-0.02))


def test_a_stop_one_tick_off_is_found_and_named() -> None:
    assert _parts(_stopped()) is None
    said = _parts(_stopped(), lambda rules: replace(rules, stoploss=-0.021))
    assert said == f"{BTC} candle 2 (2025-01-01 02:00) orders[1].rate: ours 97.9, freqtrade 98.0"


def test_a_wrong_fee_is_found_and_named() -> None:
    said = _parts(_stopped(), lambda rules: replace(rules, fee_close=0.0006))
    assert said is not None
    assert said.startswith(f"{BTC} candle 2 (2025-01-01 02:00) profit_abs: ours -2.10")


@pytest.mark.parametrize(
    ("leverage", "wrong", "field"),
    [
        (1.0, lambda rules: replace(rules, balance=rules.balance + 1.0), "final_balance"),
        (1.0, lambda rules: replace(rules, stake_amount=99.0), "orders[0].amount"),
        (3.0, lambda rules: replace(rules, liquidation_buffer=0.5), "liquidation_price"),
        (1.0, lambda rules: replace(rules, minimal_roi={0: 0.001}), "orders[1].row"),
    ],
)
def test_other_mistakes_are_found(
    leverage: float, wrong: Callable[[Rules], Rules], field: str
) -> None:
    case = _stopped()
    said = _parts(replace(case, actions={BTC: {0: Act(enter_long=True, leverage=leverage)}}), wrong)
    assert said is not None
    assert field in said


def test_a_funding_that_is_not_paid_is_found_and_named() -> None:
    case = _stopped()
    pair = case.market.pairs[BTC]
    paid = replace(pair, funding=((START_MS + 2 * 3_600_000, 0.0001, 100.0),))
    theirs = run_freqtrade(Market({BTC: paid}), case.actions, case.rules)
    assert (
        difference(run_ledger(Market({BTC: paid}), case.actions, case.rules), theirs, case.market)
        is None
    )
    said = difference(run_ledger(case.market, case.actions, case.rules), theirs, case.market)
    assert said is not None
    assert "orders[1].funding_fee: ours" in said
