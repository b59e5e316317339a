"""The correlation graph against numpy, pair by pair and row by row."""

import numpy as np
import pytest

from hydra_quant.models.graphs.correlation import correlation_graphs
from hydra_quant.models.graphs.nodes import log_returns, node_features
from hydra_quant.models.graphs.rolling import lagged_correlation, rolling_correlation
from hydra_quant.models.graphs.sliding import window_sums

WINDOW, ENOUGH = 20, 15


def moving_together(rows=120, pairs=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.01, (rows, pairs)) + rng.normal(0, 0.01, (rows, 1))


def with_gaps(returns, share=0.15, seed=1):
    gaps = np.random.default_rng(seed).random(returns.shape) < share
    return np.where(gaps, np.nan, returns)


def of_common(x, y, enough=ENOUGH):
    both = ~np.isnan(x) & ~np.isnan(y)
    return np.corrcoef(x[both], y[both])[0, 1] if both.sum() >= enough else np.nan


@pytest.mark.parametrize("window", [1, 2, 3, 5, 8, 20, 31, 32, 60])
def test_window_sums(window):
    values = np.random.default_rng(window).normal(size=(3, 50))
    wanted = [values[:, max(0, t - window + 1) : t + 1].sum(axis=1) for t in range(50)]
    np.testing.assert_allclose(window_sums(values, window), np.transpose(wanted), atol=1e-12)


def test_window_sums_leave_their_values_alone():
    values = np.arange(9.0)
    for window in (1, 2, 3, 4):
        window_sums(values, window)
    np.testing.assert_array_equal(values, np.arange(9.0))
    with pytest.raises(ValueError, match="at least one"):
        window_sums(values, 0)


@pytest.mark.parametrize("share", [0.0, 0.15], ids=["complete", "with gaps"])
def test_every_correlation_is_numpys(share):
    returns = with_gaps(moving_together(), share)
    together = rolling_correlation(returns, WINDOW, ENOUGH)
    leading = lagged_correlation(returns, WINDOW, ENOUGH)
    known = 0
    for t in range(WINDOW, len(returns)):
        now, before = returns[t - WINDOW + 1 : t + 1], returns[t - WINDOW : t]
        for i in range(4):
            for j in range(4):
                wanted = of_common(now[:, i], now[:, j])
                np.testing.assert_allclose(together[t, i, j], wanted, atol=1e-9)
                wanted = of_common(now[:, i], before[:, j])
                np.testing.assert_allclose(leading[t, i, j], wanted, atol=1e-9)
                known += np.isfinite(wanted)
    assert known > 100


def test_warm_up_has_no_edges():
    graphs = correlation_graphs(moving_together(), window=20, threshold=0.0)
    assert (graphs.neighbours[:14] == -1).all()
    assert (graphs.neighbours[14:] >= 0).any(axis=(1, 2)).all()
    whole = correlation_graphs(moving_together(), window=20, threshold=0.0, enough=20)
    assert (whole.neighbours[:19] == -1).all()
    assert (whole.neighbours[19] >= 0).any()


def test_too_few_common_returns_are_no_edge():
    returns = moving_together(pairs=2)
    returns[::2, 1] = np.nan
    assert (correlation_graphs(returns, enough=11).neighbours == -1).all()
    assert (correlation_graphs(returns, enough=10).neighbours >= 0).any()


def test_an_asset_that_does_not_move_has_no_edges():
    returns = moving_together(pairs=3)
    returns[:, 1] = 0.001  # the same every bar, which is no movement either
    graphs = correlation_graphs(returns, threshold=0.0)
    assert (graphs.neighbours[:, 1] == -1).all()
    assert not (graphs.neighbours == 1).any()
    assert (graphs.neighbours[20:, 0, 0] == 2).all()


def test_the_strongest_come_first_and_weak_ones_not_at_all():
    returns = moving_together(rows=60, pairs=8)
    together = rolling_correlation(returns, WINDOW, ENOUGH)
    graphs = correlation_graphs(returns, threshold=0.5, most=3)
    for t in (30, 59):
        for i in range(8):
            others = [j for j in range(8) if j != i and abs(together[t, i, j]) > 0.5]
            ranked = sorted(others, key=lambda j: -abs(together[t, i, j]))[:3]
            heard = graphs.neighbours[t, i]
            assert heard[heard >= 0].tolist() == ranked
            wanted = together[t, i, ranked]
            np.testing.assert_allclose(graphs.edges[t, i, : len(ranked), 0], wanted, rtol=1e-6)
            assert np.isnan(graphs.edges[t, i, len(ranked) :]).all()


def test_a_fall_together_against_the_other_counts():
    returns = moving_together(pairs=1)
    graphs = correlation_graphs(np.hstack((returns, -returns)))
    np.testing.assert_allclose(graphs.edges[30:, 0, 0, 0], -1.0)


