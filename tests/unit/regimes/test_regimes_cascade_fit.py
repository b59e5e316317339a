"""Fitting the cascade model: the label by hand, known weights found again, calibration, gaps."""

import json

import numpy as np
import pytest
from pandas import DataFrame
from scipy.special import expit

from hydra_quant.regimes.cascade import CascadeModel
from hydra_quant.regimes.cascade_fit import calibrated, cascade_label, fit_cascade
from hydra_quant.regimes.cascade_inputs import INPUTS

SIGMA = 0.005
AT = 600


def hours(jump, interest_change, n=700):
    """Hours of SIGMA; the one after AT moves by `jump` sigmas and open interest by a share."""
    moves = np.random.default_rng(1).standard_normal(n) * SIGMA
    moves[AT + 1] = jump * SIGMA
    interest = np.full(n, 1e6)
    interest[AT + 2 :] *= 1 + interest_change  # known one candle after it fell
    return DataFrame({"close": 100 * np.exp(np.cumsum(moves)), "open_interest": interest})


@pytest.mark.parametrize(
    ("jump", "change", "expected"),
    [(-6, -0.05, 1), (6, -0.05, 1), (-6, 0.05, 0), (-6, 0.0, 0), (-3, -0.05, 0)],
)
def test_a_cascade_is_a_violent_hour_in_which_open_interest_falls(jump, change, expected):
    assert cascade_label(hours(jump, change), 60)[AT] == expected


def test_only_the_next_hour_counts_and_the_end_is_unknown():
    label = cascade_label(hours(-6, -0.05), 60)
    assert label[AT - 1] == 0
    assert label[AT + 1] == 0
    assert np.isnan(label[-2:]).all()
    assert np.isnan(label[:480]).all()
    assert np.isfinite(label[480:-2]).all()


def test_on_short_candles_the_furthest_close_of_the_hour_counts():
    frame = hours(0, 0.0)
    frame.loc[AT + 3 : AT + 6, "close"] *= np.exp(-6 * SIGMA * np.sqrt(12))  # and back again
    frame.loc[AT + 13 :, "open_interest"] *= 0.9
    label = cascade_label(frame, 5)
    assert label[AT] == 1
    assert label[AT - 10] == 0  # the fall comes later than open interest is looked at


def test_unknown_open_interest_is_an_unknown_label():
    frame = hours(-6, -0.05).assign(open_interest=np.nan)
    assert np.isnan(cascade_label(frame, 60)).all()
    assert np.isnan(cascade_label(frame[["close"]], 60)).all()
    assert np.isnan(cascade_label(hours(-6, -0.05)[:1], 60)).all()


def history(n, seed, weights=(1.2, 0.8, 0.5, 0.6, 0.0, 0.0, 0.3), base=-3.5):
    """Inputs, and cascades drawn from a known logistic model of them."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, len(INPUTS)))
    chance = expit(base + inputs @ np.array(weights))
    return inputs, (rng.random(n) < chance).astype(float), chance


def test_known_weights_are_found_again_and_calibrated():
    model = fit_cascade(*history(30_000, 1)[:2], *history(15_000, 2)[:2])
    found = model.slope * np.array(model.weights) / model.scales
    np.testing.assert_allclose(found, (1.2, 0.8, 0.5, 0.6, 0.0, 0.0, 0.3), atol=0.15)
    inputs, label, chance = history(20_000, 3)
    told = model.predict(inputs)
    assert model.calibrated
    assert np.abs(told - chance).mean() < 0.01
    for low, high in ((0, 0.02), (0.02, 0.1), (0.1, 0.3), (0.3, 1)):
        bucket = (told >= low) & (told < high)
        assert told[bucket].mean() == pytest.approx(label[bucket].mean(), abs=0.03)


def test_calibration_mends_a_model_that_is_too_sure():
    inputs, label, chance = history(20_000, 4)
    model = fit_cascade(inputs, label, inputs[:0], label[:0])
    loud = CascadeModel.from_dict(
        model.to_dict() | {"weights": [3 * w for w in model.weights], "intercept": 0.0}
    )
    mended = calibrated(loud, inputs, label)
    assert not model.calibrated
    assert np.abs(loud.predict(inputs) - chance).mean() > 0.2
    assert np.abs(mended.predict(inputs) - chance).mean() < 0.02


def test_a_score_that_ranks_the_wrong_way_is_not_turned_around():
    inputs, label, _ = history(5_000, 5)
    model = fit_cascade(inputs, label, inputs[:0], label[:0])
    wrong = CascadeModel.from_dict(model.to_dict() | {"weights": [-w for w in model.weights]})
    assert calibrated(wrong, inputs, label) == wrong


def test_missing_inputs_teach_and_answer():
    inputs, label, _ = history(20_000, 6)
    liquidations = INPUTS.index("liquidations")
    inputs[:, liquidations] = np.nan  # nobody stored them
    inputs[::3, INPUTS.index("funding")] = np.nan
    model = fit_cascade(inputs, label, inputs[:0], label[:0])
    assert model.weights[liquidations] == 0
    told = model.predict(inputs)
    assert np.isfinite(told).all()
    later = inputs.copy()
    later[:, liquidations] = 5.0  # known one day: it says nothing that was learned
    np.testing.assert_array_equal(model.score(later), model.score(inputs))
    inputs[0, 0] = np.nan
    assert np.isnan(model.predict(inputs)[0])


def test_too_few_cascades_teach_nothing():
    inputs, label, _ = history(500, 7)
    label[np.flatnonzero(label)[5:]] = 0.0
    assert fit_cascade(inputs, label, inputs, label) is None


def test_a_fitted_model_survives_json():
    model = fit_cascade(*history(5_000, 8)[:2], *history(5_000, 9)[:2])
    assert CascadeModel.from_dict(json.loads(json.dumps(model.to_dict()))) == model
