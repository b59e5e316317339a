import numpy as np
import pytest
from support.situations import situation

from hydra_quant.settings import Signals
from hydra_quant.signals.crowding_fade import crowding_fade

SETTINGS = Signals()


def fire(move, **now):
    return crowding_fade(situation(move, **now), SETTINGS, 240)


@pytest.mark.parametrize(
    ("share", "move", "wanted"),
    [
        (0.7, -1, -1),
        (0.7, 0, -1),
        (0.7, 1, 0),
        (0.3, 1, 1),
        (0.3, 0, 1),
        (0.3, -1, 0),
        (0.6, -1, 0),
    ],
)
def test_a_crowd_is_faded_once_price_no_longer_rewards_it(share, move, wanted):
    assert fire(move, long_share=share).side[-1] == wanted


def test_large_accounts_on_the_other_side_add_confidence_and_absent_ones_none():
    told = {
        top: fire(-1, long_share=0.7, top_position_long_share=top).confidence[-1]
        for top in (0.3, 0.48, 0.5, 0.7, np.nan)
    }
    absent = fire(-1, long_share=0.7)
    assert absent.known[-1]
    assert told[0.3] > told[0.48] > told[0.5]
    assert told[0.5] == told[0.7] == pytest.approx(absent.confidence[-1])
    assert told[np.nan] == pytest.approx(absent.confidence[-1])


def test_confidence_by_hand():
    # 70 % is a third of the way again beyond 65 %; large accounts lean by 2 of 5 points
    beyond = 1.645 * (0.20 / 0.15 - 1)
    signal = fire(-1, long_share=0.7, top_position_long_share=0.48)
    assert signal.confidence[-1] == pytest.approx(1 - np.exp(-(beyond + 0.4 + 1) / 2) / 2)
    assert signal.thesis["against_crowd"][-1] == pytest.approx(-1.645 - beyond)
    assert signal.thesis["with_move"][-1] == pytest.approx(-1)
