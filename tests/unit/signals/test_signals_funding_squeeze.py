import numpy as np
import pytest
from support.situations import situation

from hydra_quant.settings import Signals
from hydra_quant.signals.funding_squeeze import funding_squeeze

SETTINGS = Signals()


def side(frame):
    return int(funding_squeeze(frame, SETTINGS, 240).side[-1])


def test_a_crowd_that_pays_and_loses_is_squeezed():
    assert side(situation(-1, funding_rate=6e-4, oi_delta_pct=0.03)) == -1
    assert side(situation(1, funding_rate=-6e-4, oi_delta_pct=0.03)) == 1


def test_it_takes_all_three():
    assert side(situation(-1, funding_rate=4e-4, oi_delta_pct=0.03)) == 0
    assert side(situation(-1, funding_rate=6e-4, oi_delta_pct=0.01)) == 0
    assert side(situation(1, funding_rate=6e-4, oi_delta_pct=0.03)) == 0
    assert side(situation(0, funding_rate=6e-4, oi_delta_pct=0.03)) == 0


def test_who_is_paid_is_no_payer_however_unusual_it_is():
    levels = {"funding_rate_low": -9e-4, "funding_rate_high": -5e-4, "oi_delta_pct": 0.03}
    assert side(situation(-1, funding_rate=-4e-4, **levels)) == 0
    assert side(situation(-1, funding_rate=1e-6, **levels)) == -1


def test_interest_that_only_falls_less_than_usual_is_not_building():
    levels = {"oi_delta_pct_low": -0.09, "oi_delta_pct_high": -0.01, "funding_rate": 6e-4}
    assert side(situation(-1, oi_delta_pct=-0.001, **levels)) == 0
    assert side(situation(-1, oi_delta_pct=0.001, **levels)) == -1


def test_the_thesis_is_signed_for_a_long_position():
    signal = funding_squeeze(situation(-1, funding_rate=5e-4, oi_delta_pct=0.02), SETTINGS, 240)
    told = {part: support[-1] for part, support in signal.thesis.items()}
    assert told == pytest.approx(
        {"against_funding": -1.645, "interest_behind_move": -1.645, "with_move": -1.0}
    )
    assert np.isfinite(signal.thesis["against_funding"]).all()
    assert signal.holding_minutes == SETTINGS.funding_squeeze_minutes
