"""Measures of probabilities against scikit-learn and by hand; what intervals cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, precision_recall_curve, roc_auc_score

from hydra_quant.validation import scores
from hydra_quant.validation.block_bootstrap import Interval, draws_of, intervals
from hydra_quant.validation.scores import Ranking

DAY = 86_400


def drawn(seed, n=400, ties=False):
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    if ties:
        score = np.round(score, 1)
    paid = (rng.random(n) < 0.2 + 0.6 * score).astype(float)
    return score, paid, rng.integers(0, 4, n).astype(float)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_auc_and_brier_are_scikit_learns_with_weights_and_ties(seed, ties):
    score, paid, weight = drawn(seed, ties=ties)
    ranking = Ranking.of(score)
    expected = roc_auc_score(paid, score, sample_weight=weight)
    assert scores.auc(ranking, paid, weight) == pytest.approx(expected, abs=1e-12)
    expected = brier_score_loss(paid, score, sample_weight=weight)
    assert scores.brier(score, paid, weight) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_precision_at_recall_lies_on_scikit_learns_curve(seed):
    score, paid, _ = drawn(seed)
    ones = np.ones_like(score)
    precision, recall, _ = precision_recall_curve(paid, score)
    wanted = round(0.23 * paid.sum()) / paid.sum()  # a recall that whole rows can have
    on_curve = precision[np.isclose(recall, wanted)].max()
    taken = scores.best_scored(Ranking.of(score), paid, ones, wanted)
    assert scores.mean(paid, taken) == pytest.approx(on_curve, abs=1e-9)
    assert (taken * paid).sum() / paid.sum() == pytest.approx(wanted)


def test_among_equal_scores_each_counts_in_part():
    paid = np.array([1.0, 0, 1, 0, 0, 0, 1, 1])
    score = np.array([0.9, 0.9, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1])
    taken = scores.best_scored(Ranking.of(score), paid, np.ones(8), 0.5)  # the second one that paid
    assert taken.tolist() == [1, 1, 1, 1, 1, 1, 0, 0]
    taken = scores.best_scored(Ranking.of(score), paid, np.ones(8), 0.375)  # half of the second
    assert taken.tolist() == [1, 1, 0.5, 0.5, 0.5, 0.5, 0, 0]
    assert scores.mean(paid, taken) == pytest.approx(1.5 / 4)


def test_a_constant_score_ranks_nothing():
    _, paid, weight = drawn(1)
    score = np.full(len(paid), 0.4)
    ranking = Ranking.of(score)
    assert scores.auc(ranking, paid, weight) == pytest.approx(0.5)
    taken = weight * scores.best_scored(ranking, paid, weight, 0.23)
    assert scores.mean(paid, taken) == pytest.approx(scores.mean(paid, weight))


def test_calibration_error_by_hand():
    score = np.array([0.1, 0.15, 0.6, 0.65, 0.95, 1.0])
    paid = np.array([0.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    # bins [.1, .2): |.25 - 1|, [.6, .7): |1.25 - 2|, [.9, 1]: |1.95 - 1|; over 6 rows
    expected = (0.75 + 0.75 + 0.95) / 6
    assert scores.ece(score, paid, np.ones(6)) == pytest.approx(expected)
    assert scores.ece(score, paid, np.array([0, 0, 1, 1, 0, 0.0])) == pytest.approx(0.375)
    truth = np.repeat([0.25, 0.75], 4)
    assert scores.ece(truth, np.array([1.0, 0, 0, 0, 1, 1, 1, 0]), np.ones(8)) == pytest.approx(0)


def test_nothing_to_tell_apart_is_nan():
    ranking = Ranking.of(np.array([0.2, 0.7]))
    assert np.isnan(scores.auc(ranking, np.array([1.0, 1.0]), np.ones(2)))
    assert np.isnan(scores.mean(np.array([1.0, 2.0]), np.zeros(2)))
    with pytest.raises(ValueError, match="finite"):
        Ranking.of(np.array([0.2, np.nan]))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), recall=st.floats(0.01, 1.0), ties=st.booleans())
def test_a_weight_of_two_is_the_row_twice(seed, recall, ties):
    score, paid, weight = drawn(seed, n=60, ties=ties)
    if not 0 < (weight * paid).sum() < weight.sum():
        return
    again = np.repeat(np.arange(60), weight.astype(int))
    ones = np.ones(len(again))

    def measured(score, paid, weight):
        ranking = Ranking.of(score)
        taken = weight * scores.best_scored(ranking, paid, weight, recall)
        return [
            float(scores.auc(ranking, paid, weight)),
            float(scores.mean(paid, taken)),
            float(scores.ece(score, paid, weight)),
        ]

    once = measured(score, paid, weight)
    assert once == pytest.approx(measured(score[again], paid[again], ones), abs=1e-9)


def test_many_draws_are_one_call():
    score, paid, _ = drawn(3)
    weights = np.random.default_rng(0).integers(0, 3, (7, len(score))).astype(float)
    ranking = Ranking.of(score)
    together = scores.auc(ranking, paid, weights)
    assert together == pytest.approx([float(scores.auc(ranking, paid, row)) for row in weights])
    taken = scores.best_scored(ranking, paid, weights, 0.23)
    assert taken[3] == pytest.approx(scores.best_scored(ranking, paid, weights[3], 0.23))


def interval_of(values, times, block, seed=7, draws=500):
    def measure(weights):
        return {"mean": scores.mean(values, weights)}

    return intervals(measure, times, block_seconds=block, draws=draws, seed=seed)["mean"]


def persistent(rng, n, keep):
    noise = rng.standard_normal(n) * np.sqrt(1 - keep**2)
    out = np.empty(n)
    last = rng.standard_normal()
    for i in range(n):
        last = out[i] = keep * last + noise[i]
    return out


def test_intervals_cover_a_known_mean():
    times = np.arange(400) * DAY
    held = sum(
        interval_of(1.5 + np.random.default_rng(seed).standard_normal(400), times, 10 * DAY).holds(
            1.5
        )
        for seed in range(200)
    )
    assert 0.88 <= held / 200 <= 0.99  # 95 % asked for; 40 blocks give a little less


def test_blocks_keep_dependence_that_single_rows_lose():
    times = np.arange(1000) * DAY
    values = persistent(np.random.default_rng(2), 1000, 0.9)
    blocks, rows = (interval_of(values, times, width * DAY) for width in (30, 1))
    assert blocks.high - blocks.low > 2.5 * (rows.high - rows.low)
    free = np.random.default_rng(2).standard_normal(1000)
    blocks, rows = (interval_of(free, times, width * DAY) for width in (30, 1))
    assert blocks.high - blocks.low < 1.5 * (rows.high - rows.low)


def test_pairs_that_move_together_are_not_more_data():
    one = np.random.default_rng(4).standard_normal(300)
    times = np.arange(300) * DAY
    alone = interval_of(one, times, 5 * DAY)
    nine = interval_of(np.tile(one, 9), np.tile(times, 9), 5 * DAY)
    assert (nine.low, nine.high) == pytest.approx((alone.low, alone.high))


def test_draws_take_whole_blocks_and_repeat_by_seed():
    times = np.array([0, 1, 10, 11, 25, 26]) * DAY
    weights = np.concatenate(list(draws_of(times, 10 * DAY, 50, seed=1)))
    assert weights.shape == (50, 6)
    assert (weights[:, ::2] == weights[:, 1::2]).all()  # each block's rows have one count
    assert (weights[:, ::2].sum(axis=1) == 3).all()
    again = np.concatenate(list(draws_of(times, 10 * DAY, 50, seed=1)))
    assert (weights == again).all()


def test_one_block_bounds_nothing():
    found = interval_of(np.array([1.0, 3.0]), np.array([0, 5]), 10 * DAY)
    assert found.value == 2.0
    assert np.isnan([found.low, found.high]).all()
    assert found.holds(99.0)
    assert not Interval(2.0, 1.0, 3.0).holds(0.5)
