"""The planted part: found at edge 1, absent at edge 0, and a function of public candles."""

from functools import cache

import numpy as np
import pytest

from hydra_quant.sandbox.market import MarketSpec, SyntheticMarket, planted_driver
from hydra_quant.sandbox.market.spec import DAY_MS

DAYS, HOUR = 60, 60
SEEDS = (1, 2, 3)


@cache
def closes(edge: float, seed: int) -> np.ndarray:
    market = SyntheticMarket(MarketSpec(seed=seed, edge=edge, crash_per_year=0.0))
    start = market.spec.epoch_ms
    ends = [market.candles(p, "1m", start, start + DAYS * DAY_MS)["close"] for p in market.pairs]
    return np.stack([series.to_numpy() for series in ends])


def coefficient(edge: float, seed: int) -> float:
    """Pooled correlation of the driver at 5m closes with the next hour's scaled return."""
    prices = closes(edge, seed)
    driver = planted_driver(prices)[:, 1440:-HOUR:5]
    log = np.log(prices)
    scale = np.sqrt(np.cumsum(np.diff(log, prepend=log[:, :1]) ** 2, axis=1))
    recent = np.sqrt(scale[:, 1440:] ** 2 - scale[:, :-1440] ** 2)[:, :-HOUR:5]
    ahead = (log[:, HOUR:] - log[:, :-HOUR])[:, 1440::5]
    return float(np.corrcoef(driver.ravel(), (ahead / recent).ravel())[0, 1])


def test_nothing_planted_is_not_found_and_something_planted_is():
    nothing = [coefficient(0.0, seed) for seed in SEEDS]
    planted = [coefficient(1.0, seed) for seed in SEEDS]
    # Hourly overlap and common moves leave some 1 500 independent rows a seed: error about .02.
    assert abs(np.mean(nothing)) < 0.035
    assert 0.04 < np.mean(planted) < 0.12
    assert np.mean(planted) - np.mean(nothing) > 0.035


def test_the_driver_uses_the_past_alone():
    prices = closes(0.0, 1)[:, :4000]
    changed = prices.copy()
    changed[:, 3000:] *= 1.1
    before, after = planted_driver(prices), planted_driver(changed)
    np.testing.assert_array_equal(before[:, :3000], after[:, :3000])
    assert not np.array_equal(before[:, 3000], after[:, 3000])


def test_the_driver_does_not_depend_on_the_price_level():
    prices = closes(0.0, 1)[:, :3000]
    np.testing.assert_allclose(planted_driver(1000 * prices), planted_driver(prices), atol=1e-6)


@pytest.mark.parametrize("row", [1, 5])
def test_a_pair_that_ran_ahead_is_expected_back_and_follows_its_leader(row):
    flat = np.full((8, 3000), 100.0) * np.exp(1e-4 * np.resize([0.0, 1.0], 3000))
    ahead, led = flat.copy(), flat.copy()
    ahead[row, -5:] *= 1.01
    led[0, -5:] *= 1.01
    assert planted_driver(ahead)[row, -1] < -1
    assert planted_driver(led)[row, -1] > 0.5
