"""The triple barrier on candles a trader can read, and what it refuses."""

import numpy as np
import pytest

from hydra_quant.labels import LabelError, triple_barrier, volatility_barriers

# Entry at the close of row 0 (100), upper barrier 102, lower barrier 99, 3 candles.
#         row 1        row 2        row 3
TABLE = {
    "up in 2": ([(101, 100), (103, 100), (101, 100)], 1.0, 2.0),
    "down in 1": ([(101, 98), (103, 100), (103, 100)], -1.0, 1.0),
    "neither": ([(101, 100), (101, 100), (101, 99.5)], 0.0, 3.0),
    "touching counts": ([(102, 100), (100, 100), (100, 100)], 1.0, 1.0),
    "last candle counts": ([(101, 100), (101, 100), (101, 99)], -1.0, 3.0),
    "both in one candle": ([(101, 100), (105, 95), (101, 100)], -1.0, 2.0),
    "down before up": ([(101, 99), (105, 100), (105, 100)], -1.0, 1.0),
    "hole before": ([(np.nan, 100), (105, 100), (105, 100)], np.nan, np.nan),
    "hole after": ([(105, 100), (np.nan, np.nan), (105, 100)], 1.0, 1.0),
    "hole at the end": ([(101, 100), (101, 100), (101, np.nan)], np.nan, np.nan),
}


def one(candles, **more):
    high, low = np.array([(100.0, 100.0), *candles], dtype=float).T
    label, touch = triple_barrier(high, low, np.full(4, 100.0), 0.02, 0.01, 3, **more)
    return label[0], touch[0]


@pytest.mark.parametrize(("candles", "label", "touch"), TABLE.values(), ids=TABLE)
def test_which_barrier_is_met_first(candles, label, touch):
    np.testing.assert_array_equal(one(candles), (label, touch))


def test_for_a_short_trade_the_bad_case_is_the_upper_barrier():
    assert one(TABLE["both in one candle"][0], side=-1) == (1.0, 2.0)
    assert one(TABLE["down in 1"][0], side=-1) == (-1.0, 1.0)


def test_the_entry_candle_itself_does_not_count():
    high, low = np.array([200.0, 100, 100]), np.array([50.0, 100, 100])
    label, touch = triple_barrier(high, low, np.full(3, 100.0), 0.01, 0.01, 2)
    assert (label[0], touch[0]) == (0.0, 2.0)


def test_barriers_may_differ_by_row_and_an_unknown_barrier_is_unknown():
    close = np.array([100.0, 103.0, 100.0, 103.0, 103.0])
    label, _ = triple_barrier(close, close, close, [0.02, 0.02, 0.05, 0.02, 0.02], 0.01, 1)
    np.testing.assert_array_equal(label, [1.0, -1.0, 0.0, 0.0, np.nan])
    label, _ = triple_barrier(close, close, close, [np.nan, 0.02, 0.02, 0.02, 0.02], 0.01, 1)
    assert np.isnan(label[0])


MISTAKES = {
    "zero barrier": ({"upper": 0.0}, "upper barrier must be a positive share"),
    "negative barrier": ({"lower": -0.01}, "lower barrier must be a positive share"),
    "whole price": ({"lower": 1.0}, "lower barrier of 1 or more"),
    "length": ({"upper": [0.01, 0.02]}, r"upper barrier has shape \(2,\)"),
    "horizon": ({"horizon": 0}, "horizon is 0"),
    "side": ({"side": 2}, "side is 2"),
    "arrays": ({"high": np.ones(4)}, r"high \(4,\), low \(5,\)"),
}


@pytest.mark.parametrize(("change", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_one_clear_line(change, message):
    candles = {name: np.full(5, 100.0) for name in ("high", "low", "close")}
    with pytest.raises(LabelError, match=message):
        triple_barrier(**(candles | {"upper": 0.01, "lower": 0.01, "horizon": 2} | change))


def test_volatility_barriers_are_deviations_scaled_to_the_horizon():
    close = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 200)))
    barriers = volatility_barriers(close, rows=30, horizon=4, multiple=1.5)
    expected = 1.5 * np.diff(np.log(close))[69:99].std(ddof=1) * 2.0
    assert barriers[99] == pytest.approx(expected)
    assert np.isnan(barriers[:30]).all()
    assert np.isfinite(barriers[30:]).all()


def test_without_movement_there_is_no_barrier():
    assert np.isnan(volatility_barriers(np.full(50, 3.0), 20, 4, 1.0)).all()


def test_a_wild_barrier_stays_above_a_price_of_zero():
    close = np.tile([1.0, 100.0], 50)
    barriers = volatility_barriers(close, 20, 100, 5.0)
    assert np.nanmax(barriers) < 1.0
    triple_barrier(close, close, close, barriers, barriers, 3)


@pytest.mark.parametrize(("rows", "multiple"), [(1, 1.0), (20, 0.0), (20, float("nan"))])
def test_volatility_barriers_refuse_nonsense(rows, multiple):
    with pytest.raises(LabelError, match="at least 2"):
        volatility_barriers(np.ones(50), rows, 4, multiple)
