import numpy as np
import pytest

from hydra_quant.settings import SettingsError, Signals
from hydra_quant.signals import price

ZIGZAG = 100 * np.exp(np.cumsum(np.r_[np.tile([0.01, -0.01], 4), 0.03, 0.0, 0.02]))


def test_a_move_is_measured_in_the_usual_moves_before_it():
    # the eight returns before are ±1 %, so their deviation is 1 %
    sigmas = price.move_sigmas(np.r_[100.0, ZIGZAG], 1, 8)
    assert sigmas[9] == pytest.approx(3.0)
    assert np.isnan(sigmas[:9]).all()


def test_the_judged_move_is_not_part_of_its_own_yardstick_and_a_longer_one_has_a_longer_unit():
    sigmas = price.move_sigmas(np.r_[100.0, ZIGZAG], 3, 8)
    assert sigmas[-1] == pytest.approx(5 / np.sqrt(3))
    assert np.isnan(sigmas[:11]).all()


def test_where_price_never_moved_there_is_no_usual_move():
    assert np.isnan(price.move_sigmas(np.full(20, 7.0), 2, 5)).all()
    assert np.isnan(price.liveliness(np.full(20, 7.0), 2, 5)).all()


def test_a_market_twice_as_lively_as_it_was():
    returns = np.r_[np.tile([0.01, -0.01], 10), np.tile([0.02, -0.02], 3)]
    lively = price.liveliness(np.exp(np.r_[0.0, np.cumsum(returns)]), 6, 20)
    assert lively[-1] == pytest.approx(2.0)
    assert np.isnan(lively[:-1]).all()


def test_how_far_the_close_has_come_back():
    high, low = np.exp([4.0, 3.0, 2.0]), np.exp([1.0, 0.0, 1.0])
    close = np.exp([2.0, 2.0, 1.0])
    from_low, from_high = price.retraced(high, low, close, 2)
    assert np.isnan(from_low[0])
    np.testing.assert_allclose(from_low[1:], [2 / 4, 1 / 3])
    np.testing.assert_allclose(from_high[1:], [2 / 4, 2 / 3])


def test_a_span_without_range_has_given_nothing_back():
    one = np.full(4, 5.0)
    from_low, from_high = price.retraced(one, one, one, 2)
    np.testing.assert_array_equal([from_low[1:], from_high[1:]], 0.0)


def test_times_are_rounded_up_to_candles():
    assert [price.candles_of(m, 60) for m in (5, 60, 61, 240)] == [1, 1, 2, 4]


def test_a_span_that_cannot_be_remembered_is_refused_with_the_remedy():
    assert price.span_candles(Signals(delta_minutes=480), 1) == 480
    with pytest.raises(
        SettingsError, match=r"signals\.delta_minutes is 2405.*make it 2400 or less"
    ):
        price.span_candles(Signals(delta_minutes=2405), 5)


def test_the_lookback_is_where_the_values_begin():
    rng = np.random.default_rng(0)
    close = np.exp(np.cumsum(rng.standard_normal(400) * 0.01))
    settings = Signals(delta_minutes=1800)
    span, lookback = price.span_candles(settings, 60), price.lookback(settings, 60)
    first = np.flatnonzero(np.isfinite(price.move_sigmas(close, span)))[0]
    assert first == lookback == 270
    assert np.flatnonzero(np.isfinite(price.liveliness(close)))[0] == 264 <= lookback
    assert price.lookback(Signals(), 60) == 264
