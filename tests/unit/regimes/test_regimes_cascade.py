"""Cascade probability without a fit: alarms where violence is, calm elsewhere, honest gaps."""

import json

import numpy as np
import pytest
from pandas import DataFrame
from support.positions import crowded_frame

from hydra_quant.regimes.cascade import PRIOR, CascadeModel, cascade_probability, lookback
from hydra_quant.regimes.cascade_inputs import INPUTS, cascade_inputs

SIGMA = 0.005


def quiet(n=700, *, shock=0.0, seed=5, minutes=60):
    """Candles with SIGMA an hour and, at the last row, an hour that moves `shock` sigmas."""
    hour = max(1, 60 // minutes)
    moves = np.random.default_rng(seed).standard_normal(n) * SIGMA / np.sqrt(hour)
    moves[n - hour :] = shock * SIGMA / hour
    return DataFrame({"close": 100 * np.exp(np.cumsum(moves))})


def last(frame, minutes=60, **values):
    frame = frame.copy()
    for name, value in values.items():
        frame[name] = value
    return cascade_probability(frame, minutes)[-1]


@pytest.mark.parametrize("minutes", [5, 15, 60])
def test_a_violent_hour_with_open_interest_falling_is_a_cascade(minutes):
    frame = quiet(shock=-8, minutes=minutes)
    assert last(frame, minutes, oi_delta_zscore=-3.0) > 0.6
    assert last(frame, minutes, oi_delta_zscore=-3.0, liq_zscore=5.0) > 0.9
    assert last(frame, minutes, oi_delta_zscore=2.0) < 0.5


def test_moves_up_alarm_as_moves_down_do():
    up, down = (last(quiet(shock=s), oi_delta_zscore=-3.0) for s in (8, -8))
    assert up == pytest.approx(down, abs=0.02)


def test_liquidations_tip_a_smaller_move_over():
    frame = quiet(shock=-5)
    assert last(frame, oi_delta_zscore=-2.5) < 0.5
    assert last(frame, oi_delta_zscore=-2.5, liq_zscore=5.0) > 0.5


def test_calm_is_small_with_every_input_and_with_none():
    assert last(quiet(shock=0.5)) < 0.03
    usual = {"oi_delta_zscore": 0.5, "oi_zscore": 1.0, "funding_zscore": -1.0, "liq_zscore": 0.0}
    assert last(quiet(shock=0.5), **usual) < 0.04
    crowded = cascade_probability(crowded_frame(3000), 60)[lookback(60) :]
    assert np.median(crowded) < 0.05


def test_each_input_pushes_the_way_of_the_mechanism():
    base = quiet(shock=-3)
    depth = np.full(len(base), 1e6)
    thin = np.r_[depth[:-1], 1e5]
    assert last(base, liq_zscore=3.0) > last(base)
    assert last(base, oi_delta_zscore=-2.0) > last(base) > last(base, oi_delta_zscore=2.0)
    assert last(base, oi_zscore=2.0) > last(base)
    assert last(base, funding_zscore=2.0) == last(base, funding_zscore=-2.0) > last(base)
    assert last(base, bid_depth_usd=thin, ask_depth_usd=thin) > last(
        base, bid_depth_usd=depth, ask_depth_usd=depth
    )
    assert last(base, spread_bps=np.r_[depth[:-1], 1e7]) > last(base)


def test_unknown_inputs_drop_out_and_unknown_volatility_is_silence():
    frame = quiet()
    assert last(frame, liq_zscore=np.nan, oi_zscore=np.nan) == last(frame)
    told = cascade_probability(frame, 60)
    assert np.isnan(told[: lookback(60)]).all()
    assert np.isfinite(told[lookback(60) :]).all()


def test_a_market_that_never_moves_is_calm():
    flat = cascade_probability(DataFrame({"close": np.full(600, 3.0)}), 60)
    assert (flat[lookback(60) :] < 0.02).all()


def test_inputs_are_bounded_and_in_the_declared_order():
    frame = crowded_frame(700)
    inputs = cascade_inputs(frame, 60)
    assert inputs.shape == (700, len(INPUTS))
    np.testing.assert_array_equal(
        inputs[:, INPUTS.index("interest_fall")], np.clip(-frame["oi_delta_zscore"], -5, 5)
    )
    assert np.nanmax(np.abs(inputs)) <= 10


def test_a_model_survives_json_to_the_last_bit():
    again = CascadeModel.from_dict(json.loads(json.dumps(PRIOR.to_dict())))
    assert again == PRIOR


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inputs": ["other"]}, "other inputs"),
        ({"weights": [1.0]}, "weights must hold 7"),
        ({"intercept": float("nan")}, "finite"),
        ({"scales": [0.0] * 7}, "above 0"),
    ],
)
def test_a_damaged_model_is_refused_in_one_line(change, words):
    with pytest.raises(ValueError, match=words):
        CascadeModel.from_dict(PRIOR.to_dict() | change)
    with pytest.raises(ValueError, match="slope"):
        CascadeModel.from_dict({k: v for k, v in PRIOR.to_dict().items() if k != "slope"})
