"""Stops: known answers (the theorems are in tests/properties)."""

import math

import pytest

from hydra_quant.risk.stops import first_stop, tightest, trailing_stop
from hydra_quant.settings import Risk


@pytest.mark.parametrize(
    ("entry", "atr", "is_short", "wanted"),
    [(100.0, 2.0, False, 96.0), (100.0, 2.0, True, 104.0), (1.0, 5.0, False, 0.1)],
)
def test_first_stop(entry, atr, is_short, wanted):
    assert first_stop(entry, atr, is_short, 2.0) == pytest.approx(wanted)


@pytest.mark.parametrize(("entry", "atr"), [(0.0, 1.0), (1.0, 0.0), (1.0, math.nan), (math.nan, 1)])
def test_no_first_stop_from_nonsense(entry, atr):
    with pytest.raises(ValueError, match="no stop for"):
        first_stop(entry, atr, False, 2.0)


@pytest.mark.parametrize(
    ("price", "is_short", "wanted"),
    [
        (101.9, False, None),
        (102.01, False, 102.01 * 0.99),
        (110.0, False, 108.9),
        (98.1, True, None),
        (97.99, True, 97.99 * 1.01),
        (90.0, True, 90.9),
        (math.nan, False, None),
    ],
)
def test_trailing_stop_of_an_entry_at_100(price, is_short, wanted):
    found = trailing_stop(100.0, price, is_short, Risk())
    assert found == (wanted if wanted is None else pytest.approx(wanted))


@pytest.mark.parametrize(
    ("offers", "in_force", "is_short", "wanted"),
    [
        ([], 90.0, False, None),
        ([None, None], 90.0, False, None),
        ([95.0, None, 93.0], 90.0, False, 95.0),
        ([89.0], 90.0, False, None),
        ([90.0], 90.0, False, None),
        ([105.0, 107.0], 110.0, True, 105.0),
        ([111.0], 110.0, True, None),
    ],
)
def test_tightest(offers, in_force, is_short, wanted):
    assert tightest(offers, in_force, is_short) == wanted
