import numpy as np
import pandas as pd

from hydra_quant.signals.levels import LEVEL_SIGMAS, MOST_SIGMAS, column, score


def frame(value, low, high):
    return pd.DataFrame({"x": value, "x_low": low, "x_high": high}, dtype=float)


def test_a_level_is_1645_deviations_from_the_middle_of_both():
    values = [-3.0, -1.0, 1.0, 3.0, 5.0]
    np.testing.assert_allclose(
        score(frame(values, -1.0, 3.0), "x"),
        np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) * LEVEL_SIGMAS,
    )


def test_for_a_normal_quantity_with_its_own_quantiles_it_is_the_z_score():
    values = np.random.default_rng(0).normal(7.0, 3.0, 100_000)
    low, high = np.quantile(values, [0.05, 0.95])
    np.testing.assert_allclose(score(frame(values, low, high), "x"), (values - 7) / 3, atol=0.06)


def test_beyond_two_levels_that_are_one_is_at_the_level():
    scored = score(frame([0.9, 1.0, 1.1], 1.0, 1.0), "x")
    np.testing.assert_array_equal(scored, [-LEVEL_SIGMAS, 0.0, LEVEL_SIGMAS])


def test_scores_are_cut_off():
    scored = score(frame([-1e9, 1e9], 0.0, 1e-12), "x")
    np.testing.assert_array_equal(scored, [-MOST_SIGMAS, MOST_SIGMAS])


def test_what_is_not_known_has_no_score():
    nan = np.nan
    scored = score(frame([nan, 1.0, 1.0], [0.0, nan, 0.0], [1.0, 1.0, nan]), "x")
    assert np.isnan(scored).all()


def test_a_column_that_is_not_there_is_not_known():
    assert np.isnan(column(frame([1.0, 2.0], 0.0, 1.0), "y")).all()
    np.testing.assert_array_equal(column(frame([1, 2], 0, 1), "x"), [1.0, 2.0])
