"""Mean reversion: minus the Bollinger z-score."""

import numpy as np
import pandas as pd
import pytest
import talib

from hydra_quant.signals.mean_reversion import lookback, mean_reversion


def walk(n=300, seed=5):
    return 100 + np.random.default_rng(seed).standard_normal(n).cumsum()


def test_equals_the_pandas_formula():
    close = pd.Series(walk())
    z = (close - close.rolling(20).mean()) / close.rolling(20).std(ddof=0)
    np.testing.assert_allclose(mean_reversion(close.to_numpy()), (-z / 2).clip(-1, 1), rtol=1e-9)


def test_reaches_a_full_vote_exactly_at_the_bollinger_bands():
    close = walk()
    upper, _, lower = talib.BBANDS(close, timeperiod=20, nbdevup=2.0, nbdevdn=2.0)
    vote = mean_reversion(close)
    seen = ~np.isnan(vote)
    assert (vote[seen] == -1.0).sum() == (close[seen] >= upper[seen]).sum() > 0
    assert (vote[seen] == 1.0).sum() == (close[seen] <= lower[seen]).sum() > 0


def test_known_answer():
    # window 2 of (1, 3): mean 2, sigma 1, z 1, vote -1/2
    np.testing.assert_allclose(mean_reversion(np.array([1.0, 3.0]), window=2), [np.nan, -0.5])


def test_a_flat_window_votes_0():
    np.testing.assert_array_equal(mean_reversion(np.full(25, 0.1))[19:], 0.0)


@pytest.mark.parametrize("n", [0, 1, 19, 20, 40])
def test_warm_up_is_the_lookback(n):
    assert np.isnan(mean_reversion(walk(n))).sum() == min(n, lookback())


def test_a_missing_close_silences_its_windows_and_no_more():
    close = walk(60)
    close[30] = np.nan
    missing = np.flatnonzero(np.isnan(mean_reversion(close)))
    assert missing.tolist() == [*range(19), *range(30, 50)]
