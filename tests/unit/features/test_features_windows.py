"""Window statistics against a plain loop, and the finite memory of exponential averages."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hydra_quant.features import bars, decay, windows
from hydra_quant.features.kernels import TILE
from hydra_quant.features.order import window_order

SERIES = arrays(np.float64, st.integers(1, 90), elements=st.floats(-1e6, 1e6, width=32))
GRID = arrays(np.float64, st.integers(2, 90), elements=st.integers(-3, 3).map(float))
ROWS = st.integers(2, 70)
LAWFUL = settings(max_examples=60, deadline=None)
TREND = {
    "sum": (windows.window_sum, np.sum),
    "mean": (windows.window_mean, np.mean),
    "deviations": (windows.window_deviations, lambda w: np.sum((w - w.mean()) ** 2)),
    "trend": (
        windows.window_trend,
        lambda w: np.sum((w - w.mean()) * (np.arange(len(w)) - (len(w) - 1) / 2)),
    ),
    "max": (windows.window_max, np.max),
    "min": (windows.window_min, np.min),
    "since max": (windows.rows_since_max, lambda w: float(np.argmax(w[::-1]))),
}


def loop(statistic, series, rows):
    values = np.full(len(series), np.nan)
    for t in range(rows - 1, len(series)):
        values[t] = statistic(series[t - rows + 1 : t + 1])
    return values


@pytest.mark.parametrize(("ours", "statistic"), TREND.values(), ids=TREND)
@LAWFUL
@given(series=SERIES, rows=ROWS)
def test_a_window_statistic_is_that_of_its_window(ours, statistic, series, rows):
    size = max(np.abs(series).max(), 1.0) * rows
    atol = 1e-12 * (size**2 if statistic is TREND["deviations"][1] else size * rows)
    np.testing.assert_allclose(ours(series, rows), loop(statistic, series, rows), atol=atol)


@LAWFUL
@given(series=GRID, rows=ROWS)
def test_ties_and_order_statistics(series, rows):
    lower, upper, rank = window_order(series, rows)
    np.testing.assert_allclose(lower, loop(lambda w: np.quantile(w, 0.2), series, rows), atol=1e-12)
    np.testing.assert_allclose(upper, loop(lambda w: np.quantile(w, 0.8), series, rows), atol=1e-12)

    def middle_rank(w):
        return ((w < w[-1]).sum() + ((w == w[-1]).sum() - 1) / 2) / (len(w) - 1)

    np.testing.assert_allclose(rank, loop(middle_rank, series, rows), atol=1e-12)
    np.testing.assert_array_equal(
        windows.rows_since_max(series, rows), loop(lambda w: np.argmax(w[::-1]), series, rows)
    )


@LAWFUL
@given(price=st.floats(1e-8, 1e8), rows=ROWS)
def test_a_flat_window_has_exactly_no_deviation(price, rows):
    flat = np.full(100, price)
    other = np.sin(np.arange(100.0))
    for values in (
        windows.window_deviations(flat, rows),
        windows.window_codeviations(flat, other, rows),
        windows.window_codeviations(other, flat, rows),
        windows.window_trend(flat, rows),
    ):
        np.testing.assert_array_equal(values[rows - 1 :], 0.0)


@LAWFUL
@given(x=SERIES, rows=ROWS, seed=st.integers(0, 99))
def test_codeviations(x, rows, seed):
    y = np.random.default_rng(seed).normal(size=len(x))
    expected = np.full(len(x), np.nan)
    for t in range(rows - 1, len(x)):
        a, b = x[t - rows + 1 : t + 1], y[t - rows + 1 : t + 1]
        expected[t] = np.sum((a - a.mean()) * (b - b.mean()))
    atol = 1e-10 * max(np.abs(x).max(), 1.0)
    np.testing.assert_allclose(windows.window_codeviations(x, y, rows), expected, atol=atol)


@pytest.mark.parametrize("rows", [1, 2, 63, 64, 200])
def test_tiles_do_not_show(rows):
    series = np.random.default_rng(1).normal(size=3 * TILE + 17)
    whole = windows.window_deviations(series, rows)
    for start in (1, TILE - 1, TILE + 5):
        part = windows.window_deviations(series[start:], rows)
        np.testing.assert_array_equal(part[rows - 1 :], whole[start + rows - 1 :])


@pytest.mark.parametrize("name", TREND)
def test_a_missing_value_blanks_exactly_the_windows_that_hold_it(name):
    series = np.random.default_rng(2).normal(size=200)
    series[[90, 93]] = np.nan
    missing = np.isnan(TREND[name][0](series, 21))
    expected = np.zeros(200, dtype=bool)
    expected[:20] = expected[90:114] = True
    np.testing.assert_array_equal(missing, expected)


def test_small_movement_on_a_high_price_is_measured_not_rounded():
    series = 1e5 + np.tile([0.0, 1e-6], 50)
    measured = windows.window_deviations(series, 60)[-1]
    assert measured == pytest.approx(60 * 0.25e-12, rel=1e-4)


@pytest.mark.parametrize("span", [5, 10, 20, 50, 200])
def test_an_ema_forgets_all_but_the_seed_tolerance(span):
    factor, rows = decay.ema_decay(span), decay.ema_rows(span)
    assert factor**rows <= decay.SEED_MEMORY < factor ** (0.85 * rows)
    jump = np.r_[np.full(rows, 1.0), np.zeros(rows)]
    average = decay.ema(jump, span)
    np.testing.assert_allclose(average[rows - 1], 1.0)
    assert average[2 * rows - 2] < decay.SEED_MEMORY  # one old value in the window
    assert average[2 * rows - 1] == 0.0  # and none


@LAWFUL
@given(series=arrays(np.float64, 150, elements=st.floats(0, 1)), span=st.sampled_from([5, 10, 20]))
def test_an_ema_is_the_recursive_one_to_within_the_tolerance(series, span):
    recursive, factor = series[0], decay.ema_decay(span)
    for value in series[1:]:
        recursive = factor * recursive + (1.0 - factor) * value
    assert decay.ema(series, span)[-1] == pytest.approx(recursive, abs=2 * decay.SEED_MEMORY)


def test_wilder_is_an_ema_of_twice_the_span_less_one():
    series = np.random.default_rng(3).normal(size=500)
    np.testing.assert_allclose(decay.wilder(series, 14), decay.ema(series, 27))


@LAWFUL
@given(x=SERIES, rows=st.lists(ROWS, min_size=1, max_size=4, unique=True))
def test_windows_computed_together_are_those_computed_alone(x, rows):
    y, windows_ = np.random.default_rng(len(x)).normal(size=len(x)), tuple(rows)
    ours = {
        "sum": (windows.windows_sum(x, windows_), lambda n: windows.window_sum(x, n)),
        "mean": (windows.windows_mean(x, windows_), lambda n: windows.window_mean(x, n)),
        "products": (
            windows.windows_codeviations(x, y, windows_),
            lambda n: windows.window_codeviations(x, y, n),
        ),
    }
    for together, alone in ours.values():
        for row, n in zip(together, rows, strict=True):
            np.testing.assert_array_equal(row, alone(n))


@LAWFUL
@given(series=GRID, rows=ROWS, missing=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_order_statistics_forget_a_missing_value(series, rows, missing):
    spoiled = np.r_[series, missing, series]
    for ours, clean in zip(window_order(spoiled, rows), window_order(series, rows), strict=True):
        np.testing.assert_array_equal(ours, np.r_[clean, np.nan, clean])


def test_a_quotient_by_zero_is_neutral_and_a_missing_value_stays_missing():
    top = np.array([1.0, 0.0, np.nan, 2.0, np.nan, -3.0])
    bottom = np.array([0.0, -0.0, 0.0, np.nan, 4.0, 2.0])
    expected = [0.5, 0.5, np.nan, np.nan, np.nan, -1.5]
    np.testing.assert_array_equal(bars.ratio(top, bottom, 0.5), expected)
