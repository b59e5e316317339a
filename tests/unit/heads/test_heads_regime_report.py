"""Judging the regime classifier: rows as they should be, honest rivals, plain figures."""

import numpy as np
import pandas as pd
import pytest
from support.positions import crowded_frame

from hydra_quant.heads.macro_f1 import macro_f1
from hydra_quant.heads.regime_features import NAMES, regime_features
from hydra_quant.heads.regime_report import KEYS, Judging, TooFew, judge, measured
from hydra_quant.heads.regime_rows import RegimeRows, regime_rows
from hydra_quant.labels.regimes import REGIMES, next_window, same_window
from hydra_quant.models.rows import Rows
from hydra_quant.settings import Regimes, Settings

SETTINGS = Settings(regimes=Regimes(window_candles=100))
QUICK = Judging(folds=2, draws=50, min_rows=200)


def thinking(seed, n=700):
    frame = crowded_frame(n, seed).assign(cascade_probability=0.02)
    return frame.assign(regime=np.where(np.arange(n) < 150, -1, 2).astype(np.int8))


def frames():
    return {"B/USDT:USDT": thinking(1), "A/USDT:USDT": thinking(2, 500)}


def rows_of(truth, features, persistence=None, rule=None):
    """Hourly rows of one pair with these labels."""
    n = len(truth)
    values = np.zeros((n, len(NAMES)))
    values[:, 0] = features
    times = 3600 * np.arange(n, dtype=np.int64)
    pairs = np.zeros(n, np.int16)
    rows = Rows(values, truth[:, None].astype(float), times, pairs, ("A",))
    still = np.full(n, 2)
    before, said = (still if codes is None else codes for codes in (persistence, rule))
    return RegimeRows(rows, before, said, "next", 3600 * 5)


def test_rows_are_what_was_known_and_what_came():
    found = regime_rows(frames(), SETTINGS, 60, "next")
    assert found.rows.universe == ("A/USDT:USDT", "B/USDT:USDT")
    order = list(zip(found.rows.times, found.rows.pairs, strict=True))
    assert order == sorted(order)
    frame = frames()["B/USDT:USDT"]
    chosen = SETTINGS.regimes, SETTINGS.signals
    at = 400
    second = pd.Timestamp(frame["date"][at]).timestamp()
    row = np.flatnonzero((found.rows.times == second) & (found.rows.pairs == 1))[0]
    np.testing.assert_array_equal(
        found.rows.features[row], regime_features(frame, 60).to_numpy()[at]
    )
    assert found.codes[row] == next_window(frame, 60, *chosen)[at]
    assert found.persistence[row] == same_window(frame, 60, *chosen)[at]
    assert found.rule[row] == 2
    assert found.rows.times.min() == pd.Timestamp(frame["date"][150]).timestamp()
    assert found.reach_s == 5 * 3600  # the next candle's close and four hours


def test_the_same_windows_persistence_is_the_window_before():
    found = regime_rows({"A": thinking(3)}, SETTINGS, 60, "same")
    codes = same_window(thinking(3), 60, SETTINGS.regimes, SETTINGS.signals)
    np.testing.assert_array_equal(found.codes, codes[150:])
    np.testing.assert_array_equal(found.persistence, codes[146:-4])
    assert regime_rows({"A": thinking(3)}, SETTINGS, 60).label == "next"


def test_what_can_be_learned_is_found_and_what_cannot_is_not():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 1600)
    knows = judge(rows_of(truth, truth + 0.1 * rng.standard_normal(1600)), Regimes(), 60, QUICK)
    blind = judge(rows_of(truth, rng.standard_normal(1600)), Regimes(), 60, QUICK)
    assert knows.whole.figures["classifier_macro_f1"].value > 0.95
    assert knows.whole.figures["over_persistence"].low > 0.5
    assert "better than persistence" in knows.verdict
    assert blind.whole.figures["classifier_macro_f1"].value < 0.42
    assert knows.whole.n == sum(part.n for part in knows.folds) == knows.by_pair["A"].n


def test_rivals_that_know_the_truth_win():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 1200)
    data = rows_of(truth, rng.standard_normal(1200), persistence=truth, rule=truth)
    report = judge(data, Regimes(), 60, QUICK)
    assert report.whole.figures["persistence_macro_f1"].value == 1.0
    assert report.whole.figures["over_rule"].high < 0
    assert "worse than persistence" in report.verdict
    assert report.f1["rule"] == dict.fromkeys(REGIMES[:3], 1.0)


def test_training_ends_before_the_test_begins():
    truth = np.r_[np.zeros(700, int), np.ones(500, int)]  # what comes later was never seen
    report = judge(rows_of(truth, truth), Regimes(), 60, Judging(folds=1, first=0.5, draws=20))
    assert report.f1["classifier"]["trending_down"] == 0.0


def test_measures_take_the_draws_of_a_bootstrap():
    rng = np.random.default_rng(2)
    truth, answers = rng.integers(0, 3, 90), rng.integers(0, 3, (3, 90))
    weight = rng.integers(0, 3, (5, 90)).astype(float)
    found = measured(answers, truth)(weight)
    assert tuple(found) == KEYS
    np.testing.assert_allclose(found["rule_macro_f1"], macro_f1(truth, answers[2], weight, 7))
    expected = (weight * (answers[1] == truth)).sum(axis=1) / weight.sum(axis=1)
    np.testing.assert_allclose(found["persistence_accuracy"], expected)


def test_too_few_rows_say_so():
    with pytest.raises(TooFew, match="100 candles with a known regime"):
        judge(rows_of(np.zeros(100, int), np.zeros(100)), Regimes(), 60, QUICK)


def test_the_report_is_plain_json():
    import json

    truth = np.random.default_rng(3).integers(0, 3, 800)
    report = judge(rows_of(truth, truth), Regimes(classifier="xgboost"), 60, QUICK)
    found = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert set(found["over_rule"]) == {"value", "low", "high"}
    assert found["label"] == "next"
    assert sum(found["shares"].values()) == pytest.approx(1.0)
