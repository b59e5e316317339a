"""Formulas of positioning, on tables that a trader can check."""

import numpy as np
import pytest

from hydra_quant.positioning import derived
from hydra_quant.positioning.derived import Steps

NAN = np.nan
HOUR = 3_600_000
MINUTE = 60_000


def table(*values):
    return np.array(values, dtype=float)


@pytest.mark.parametrize(
    ("candle_minutes", "delta_minutes", "steps"),
    [
        (5, 240, Steps(12, 48, 288)),
        (60, 240, Steps(1, 4, 24)),
        (240, 240, Steps(1, 1, 6)),
        (1440, 240, Steps(1, 1, 1)),  # a day is at least one candle, and so is an hour
        (45, 60, Steps(2, 2, 32)),
    ],
)
def test_spans_are_whole_candles(candle_minutes, delta_minutes, steps):
    assert Steps.of(candle_minutes * MINUTE, delta_minutes) == steps


def test_quantities_of_a_cascade():
    # candles of an hour; longs are forced out in the third one
    known = {
        "funding_rate": table(1e-4, 1e-4, 3e-4, 3e-4),
        "open_interest": table(100, 110, 88, NAN),
        "open_interest_value": table(1e6, 1e6, 8e5, 8e5),
        "long_liquidations_usd": table(0, 100, 15_000, 300),
        "short_liquidations_usd": table(0, 300, 5_000, NAN),
    }
    found = derived.quantities(known, Steps(hour=1, delta=1, day=2))
    np.testing.assert_allclose(found["oi_delta_pct"], [NAN, 0.1, -0.2, NAN])
    np.testing.assert_allclose(found["funding_momentum"], [NAN, NAN, 2e-4, 2e-4])
    np.testing.assert_allclose(found["liq_imbalance"], [0.0, -0.5, 0.5, NAN])
    np.testing.assert_allclose(found["liq_velocity"], [0.0, 4e-4, 0.025, NAN])


def test_an_hour_counts_only_when_every_candle_of_it_was_heard():
    heard = table(1, 2, NAN, 4, 5, 6)
    np.testing.assert_array_equal(derived.trailing_sum(heard, 2), [NAN, 3, NAN, NAN, 9, 11])
    np.testing.assert_array_equal(derived.trailing_sum(table(1, 2), 3), [NAN, NAN])
    np.testing.assert_array_equal(derived.trailing_sum(heard, 1), heard)


def test_nothing_is_divided_by_an_empty_market():
    np.testing.assert_array_equal(derived.ratio(table(1, 1, NAN), table(0, 2, 2)), [NAN, 0.5, NAN])


def test_a_settlement_is_paid_in_the_candle_in_which_it_becomes_known():
    event = table(0, 0, 8, 8, 16, 16) * HOUR
    rate = table(1e-4, 1e-4, -2e-4, -2e-4, 3e-4, NAN)
    np.testing.assert_array_equal(derived.settled(rate, event), [NAN, 0.0, -2e-4, 0.0, 3e-4, NAN])


def test_the_first_settlement_ever_is_paid_where_it_is_first_known():
    event, rate = table(NAN, NAN, 8, 8) * HOUR, table(NAN, NAN, 1e-4, 1e-4)
    np.testing.assert_array_equal(derived.settled(rate, event), [NAN, NAN, 1e-4, 0.0])


@pytest.mark.parametrize(
    ("hours", "a_year"),
    [
        ((0, 0, 8, 8, 16), [1095, 1095, 1095, 1095, 1095]),
        ((0, 0, 4, 4, 8), [1095, 1095, 2190, 2190, 2190]),
        ((0, 1, 1, 1, 2), [1095, 8760, 8760, 8760, 8760]),
        ((0, 0, 16, 16, 20), [1095, 1095, 1095, 1095, 2190]),  # one was missed: 16 h mean nothing
        ((NAN, NAN, NAN, 8, 12), [1095, 1095, 1095, 1095, 2190]),
    ],
)
def test_settlements_a_year_follow_the_interval(hours, a_year):
    np.testing.assert_allclose(derived.settlements_a_year(table(*hours) * HOUR), a_year)


def test_what_never_moved_has_no_standard_value():
    found = derived.standard(table(3, 3, 1), table(1, 1, NAN), table(2, 0, 1))
    np.testing.assert_array_equal(found, [1.0, NAN, NAN])
