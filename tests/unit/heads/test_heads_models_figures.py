"""Figures of many draws at once are those of one draw at a time."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from hydra_quant.heads.models import figures
from hydra_quant.heads.models.figures import Blocks
from hydra_quant.validation import scores
from hydra_quant.validation.block_bootstrap import intervals

N = 600


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(4)
    up = (rng.random(N) < 0.5).astype(float)
    score = np.round(np.clip(0.5 + 0.1 * (up - 0.5) + 0.1 * rng.normal(size=N), 0.01, 0.99), 2)
    times = np.sort(rng.integers(0, 30 * 86_400, N))
    return score, up, times


def test_direction_figures_are_those_of_the_usual_bootstrap(rows):
    score, up, times = rows
    ranking = scores.Ranking.of(score)
    wanted = intervals(
        lambda weight: {
            "auc": scores.auc(ranking, up, weight),
            "brier": scores.brier(score, up, weight),
            "ece": scores.ece(score, up, weight),
        },
        times, block_seconds=2 * 86_400, draws=200, seed=5,
    )  # fmt: skip
    blocks = Blocks(times, 2 * 86_400, 200, 5)
    one = np.zeros(N, dtype=int)
    found = {
        "auc": blocks.figure([figures.auc(blocks, score, up, one)]),
        "brier": blocks.figure([figures.brier(blocks, score, up)]),
        "ece": blocks.figure([figures.ece(blocks, score, up)]),
    }
    for name, figure in found.items():
        assert figure[:3] == pytest.approx(tuple(wanted[name]), rel=1e-9), name


def test_an_auc_by_hand():
    blocks = Blocks(np.arange(5), 1, 10, 1)
    # Of the rows that rose: .9 is above both others, .5 above one and beside the other.
    found = figures.auc(
        blocks, np.array([0.9, 0.5, 0.5, 0.1, 0.1]), np.array([1, 1, 0, 0, 0]), np.zeros(5, int)
    )
    assert found[0] == pytest.approx((3 + 2.5) / 6)


def test_rows_are_compared_within_a_window_of_the_walk_alone(rows):
    score, up, times = rows
    window = (np.arange(N) >= N // 2).astype(int)
    blocks = Blocks(times, 86_400, 20, 1)
    plain = figures.auc(blocks, score, up, window)
    np.testing.assert_allclose(figures.auc(blocks, score + 0.7 * window, up, window), plain)
    together = figures.auc(blocks, score + 0.7 * window, up, np.zeros(N, int))
    assert abs(together[0] - plain[0]) > 0.01
    halves = [_area(score[half], up[half]) for half in (window == 0, window == 1)]
    pairs = [up[h].sum() * (1 - up[h]).sum() for h in (window == 0, window == 1)]
    assert plain[0] == pytest.approx(np.average(halves, weights=pairs))


def _area(score, up):
    return scores.auc(scores.Ranking.of(score), up, np.ones(len(up)))


def test_a_rank_correlation_is_spearmans(rows):
    score, _, times = rows
    blocks = Blocks(times, 86_400, 20, 1)
    other = score**3 + 0.05 * np.sin(np.arange(N))
    one = np.zeros(N, int)
    found = figures.correlation(blocks, score, other, one)
    assert found[0] == pytest.approx(spearmanr(score, other).statistic)
    assert np.isnan(figures.correlation(blocks, np.ones(N), other, one)).all()
    window = (np.arange(N) >= 200).astype(int)
    shifted = figures.correlation(blocks, score + 5 * window, other, window)
    np.testing.assert_allclose(shifted, figures.correlation(blocks, score, other, window))
    ranks = figures.within_ranks(score, window)
    assert ranks[:200].mean() == pytest.approx(0.0)
    assert ranks.min() >= -0.5
    assert ranks.max() <= 0.5


def test_variance_explained_by_hand(rows):
    _, _, times = rows
    rng = np.random.default_rng(6)
    actual = rng.normal(-8, 1, N)
    forecast = actual + 0.5 * rng.normal(size=N)
    actual[3] = np.nan
    blocks = Blocks(times, 86_400, 50, 1)
    known = ~np.isnan(actual)
    wanted = 1 - ((forecast - actual)[known] ** 2).sum() / (N - 1) / actual[known].var()
    found = figures.explained(blocks, forecast, actual)
    assert found[0] == pytest.approx(wanted)
    drawn = blocks.counts[7][blocks.number] * known
    centre = np.average(actual[known], weights=drawn[known])
    errors = (drawn[known] * (forecast - actual)[known] ** 2).sum()
    spread = (drawn[known] * (actual[known] - centre) ** 2).sum()
    assert found[7] == pytest.approx(1 - errors / spread)
    mean = np.full(N, actual[known].mean())
    assert figures.explained(blocks, mean, actual)[0] == pytest.approx(0.0)
    nothing = np.full(N, np.nan)
    assert np.isnan(figures.explained(blocks, nothing, actual)).all()


def test_seeds_are_told_by_their_median_never_the_best(rows):
    blocks = Blocks(rows[2], 86_400, 100, 1)
    rng = np.random.default_rng(7)
    low, middle, high = (base + 0.01 * rng.random(101) for base in (0.4, 0.5, 0.6))
    found = blocks.figure([high, low, middle])
    assert found.value == middle[0]
    assert found.seeds == (high[0], low[0], middle[0])
    assert (found.low, found.high) == tuple(np.quantile(middle[1:], (0.025, 0.975)))
    assert found.above(0.4)
    assert not found.above(0.505)


def test_one_block_has_no_interval(rows):
    score, up, times = rows
    blocks = Blocks(times, 100 * 86_400, 20, 1)
    found = blocks.figure([figures.brier(blocks, score, up)])
    assert np.isfinite(found.value)
    assert np.isnan(found.low)
    assert not found.above(-1.0)