def test_fewer_assets_than_slots_leave_slots_empty():
    graphs = correlation_graphs(moving_together(pairs=2), most=5)
    assert graphs.neighbours.shape == (120, 2, 5)
    assert graphs.edges.shape == (120, 2, 5, 2)
    assert (graphs.neighbours[:, :, 1:] == -1).all()
    alone = correlation_graphs(moving_together(pairs=1))
    assert alone.neighbours.shape == (120, 1, 5)
    assert correlation_graphs(np.empty((0, 3))).neighbours.shape == (0, 3, 5)


def test_the_one_that_leads_is_seen_from_the_one_that_follows():
    leader = np.random.default_rng(2).normal(0, 0.01, 200)
    follower = np.r_[0.0, leader[:-1]]
    returns = np.column_stack((leader, follower))
    assert (correlation_graphs(returns, threshold=0.8).neighbours == -1).all()
    graphs = correlation_graphs(returns, threshold=0.8, by="either")
    assert (graphs.neighbours[30:, 1, 0] == 0).all()
    np.testing.assert_allclose(graphs.edges[30:, 1, 0, 1], 1.0)
    assert (graphs.neighbours[30:, 0] == -1).all()  # not the other way round


def test_self_loops_come_first():
    returns = moving_together(pairs=3)
    graphs = correlation_graphs(returns, self_loops=True)
    assert graphs.neighbours.shape == (120, 3, 6)
    assert (graphs.neighbours[:, :, 0] == np.arange(3)).all()
    np.testing.assert_allclose(graphs.edges[30:, :, 0, 0], 1.0)
    own = of_common(returns[81:101, 2], returns[80:100, 2])
    np.testing.assert_allclose(graphs.edges[100, 2, 0, 1], own, rtol=1e-6)
    plain = correlation_graphs(returns)
    np.testing.assert_array_equal(graphs.neighbours[:, :, 1:], plain.neighbours)


def test_a_spike_leaves_no_trace():
    returns = moving_together(rows=200)
    spiked = returns.copy()
    spiked[50, 0] = 1e9
    before, after = correlation_graphs(returns), correlation_graphs(spiked)
    assert not np.array_equal(before.neighbours[50:71], after.neighbours[50:71])
    np.testing.assert_array_equal(before.neighbours[71:], after.neighbours[71:])
    np.testing.assert_array_equal(before.edges[71:], after.edges[71:])


def test_long_histories_are_the_same_as_their_pieces():
    returns = with_gaps(moving_together(rows=4_500))
    whole = correlation_graphs(returns)
    for start in (2_000, 2_050, 4_100):
        piece = correlation_graphs(returns[start - 20 : start + 60])
        np.testing.assert_array_equal(whole.neighbours[start : start + 60], piece.neighbours[20:])
        np.testing.assert_array_equal(whole.edges[start : start + 60], piece.edges[20:])


def test_graphs_of_rows():
    graphs = correlation_graphs(moving_together())
    some = graphs.at([40, 30, 40])
    np.testing.assert_array_equal(some.neighbours[1], graphs.neighbours[30])
    np.testing.assert_array_equal(some.edges[2], graphs.edges[40])
    assert len(graphs.at(slice(3, 7)).neighbours) == 4


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="time, pair"):
        correlation_graphs(np.zeros(5))
    with pytest.raises(ValueError, match="threshold"):
        correlation_graphs(np.zeros((5, 2)), threshold=1.0)
    with pytest.raises(ValueError, match="neighbour"):
        correlation_graphs(np.zeros((5, 2)), most=0)
    with pytest.raises(ValueError, match="positive"):
        log_returns(np.array([[1.0], [0.0]]))


def test_node_features_by_hand():
    close = np.exp(np.cumsum(moving_together(pairs=2), axis=0))
    found = node_features(close)
    moved = np.diff(np.log(close[:, 1]))
    t = 77
    wanted = (
        moved[t - 1],
        moved[t - 5 : t].mean(),
        moved[t - 20 : t].std(ddof=1),
        close[t, 1] / close[t - 19 : t + 1, 1].mean(),
    )
    np.testing.assert_allclose(found[t, 1], wanted, rtol=1e-9)
    assert np.isnan(found).sum(axis=0).tolist() == [[1, 5, 20, 19]] * 2  # the warm-up, no more


def test_node_features_of_a_missing_close():
    close = np.exp(np.cumsum(moving_together(pairs=2), axis=0))
    close[60, 0] = np.nan
    missing = np.isnan(node_features(close))
    assert np.flatnonzero(missing[21:, 0, 0]).tolist() == [39, 40]
    assert np.flatnonzero(missing[21:, 0, 2]).tolist() == list(range(39, 60))
    assert np.flatnonzero(missing[21:, 0, 3]).tolist() == list(range(39, 59))
    assert not missing[21:, 1].any()
