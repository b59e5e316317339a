"""The ledger makes the trades that were worked out by hand, and those that freqtrade makes."""

import pytest
from support.ledger_difference import difference
from support.ledger_golden import Golden, departures
from support.ledger_golden_more import ALL
from support.ledger_oracle import run_freqtrade
from support.ledger_ours import run_ledger


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_the_ledger_makes_the_trades_that_were_worked_out(case: Golden) -> None:
    ours = run_ledger(case.market, case.actions, case.rules)
    assert departures(case, ours) == []
    theirs = run_freqtrade(case.market, case.actions, case.rules)
    assert difference(ours, theirs, case.market) is None
