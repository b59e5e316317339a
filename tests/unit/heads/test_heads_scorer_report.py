"""The evaluation of the scorer: what it measures, that it is late, that it finds what is there."""

import math
from dataclasses import replace

import numpy as np
import pytest
from support.positions import crowded_frame

from hydra_quant.heads import scorer_report
from hydra_quant.heads.dataset import Dataset
from hydra_quant.heads.scorer_report import (
    KEYS,
    MORE,
    Judging,
    TooFew,
    as_json,
    judge,
    measured,
    verdict,
)
from hydra_quant.heads.scorer_rows import delayed_outcome, signal_rows
from hydra_quant.heads.scorer_walk import SCORERS
from hydra_quant.heads.think import think
from hydra_quant.settings import Scorer, Settings, Signals
from hydra_quant.validation.block_bootstrap import Interval

SETTINGS = Settings(scorer=Scorer(min_samples=300, rounds=40, folds=2))
QUICK = Judging(folds=3, draws=60, block_days=7)
HOLDING = 4


def planted(n=3000, pairs=("BTC/USDT:USDT", "ETH/USDT:USDT"), paying=0.0):
    """Candles whose next hours rise after a high imbalance of the book, by so much."""
    frames = {}
    for seed, pair in enumerate(pairs):
        frame = crowded_frame(n, seed, 60)
        added = think(frame, SETTINGS, 60)
        rng = np.random.default_rng(100 + seed)
        side = np.where(rng.random(n) < 0.3, rng.choice([-1, 1], n), 0).astype(np.int8)
        book = rng.standard_normal(n)
        drift = np.zeros(n)
        np.add.at(drift, np.minimum(np.arange(n) + 2, n - 1), paying * side * np.sign(book))
        price = 100 * np.exp(np.cumsum(0.002 * rng.standard_normal(n) + drift))
        opened = np.r_[price[0], price[:-1]]
        frame = frame.assign(
            open=opened, close=price, ob_imbalance=book, funding_paid=0.0,
            high=np.maximum(opened, price), low=np.minimum(opened, price),
        )  # fmt: skip
        added = added.assign(
            signal_side=side,
            signal_source=np.where(side != 0, 0, -1).astype(np.int8),
            signal_confidence=np.where(side != 0, 0.6, 0.0),
            signal_holding_minutes=np.where(side != 0, 60.0 * HOLDING, np.nan),
        )
        frames[pair] = frame.join(added)
    return Dataset(frames, 60)


def test_outcome_by_hand_one_candle_late():
    n = 12
    opened = 100 * 1.01 ** np.arange(n)
    paid = np.zeros(n)
    paid[5] = 0.002
    frame = crowded_frame(n, 0).assign(open=opened, funding_paid=paid)
    side, holding = np.zeros(n), np.full(n, 3)
    side[2], side[4], side[8] = 1, -1, 1
    found = delayed_outcome(frame, side, holding, 0.001, 1)
    # decided at 2: in at the open of 4, out at the open of 7; funding of candle 5 is paid
    assert found[2] == pytest.approx(1.01**3 - 1 - 0.001 - 0.002)
    assert found[4] == pytest.approx(-(1.01**3 - 1) - 0.001)
    assert np.isnan(found[8])  # would end at the open of 13
    assert np.isfinite(found).sum() == 2
    at_once = delayed_outcome(frame, side, holding, 0.001, 0)
    assert np.isfinite(at_once[8]) == (n > 8 + 1 + 3)


def test_a_move_that_is_over_before_a_late_entry_pays_nothing():
    n = 600
    rng = np.random.default_rng(5)
    side = np.where(np.arange(n) % 10 == 0, rng.choice([-1.0, 1.0], n), 0.0)
    moved = np.zeros(n)
    moved[2:] = 0.02 * side[:-2]  # from the open of t + 1 to the open of t + 2
    frame = crowded_frame(n, 0).assign(open=100 * np.exp(np.cumsum(moved)), funding_paid=0.0)
    holding = np.full(n, 3)
    at_once = delayed_outcome(frame, side, holding, 0.001, 0)
    late = delayed_outcome(frame, side, holding, 0.001, 1)
    assert np.nanmin(at_once) > 0.015
    assert np.nanmax(late) == pytest.approx(-0.001)


def test_rows_know_when_their_slowest_outcome_is_known():
    data = planted(800)
    rows = signal_rows(data, SETTINGS, round_trip_cost=0.001, delay=1)
    longest = max(SETTINGS.signals.holding_minutes.values()) // 60
    assert rows.slowest_s == 3600 * (longest + 2)
    assert (np.diff(rows.rows.times) >= 0).all()
    assert set(np.unique(rows.rows.labels)) == {0.0, 1.0}
    assert ((rows.net > 0) == rows.rows.labels[:, 0]).all()
    n_signals = sum(int((frame["signal_side"] != 0).sum()) for frame in data.frames.values())
    assert n_signals - 2 * (HOLDING + 2) <= len(rows) < n_signals
    unsure = Settings(signals=Signals(min_confidence=0.7))
    assert len(signal_rows(data, unsure, round_trip_cost=0.001)) == 0


