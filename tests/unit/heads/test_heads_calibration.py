"""Calibration and the reliability curve."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hydra_quant.heads.calibration import Calibration, fit_calibration, logistic, too_small
from hydra_quant.heads.reliability import reliability, wilson


def outcomes(n: int, slope: float, offset: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    raw = rng.normal(size=n)
    return raw, (rng.random(n) < logistic(slope * raw + offset)).astype(float)


def test_slope_and_offset_are_those_of_a_logistic_regression() -> None:
    raw, paid = outcomes(20_000, 0.4, -0.6)
    weight = np.random.default_rng(1).uniform(0, 1, len(raw))
    found = fit_calibration(raw, paid, weight)
    plain = LogisticRegression(C=np.inf, tol=1e-10).fit(raw[:, None], paid, sample_weight=weight)
    assert found.slope == pytest.approx(plain.coef_[0, 0], abs=2e-3)
    assert found.offset == pytest.approx(plain.intercept_[0], abs=2e-3)
    assert found.slope == pytest.approx(0.4, abs=0.05)


def test_scores_that_rank_backwards_become_the_base_rate() -> None:
    raw, paid = outcomes(5000, -1.0, -1.0)
    found = fit_calibration(raw, paid, np.ones(len(raw)))
    assert found.slope == 0
    assert found.apply(raw) == pytest.approx(np.full(len(raw), paid.mean()), abs=1e-3)


def test_few_outcomes_leave_the_models_probabilities_as_they_are() -> None:
    raw, paid = outcomes(3, 1.0, 0.0)
    found = fit_calibration(raw, paid, np.full(3, 1e-3))
    assert (found.slope, found.offset) == pytest.approx((1.0, 0.0), abs=0.01)


def test_it_never_reorders() -> None:
    raw = np.linspace(-800, 800, 401)
    told = Calibration(0.7, -0.2).apply(raw)
    assert (np.diff(told) >= 0).all()
    assert told[0] >= 0
    assert told[-1] <= 1


def test_what_is_too_small() -> None:
    half = np.tile([0.0, 1.0], 25)
    assert too_small(half, np.ones(50)) == ""
    assert "49 independent outcomes" in too_small(half[:49], np.ones(49))
    assert "25 independent outcomes" in too_small(half, np.full(50, 0.5))
    assert "9 of them paid" in too_small((np.arange(100) < 9) * 1.0, np.ones(100))


def test_the_curve_bin_by_bin() -> None:
    score = np.array([0.05, 0.15, 0.12, 0.1, 1.0])
    paid = np.array([0.0, 1.0, 0.0, 1.0, 1.0])
    curve = reliability(score, paid, np.array([1.0, 1.0, 2.0, 1.0, 1.0]))
    assert curve.count.tolist() == [1, 3, 0, 0, 0, 0, 0, 0, 0, 1]
    assert curve.observed[[0, 1, 9]].tolist() == [0, 0.5, 1]
    assert curve.predicted[1] == pytest.approx((0.15 + 2 * 0.12 + 0.1) / 4)
    assert np.isnan(curve.observed[2])
    assert curve.to_dict()["observed"][2] is None
    assert (curve.least[[0, 1, 9]] <= curve.observed[[0, 1, 9]]).all()
    assert (curve.most[[0, 1, 9]] >= curve.observed[[0, 1, 9]]).all()


def test_wilsons_interval_is_the_published_one() -> None:
    low, high = wilson(np.array([81 / 263, 0.0]), np.array([263.0, 10.0]))
    assert low == pytest.approx([0.2553, 0.0], abs=1e-4)  # Newcombe 1998, table I, method 3
    assert high == pytest.approx([0.3662, 0.2775], abs=1e-4)
