"""Rounding in binary is rounding in decimals, to the last bit."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_quant.ledger.rounding import (
    decimal_rest,
    down,
    nearest,
    on_grid,
    product,
    reaches,
    round8,
    up,
)

STEPS = ["0.1", "0.01", "0.00001", "0.25", "0.0005", "1", "5", "0.125"]
PRICES = st.floats(1e-4, 2e5)
MODES = {
    "down": (down, ROUND_FLOOR),
    "up": (up, ROUND_CEILING),
    "nearest": (nearest, ROUND_HALF_UP),
}


def _whole(step: str) -> tuple[float, float]:
    digits = -int(Decimal(step).as_tuple().exponent)
    return float(int(Decimal(step).scaleb(digits))), float(10**digits)


def _decimal(value: float, step: str, mode: str) -> float:
    count = (Decimal(repr(value)) / Decimal(step)).quantize(Decimal(1), rounding=mode)
    return float(count * Decimal(step))


@pytest.mark.parametrize("name", MODES)
@pytest.mark.parametrize("step", STEPS)
@given(value=PRICES)
def test_a_price_comes_to_lie_where_decimals_put_it(name: str, step: str, value: float) -> None:
    function, mode = MODES[name]
    assert function(value, *_whole(step)) == _decimal(value, step, mode)


@pytest.mark.parametrize("name", MODES)
@pytest.mark.parametrize("step", STEPS)
@given(count=st.integers(1, 10**8))
def test_what_lies_on_a_step_stays_there(name: str, step: str, count: int) -> None:
    value = float(count * Decimal(step))
    assert MODES[name][0](value, *_whole(step)) == value


@pytest.mark.parametrize("name", MODES)
@pytest.mark.parametrize("step", STEPS)
@given(
    count=st.integers(1, 10**12),
    part=st.sampled_from([0, 1, 499, 500, 501, 999]),
    bits=st.integers(-3, 3),
)
def test_the_shorter_way_is_taken_far_from_edges_only(
    name: str, step: str, count: int, part: int, bits: int
) -> None:
    """Around whole and half steps, and around where the shorter way begins (`SURE`)."""
    value = float((count + Decimal(part) / 1000) * Decimal(step))
    for _ in range(abs(bits)):
        value = float(np.nextafter(value, np.inf if bits > 0 else 0.0))
    function, mode = MODES[name]
    assert function(value, *_whole(step)) == _decimal(value, step, mode)


@given(count=st.integers(1, 10**6))
def test_half_a_step_goes_up(count: int) -> None:
    assert nearest(count + 0.5, 1.0, 1.0) == count + 1.0
    assert nearest(float(Decimal(count) / 10 + Decimal("0.05")), 1.0, 10.0) == (count + 1) / 10


@given(value=st.floats(-1e5, 1e5))
def test_eight_digits_half_to_even(value: float) -> None:
    wanted = Decimal(value).quantize(Decimal("1e-8"), rounding=ROUND_HALF_EVEN)
    # scaling by 1e8 rounds once, so a value within a bit of half a digit may go either way
    assert abs(Decimal(round8(value)) - wanted) <= Decimal("1.0000001e-8")
    assert round8(round8(value)) == round8(value)
    assert round8(2.5e-8) == 2e-8
    assert round8(3.5e-8) == 4e-8


@given(cents=st.integers(0, 10**9), other=st.integers(0, 10**9))
def test_a_sum_of_cents_is_in_cents(cents: int, other: int) -> None:
    found = on_grid(cents / 100.0 + other / 100.0, 100.0)
    assert found == float(Decimal(cents + other) / 100)


def test_a_grid_finer_than_doubles_changes_nothing() -> None:
    assert on_grid(12345.678901234567, 1e15) == 12345.678901234567


@given(a=st.floats(1e-3, 1e8), b=st.floats(1e-3, 1e8))
def test_a_product_and_what_it_lost_are_the_product(a: float, b: float) -> None:
    whole, lost = product(a, b)
    assert whole == a * b
    assert Decimal(whole) + Decimal(lost) == Decimal(a) * Decimal(b)


@given(value=st.floats(1e-4, 1e7) | st.integers(1, 10**12).map(lambda n: n / 1e8))
def test_what_a_double_is_short_of_the_decimal_it_prints_as(value: float) -> None:
    rest = Decimal(repr(value)) - Decimal(value)
    assert decimal_rest(value) == pytest.approx(float(rest), rel=1e-9, abs=1e-32)


@given(
    count=st.integers(1, 10**5),
    part=st.integers(1, 10**6),
    more=st.integers(1, 50),
    ulps=st.integers(-3, 3),
)
def test_a_quotient_on_an_edge_falls_as_decimals_let_it(
    count: int, part: int, more: int, ulps: int
) -> None:
    """``part * held / whole`` with a whole some bits off the one that gives `count` steps."""
    stake, held = part / 100.0, count * more / 1000.0
    whole = stake * more
    for _ in range(abs(ulps)):
        whole = float(np.nextafter(whole, np.inf if ulps > 0 else 0.0))
    exact = Decimal(repr(stake)) * Decimal(repr(held)) / Decimal(repr(whole))
    wanted = Decimal(repr(float(exact))) >= Decimal(count) / 1000
    assert reaches(stake, held, whole, float(count), 1.0, 1000.0) == wanted
