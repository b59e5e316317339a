"""The yardsticks: ATR of the horizon, and shocks."""

import numpy as np
import pandas as pd
import pytest
import talib

from hydra_quant.risk.volatility import horizon_atr, shock_sigmas


def bars(n=400, seed=2):
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(n)))
    return close * 1.004, close * 0.997, close


def test_horizon_1_is_the_plain_atr():
    high, low, close = bars()
    wanted = pd.Series(talib.TRANGE(high, low, close)).rolling(14).mean()
    np.testing.assert_allclose(horizon_atr(high, low, close, 1), wanted, rtol=1e-12)


@pytest.mark.parametrize("horizon", [1, 2, 3, 12])
def test_a_longer_horizon_is_the_mean_true_range_of_longer_bars(horizon):
    """Oracle: every bar of `horizon` candles, one by one."""
    high, low, close = bars(300)
    blocks, t = 14, 290
    ranges = []
    for end in range(t - horizon * (blocks - 1), t + 1):
        start = end - horizon + 1
        top = max(high[start : end + 1].max(), close[start - 1])
        ranges.append(top - min(low[start : end + 1].min(), close[start - 1]))
    np.testing.assert_allclose(horizon_atr(high, low, close, horizon)[t], np.mean(ranges))


def test_grows_about_with_the_root_of_the_horizon():
    high, low, close = bars(3000)
    ratio = np.nanmean(horizon_atr(high, low, close, 16)) / np.nanmean(
        horizon_atr(high, low, close, 1)
    )
    assert 2.5 < ratio < 5.5


@pytest.mark.parametrize("n", [0, 1, 28, 29, 100])
def test_atr_warm_up(n):
    assert np.isnan(horizon_atr(*bars(n), 2)).sum() == min(n, 28)


def test_shock_equals_the_pandas_formula():
    _, _, close = bars()
    returns = np.log(pd.Series(close)).diff()
    wanted = returns.abs() / returns.rolling(60).std(ddof=0).shift(1)
    np.testing.assert_allclose(shock_sigmas(close), wanted, rtol=1e-9)


@pytest.mark.parametrize("n", [0, 1, 61, 62, 100])
def test_shock_warm_up(n):
    assert np.isnan(shock_sigmas(bars(n)[2])).sum() == min(n, 61)


def test_repeated_prices_are_no_shock_and_the_first_move_after_them_is():
    close = np.full(80, 0.3)
    np.testing.assert_array_equal(shock_sigmas(close)[61:], 0.0)
    close[70:] = 0.3001
    shock = shock_sigmas(close)
    assert np.isinf(shock[70])
    np.testing.assert_array_equal(shock[71:], 0.0)


def test_a_missing_close_is_never_small():
    close = bars(200)[2]
    close[100] = np.nan
    assert np.isnan(shock_sigmas(close)[100:162]).all()
    assert np.isfinite(shock_sigmas(close)[162:]).all()
