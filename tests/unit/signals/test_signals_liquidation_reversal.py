import numpy as np
import pytest
from support.situations import situation

from hydra_quant.settings import Signals
from hydra_quant.signals.liquidation_reversal import liquidation_reversal

SETTINGS = Signals()
LONGS_HIT = {"liq_velocity": 0.004, "liq_imbalance": 0.9}


def fire(frame):
    return liquidation_reversal(frame, SETTINGS, 240)


def test_it_waits_until_the_burst_ebbs():
    running = situation(-3, **LONGS_HIT)
    assert fire(running).side[-1] == 0
    running.loc[len(running) - 2, "liq_velocity"] = 0.01
    assert fire(running).side[-1] == 1


def test_or_until_price_has_come_back_by_a_third():
    candle = situation(-3, **LONGS_HIT)
    opened, close = candle["open"].iloc[-1], candle["close"].iloc[-1]
    for back, side in ((0.30, 0), (0.35, 1)):
        candle.loc[len(candle) - 1, "low"] = opened * (close / opened) ** (1 / (1 - back))
        assert fire(candle).side[-1] == side


def test_an_e_fold_beyond_the_level_is_one_deviation():
    frame = situation(-2.5, liq_velocity=0.002 * np.e, liq_imbalance=0.9)
    frame.loc[len(frame) - 2, "liq_velocity"] = 0.01
    assert fire(frame).confidence[-1] == pytest.approx(1 - np.exp(-(1 + 0.5) / 2) / 2)


def test_a_level_of_nothing_is_beyond_any_burst_but_not_beyond_silence():
    frame = situation(-3, **LONGS_HIT | {"liq_velocity_high": 0.0})
    frame.loc[len(frame) - 2, "liq_velocity"] = 0.01
    assert fire(frame).side[-1] == 1
    assert 0.5 < fire(frame).confidence[-1] < 1
    frame.loc[len(frame) - 1, "liq_velocity"] = 0.0
    assert fire(frame).side[-1] == 0
    assert fire(frame).known[-1]


def test_the_thesis_keeps_the_strongest_burst_of_the_span():
    frame = situation(0, **LONGS_HIT)
    more = situation(0)
    for name in LONGS_HIT:
        more[name] = np.r_[np.zeros(len(more) - 3), frame[name].iloc[-1], 0.0, 0.0]
    burst = liquidation_reversal(more, Signals(delta_minutes=480), 240).thesis
    # twice the upper level, which is half as far from the lower: three times 1.645, nine tenths
    expected = 0.9 * 3 * 1.645
    np.testing.assert_allclose(burst["against_liquidations"][-3:], [expected, expected, 0.0])


def test_fewer_liquidations_than_usual_speak_for_nobody():
    thesis = fire(situation(-3, liq_velocity=0.0001, liq_imbalance=0.9)).thesis
    assert thesis["against_liquidations"][-1] == 0


def test_shorts_that_were_hit_are_bought_from():
    frame = situation(3, liq_velocity=0.004, liq_imbalance=-0.9)
    frame.loc[len(frame) - 2, "liq_velocity"] = 0.01
    signal = fire(frame)
    assert signal.side[-1] == -1
    assert signal.thesis["against_move"][-1] == pytest.approx(-3)
    assert signal.thesis["against_liquidations"][-1] < 0
