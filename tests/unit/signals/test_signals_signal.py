import numpy as np
import pytest

from hydra_quant.signals.signal import MOST_EXCESS, confidence_of, health, speak


def one(value):
    return np.array([float(value)])


def test_confidence_is_one_half_at_the_threshold_and_rises_with_distance():
    told = confidence_of(np.array([-1.0, 0.0, 0.5, 1.0, 2.0]))
    assert told[0] == told[1] == 0.5
    assert np.all(np.diff(told[1:]) > 0)
    assert told[3] == pytest.approx(1 - np.exp(-1) / 2)


def test_one_wild_input_does_not_speak_for_the_others():
    assert confidence_of(one(1e6), one(0)) == confidence_of(one(MOST_EXCESS), one(0))
    assert confidence_of(one(1e6)) < 1


def test_a_missing_excess_has_no_confidence():
    assert np.isnan(confidence_of(one(np.nan), one(1)))


def test_a_signal_is_silent_where_an_input_is_missing():
    yes, no = np.array([True, True, False]), np.array([False, False, True])
    signal = speak(
        yes,
        no,
        inputs=(np.array([1.0, np.nan, 1.0]),),
        excesses=(np.zeros(3),),
        holding_minutes=60,
        thesis={},
    )
    assert signal.side.tolist() == [1, 0, -1]
    assert signal.side.dtype == np.int8
    assert signal.known.tolist() == [True, False, True]
    assert signal.confidence.tolist() == [0.5, 0.0, 0.5]


@pytest.mark.parametrize(
    ("entry", "now", "side", "left"),
    [
        ((2, 1), (2, 1), 1, 1.0),
        ((2, 1), (1, 1), 1, 0.75),
        ((2, 1), (3, 0.5), 1, 0.75),  # more than at entry is no more than whole
        ((2, 1), (-1, 1), 1, 0.5),  # turned against the trade: nothing left of that part
        ((-2, -1), (-1, -1), -1, 0.75),
        ((2, -1), (1, 5), 1, 0.5),  # a part that never supported does not count
        ((2, 1), (np.nan, 0.5), 1, 0.5),
        ((-2, 0), (1, 1), 1, np.nan),
    ],
)
def test_health(entry, now, side, left):
    told = health(np.array(now, float), np.array(entry, float), np.array(side))
    np.testing.assert_allclose(told, left)
