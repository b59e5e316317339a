"""A short is a long in the mirrored market."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_quant.heads.orientation import INVERTED, SIGNED, SWAPPED, oriented
from hydra_quant.heads.scorer_features import AT, NAMES

SIDE = AT["signal_direction"]


def rows(seed, n=20):
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(n, len(NAMES)))
    found[rng.random(found.shape) < 0.1] = np.nan
    found[:, SIDE] = rng.choice([-1.0, 1.0], n)
    return found


def test_one_short_signal_read_by_a_trader():
    short = np.zeros((1, len(NAMES)))
    short[0, SIDE] = -1
    given_ = {
        "return_1h": -0.02, "rsi_14": 30.0, "funding_rate_zscore": 2.0, "long_short_ratio": 4.0,
        "bid_depth_usd": 1e6, "ask_depth_usd": 3e6, "regime_trending_down": 1.0,
        "signal_confidence": 0.7, "atr_14": 0.01, "oi_delta_zscore": 1.5,
    }  # fmt: skip
    for name, value in given_.items():
        short[0, AT[name]] = value
    seen = oriented(short)[0]
    wanted = {
        "return_1h": 0.02, "rsi_14": 70.0, "funding_rate_zscore": -2.0, "long_short_ratio": 0.25,
        "bid_depth_usd": 3e6, "ask_depth_usd": 1e6, "regime_trending_down": 0.0,
        "regime_trending_up": 1.0, "signal_confidence": 0.7, "atr_14": 0.01,
        "oi_delta_zscore": 1.5, "signal_direction": -1.0,
    }  # fmt: skip
    assert {name: seen[AT[name]] for name in wanted} == wanted


@given(seed=st.integers(0, 1000))
def test_longs_stay_and_twice_is_once_mirrored_back(seed):
    given_ = rows(seed)
    kept = given_.copy()
    seen = oriented(given_)
    np.testing.assert_array_equal(given_, kept)  # the caller's rows are left alone
    longs = given_[:, SIDE] > 0
    np.testing.assert_array_equal(seen[longs], given_[longs])
    np.testing.assert_allclose(oriented(seen), given_, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(np.isnan(seen).sum(axis=1), np.isnan(given_).sum(axis=1))


def test_nothing_else_is_touched():
    turned = {*SIGNED, *INVERTED, *(name for pair in SWAPPED for name in pair), "rsi_14"}
    given_ = rows(1)
    given_[:, SIDE] = -1
    seen = oriented(given_)
    for name in set(NAMES) - turned:
        np.testing.assert_array_equal(seen[:, AT[name]], given_[:, AT[name]])
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(seen[:, AT["rsi_14"]], given_[:, AT["rsi_14"]])
