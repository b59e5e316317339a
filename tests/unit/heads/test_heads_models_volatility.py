"""HAR finds the process it is named after, and beats the variance of yesterday on it."""

import numpy as np
import pytest

from hydra_quant.heads.models.volatility import along, day_sums, fit_line

DAILY, WEEKLY, MONTHLY = 0.4, 0.3, 0.2


def har_returns(days, seed):
    """Hourly returns whose daily realised variance is a HAR process on logs."""
    rng = np.random.default_rng(seed)
    base = np.log(1e-3)
    logs = list(np.full(30, base))
    for _ in range(days):
        past = np.exp(logs[-30:])
        level = DAILY * logs[-1] + WEEKLY * np.log(past[-7:].mean()) + MONTHLY * np.log(past.mean())
        logs.append((1 - DAILY - WEEKLY - MONTHLY) * base + level + 0.4 * rng.normal())
    variance = np.exp(np.array(logs))
    signs = rng.choice([-1.0, 1.0], size=(len(variance), 24))
    return (signs * np.sqrt(variance / 24)[:, None]).reshape(-1, 1)


def test_the_coefficients_are_found():
    returns = har_returns(4000, 1)
    ends = np.arange(30 * 24 - 1, len(returns) - 24, 24)
    features = np.stack([day_sums(returns, 24, days)[ends, 0] for days in (1, 7, 30)], axis=1)
    ahead = day_sums(returns, 24, 1)[ends + 24, 0]
    line = fit_line(features, ahead)
    np.testing.assert_allclose(line[1:], [DAILY, WEEKLY, MONTHLY], atol=0.08)
    spread = ahead.var()
    explained = 1 - ((along(line, features) - ahead) ** 2).mean() / spread
    persistence = 1 - ((features[:, 0] - ahead) ** 2).mean() / spread
    assert explained > persistence + 0.05


def test_sums_wait_for_all_their_returns():
    returns = np.full((100, 2), 0.01)
    returns[40, 1] = np.nan
    found = day_sums(returns, 24, 1)
    assert np.isnan(found[:23]).all()
    np.testing.assert_allclose(found[23:, 0], np.log(24 * 1e-4))
    assert np.isnan(found[40:64, 1]).all()
    assert np.isfinite(found[64:, 1]).all()
    assert np.isnan(day_sums(np.zeros((100, 1)), 24, 1)).all()
    assert np.isnan(day_sums(returns, 24, 7)).all()


def test_a_line_leaves_out_what_is_not_known():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(50, 2))
    ahead = 1 + features @ np.array([2.0, -1.0])
    ahead[4], features[7, 1] = np.nan, np.nan
    np.testing.assert_allclose(fit_line(features, ahead), [1, 2, -1])
    assert np.isnan(along(np.array([1.0, 2.0, -1.0]), features)[7])
    assert np.isnan(fit_line(features[:3], ahead[:3])).all()
    assert along(np.array([1.0, 2.0, -1.0]), np.array([[1.0, 1.0]])) == pytest.approx([2.0])
