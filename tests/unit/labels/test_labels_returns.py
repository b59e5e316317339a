"""Forward return, direction and net return: known answers and refusals."""

import numpy as np
import pytest

from hydra_quant.labels import LabelError, direction, forward_return, net_of_costs

CLOSE = np.array([100.0, 110.0, 99.0, 99.0, 120.0])


def test_forward_return_compares_with_the_close_horizon_candles_later():
    expected = [np.log(99 / 100), np.log(99 / 110), np.log(120 / 99), np.nan, np.nan]
    np.testing.assert_allclose(forward_return(CLOSE, 2), expected)


def test_direction_never_calls_an_unknown_future_down():
    np.testing.assert_array_equal(direction(CLOSE, 1), [1.0, 0.0, 0.0, 1.0, np.nan])


@pytest.mark.parametrize("label", [forward_return, direction])
@pytest.mark.parametrize("bad", [0.0, -5.0, np.nan, np.inf])
def test_a_missing_close_is_unknown_on_both_of_its_rows(label, bad):
    close = CLOSE.copy()
    close[2] = bad
    assert np.flatnonzero(np.isnan(label(close, 1))).tolist() == [1, 2, 4]


@pytest.mark.parametrize("label", [forward_return, direction])
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_history_shorter_than_the_horizon_is_all_unknown(label, rows):
    assert np.isnan(label(CLOSE[:rows], 3)).all()
    assert len(label(CLOSE[:rows], 3)) == rows


@pytest.mark.parametrize("horizon", [0, -1, 1.5, True, None])
@pytest.mark.parametrize("label", [forward_return, direction])
def test_a_horizon_is_a_whole_number_of_candles(label, horizon):
    with pytest.raises(LabelError, match="horizon is"):
        label(CLOSE, horizon)


def test_one_dimension_only():
    with pytest.raises(LabelError, match=r"close \(5, 1\)"):
        forward_return(CLOSE[:, None], 1)


def test_costs_are_paid_by_trades_only():
    move = np.log([1.01, 1.01, 1.01, 0.99, np.nan])
    net = net_of_costs(move, 0.001, side=np.array([1.0, -1.0, 0.0, -1.0, 1.0]))
    np.testing.assert_allclose(net, [0.009, -0.011, 0.0, 0.009, np.nan], atol=1e-15)


def test_impossible_costs_and_sides_are_refused():
    with pytest.raises(LabelError, match=r"round_trip_cost is -0\.1"):
        net_of_costs(np.zeros(1), -0.1)
    with pytest.raises(LabelError, match="round_trip_cost is nan"):
        net_of_costs(np.zeros(1), float("nan"))
    with pytest.raises(LabelError, match="side must be"):
        net_of_costs(np.zeros(2), 0.0, side=np.array([1.0, 2.0]))
