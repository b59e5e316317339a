import pytest
from support.situations import situation

from hydra_quant.settings import Signals
from hydra_quant.signals.oi_divergence import oi_divergence

SETTINGS = Signals()


def side(frame):
    return int(oi_divergence(frame, SETTINGS, 240).side[-1])


@pytest.mark.parametrize(("move", "wanted"), [(2, -1), (-2, 1), (0.9, 0), (-0.9, 0)])
def test_a_move_made_by_closing_is_faded(move, wanted):
    assert side(situation(move, oi_delta_pct=-0.03)) == wanted


@pytest.mark.parametrize("delta", [0.03, 0.0, -0.019])
def test_a_move_with_new_money_behind_it_is_left_alone(delta):
    assert side(situation(2, oi_delta_pct=delta)) == 0


def test_interest_that_grows_less_than_usual_is_not_closing():
    levels = {"oi_delta_pct_low": 0.01, "oi_delta_pct_high": 0.05}
    assert side(situation(2, oi_delta_pct=0.005, **levels)) == 0
    assert side(situation(2, oi_delta_pct=-0.005, **levels)) == -1


def test_new_interest_speaks_for_the_move_and_less_interest_against_it():
    for move in (2, -2):
        for delta in (0.02, -0.02):
            thesis = oi_divergence(situation(move, oi_delta_pct=delta), SETTINGS, 240).thesis
            wanted = 1.645 * (delta / 0.02) * (move / 2)
            assert thesis["interest_behind_move"][-1] == pytest.approx(wanted)
            assert thesis["against_move"][-1] == pytest.approx(-move)
