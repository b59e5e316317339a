import numpy as np
import pytest
from support.situations import situation

from hydra_quant.settings import Gates, Signals
from hydra_quant.signals.funding_carry import TRADE_COST, funding_carry

DAYS = 3 * 365


def fire(rate, momentum=0.0, move=1.0, settings=None, a_year=DAYS):
    frame = situation(
        move, funding_rate=rate, funding_momentum=momentum, funding_annualized=rate * a_year
    )
    return funding_carry(frame, settings or Signals(), 240)


@pytest.mark.parametrize(("rate", "wanted"), [(4e-4, -1), (-4e-4, 1), (3e-4, 0), (-3e-4, 0)])
def test_the_side_that_is_paid_more_than_a_trade_costs(rate, wanted):
    assert fire(rate).side[-1] == wanted


def test_what_a_trade_costs_is_what_the_gates_ask():
    assert Gates().round_trip_cost == TRADE_COST
    day_needs = TRADE_COST / 3
    assert fire(day_needs * 1.001).side[-1] == -1
    assert fire(day_needs * 0.999).side[-1] == 0


def test_longer_holding_and_more_settlements_earn_more():
    rate = 3e-4
    assert fire(rate, settings=Signals(funding_carry_minutes=2880)).side[-1] == -1
    assert fire(rate, a_year=2 * DAYS).side[-1] == -1


@pytest.mark.parametrize(("momentum", "wanted"), [(3.9e-4, -1), (4.1e-4, 0), (-9e-4, -1)])
def test_it_must_have_been_paid_a_day_ago_as_well(momentum, wanted):
    assert fire(4e-4, momentum).side[-1] == wanted


def test_a_rate_that_is_usual_for_the_pair_is_not_notable():
    frame = situation(1, funding_rate=4e-4, funding_annualized=0.438, funding_rate_high=1.2e-3)
    assert funding_carry(frame, Signals(), 240).side[-1] == 0


def test_not_in_a_market_that_is_livelier_than_usual():
    assert fire(4e-4, move=3.0).side[-1] == -1  # deviation 1.16 times the usual
    assert fire(4e-4, move=5.0).side[-1] == 0  # 1.41 times
    assert fire(4e-4, move=5.0).known[-1]


def test_confidence_is_how_far_beyond_half_way_to_the_level():
    signal = fire(5e-4)
    assert signal.confidence[-1] == pytest.approx(1 - np.exp(-1.645 / 2) / 2)
    assert signal.thesis["against_funding"][-1] == pytest.approx(-1.645)