@pytest.fixture(scope="module")
def found():
    return judge(planted(paying=0.004), SETTINGS, QUICK)


def test_a_planted_signal_is_found(found):
    figures = found.scorer.figures
    assert figures["auc"].low > 0.7
    assert figures["precision_at_recall_0.23"].value > figures["base_rate"].value + 0.15
    assert figures["net_bp_gain"].low > 5
    assert found.verdict.startswith("an edge: AUC ")
    assert figures["brier"].value < found.rivals["constant"].figures["brier"].value


def test_every_part_is_there(found):
    assert tuple(found.rivals) == SCORERS
    assert len(found.folds) == QUICK.folds
    assert tuple(found.by_pair) == ("BTC/USDT:USDT", "ETH/USDT:USDT")
    for parts in (found.folds, found.by_pair.values()):
        assert sum(part.n for part in parts) == found.scorer.n
    for part in (*found.rivals.values(), *found.folds, *found.by_pair.values()):
        assert set(part.figures) == {*KEYS, *MORE}
        for value in part.figures.values():
            assert not value.low > value.value + 1e-9 or math.isnan(value.low)
    assert found.rivals["constant"].figures["net_bp_all"] == found.scorer.figures["net_bp_all"]
    constant = found.rivals["constant"].figures["auc"]
    assert abs(constant.value - 0.5) < 0.05


def test_nothing_trains_on_what_it_is_tested_on(found):
    times = found.walked.tested.rows.times
    for number, step in enumerate(found.walked.steps):
        tested = times[found.walked.step == number]
        assert tested.min() >= step.window.begin_s
        assert tested.max() < step.window.end_s
        assert step.by_model


def test_shuffled_outcomes_cannot_be_told_apart():
    """The whole path on the planted data, with each other's outcomes."""
    found = judge(planted(paying=0.004), SETTINGS, replace(QUICK, shuffled=True))
    assert found.scorer.n > 800
    for name in ("scorer", "logistic"):
        assert abs(found.rivals[name].figures["auc"].value - 0.5) < 0.04
    assert found.verdict.startswith("no edge")


def test_same_seed_same_report(found):
    again = judge(planted(paying=0.004), SETTINGS, QUICK)
    assert again.scorer.figures == found.scorer.figures


def test_too_few_signals_are_a_clear_line():
    with pytest.raises(TooFew, match=r"signals with a known outcome, \d+ of them after the first"):
        judge(planted(60), SETTINGS, QUICK)
    data = planted(800)
    silent = {pair: frame.assign(signal_side=0) for pair, frame in data.frames.items()}
    with pytest.raises(TooFew, match="0 signals with a known outcome"):
        judge(Dataset(silent, 60), SETTINGS, QUICK)


def test_accepted_and_scored_are_about_the_right_trades():
    score = np.array([0.9, 0.8, 0.5, 0.3])
    paid = np.array([1.0, 0.0, 1.0, 0.0])
    net = np.array([0.01, -0.02, 0.03, -0.04])
    found = measured(score, paid, net, 0.5)(np.ones((1, 4)))
    assert found["net_bp_accepted"][0] == pytest.approx(1e4 * (0.01 - 0.02 + 0.03) / 3)
    assert found["share_accepted"][0] == 0.75
    assert found["net_bp_scored"][0] == pytest.approx(100)  # 23 % of two is within the first
    assert found["share_scored"][0] == pytest.approx(0.46 / 4)
    assert found["net_bp_all"][0] == pytest.approx(-50)


@pytest.mark.parametrize(
    ("auc", "net", "says"),
    [
        ((0.53, 0.51, 0.55), (30, 5, 50), "an edge: AUC 0.530 [0.510, 0.550]"),
        ((0.51, 0.49, 0.53), (30, 5, 50), "no edge: AUC 0.510 [0.490, 0.530] cannot be told"),
        ((0.45, 0.43, 0.48), (30, 5, 50), "no edge: AUC 0.450 [0.430, 0.480] is below .5"),
        ((0.53, 0.51, 0.55), (10, -9, 30), "no edge after costs"),
        ((0.53, 0.51, 0.55), (-10, -19, -3), "no edge after costs"),
        ((0.53, math.nan, math.nan), (30, 5, 50), "no edge"),
    ],
)
def test_verdict(auc, net, says):
    assert verdict({"auc": Interval(*auc), "net_bp_scored": Interval(*net)}).startswith(says)


def test_json_of_an_unknown_figure_is_null(found):
    empty = scorer_report.Part(0, {key: Interval(*[math.nan] * 3) for key in KEYS})
    assert as_json(empty)["auc"] == {"value": None, "low": None, "high": None}
    assert set(as_json(found.scorer)) == set(KEYS)
