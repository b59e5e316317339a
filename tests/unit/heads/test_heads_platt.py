"""Platt's calibration against what was planted, and where there is nothing to calibrate."""

import numpy as np
import pytest

from hydra_quant.heads.calibration import logistic
from hydra_quant.heads.platt import platt


def test_platt_finds_slope_and_offset():
    rng = np.random.default_rng(0)
    raw = 2 * rng.standard_normal(200_000)
    label = (rng.random(len(raw)) < 1 / (1 + np.exp(-(0.5 * raw - 1.0)))).astype(float)
    assert platt(raw, label) == pytest.approx((0.5, -1.0), abs=0.03)
    slope, offset = platt(-raw, label)  # scores the wrong way round rank nothing
    assert slope == 0.0
    assert 1 / (1 + np.exp(-offset)) == pytest.approx(label.mean())


def test_platt_counts_weights():
    rng = np.random.default_rng(1)
    raw, label = rng.standard_normal(3000), rng.integers(0, 2, 3000).astype(float)
    label[raw > 1] = 1.0
    twice = rng.integers(1, 4, 3000)
    repeated = np.repeat(np.arange(3000), twice)
    wanted = platt(raw[repeated], label[repeated])
    assert platt(raw, label, twice.astype(float)) == pytest.approx(wanted, abs=1e-9)


def test_separated_outcomes_do_not_make_it_certain():
    raw = np.r_[-np.ones(50), np.ones(50)]
    slope, offset = platt(raw, (raw > 0).astype(float))
    assert logistic(slope * raw + offset)[[0, -1]] == pytest.approx([1 / 52, 51 / 52])
