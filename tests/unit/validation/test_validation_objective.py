"""The hyperopt objective: known answers."""

import numpy as np
import pytest

from hydra_quant.validation.objective import BEST_SHARPE, REJECTED, loss, max_drawdown, sharpe

STEADY = np.tile([0.002, -0.001], 50)


def test_sharpe_known_answer():
    # mean .01, sample deviation .01: sqrt(365)
    assert sharpe(np.array([0.0, 0.01, 0.02])) == pytest.approx(np.sqrt(365))


@pytest.mark.parametrize("returns", [[], [0.1], [0.01] * 10, [0.0] * 10])
def test_no_evidence_is_no_ratio(returns):
    assert sharpe(np.array(returns)) == 0.0


@pytest.mark.parametrize(
    ("returns", "wanted"),
    [
        ([], 0.0),
        ([0.1, 0.1], 0.0),
        ([-0.1], 0.1),
        ([0.5, -0.3, 0.1], 0.2),  # 1.5 to 1.2
        ([-0.1, 0.3, -0.6], 0.5),  # 1.2 to 0.6
        ([-1.5], 1.5),
    ],
)
def test_drawdown_from_the_peak(returns, wanted):
    assert max_drawdown(np.array(returns)) == pytest.approx(wanted)


def test_an_accepted_result_is_minus_its_sharpe():
    assert loss(STEADY, 30) == pytest.approx(-sharpe(STEADY))


def test_floors():
    deep = np.array([0.01, -0.25, 0.01, 0.01])
    assert loss(STEADY, 29) == pytest.approx(REJECTED * (2 + 1 / 30))
    assert loss(STEADY, 0) == 3 * REJECTED
    assert loss(deep, 100) == pytest.approx(REJECTED * (1 + max_drawdown(deep) - 0.2))
    assert loss(deep, 10) > loss(deep, 100)


def test_no_ratio_buys_a_floor_off():
    too_good = np.full(100, 0.01) + np.tile([1e-6, -1e-6], 50)
    assert loss(too_good, 100) == -BEST_SHARPE
    assert loss(too_good, 29) > loss(-STEADY, 100)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_return_that_is_no_number_is_rejected(bad):
    assert loss(np.array([0.01, bad, 0.02]), 100) == 3 * REJECTED
