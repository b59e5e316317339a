"""Laws of every graph: no look-ahead, no memory beyond the window, no order among assets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame

from hydra_quant.models.graphs.correlation import Graphs, correlation_graphs
from hydra_quant.models.graphs.nodes import node_features
from hydra_quant.models.graphs.rolling import lagged_correlation, rolling_correlation
from hydra_quant.models.graphs.temporal import snapshots
from hydra_quant.models.graphs.whales import whale_graph

ROWS = 70
LAWFUL = settings(max_examples=40, deadline=None)
FEW = settings(max_examples=15, deadline=None)
SEED, PAIRS, WINDOW = st.integers(0, 10_000), st.integers(1, 7), st.integers(2, 24)
ROW = st.integers(1, ROWS)
BY, LOOPS = st.sampled_from(["correlation", "either"]), st.booleans()


def some_returns(seed, pairs, rows=ROWS):
    """Assets that move together now and then, one that stands still at times, and gaps."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.01, (rows, pairs)) + rng.normal(0, 0.01, (rows, 1))
    returns[20:45, 0] = 0.0
    return np.where(rng.random(returns.shape) < 0.1, np.nan, returns)


def assert_same(found, wanted):
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def renamed(graphs, order):
    """The graphs after the assets were put in `order` (the new asset k was ``order[k]``)."""
    new_name = np.append(np.argsort(order), -1)  # the last one: −1 stays −1
    return Graphs(new_name[graphs.neighbours[:, order]], graphs.edges[:, order])


@LAWFUL
@given(seed=SEED, pairs=PAIRS, window=WINDOW, rows=ROW, by=BY, loops=LOOPS)
def test_no_look_ahead(seed, pairs, window, rows, by, loops):
    returns = some_returns(seed, pairs)
    options = {"window": window, "by": by, "self_loops": loops}
    whole = correlation_graphs(returns, **options)
    assert_same(correlation_graphs(returns[:rows], **options), whole.at(slice(rows)))


@LAWFUL
@given(seed=SEED, pairs=PAIRS, window=WINDOW, by=BY)
def test_no_memory_beyond_the_window(seed, pairs, window, by):
    returns = some_returns(seed, pairs)
    whole = correlation_graphs(returns, window=window, by=by)
    tail = correlation_graphs(returns[-window - 1 :], window=window, by=by)
    assert_same(tail.at([-1]), whole.at([-1]))


@LAWFUL
@given(seed=SEED, pairs=PAIRS, by=BY, loops=LOOPS, most=st.integers(1, 6))
def test_the_order_of_assets_says_nothing(seed, pairs, by, loops, most):
    returns = some_returns(seed, pairs)
    order = np.random.default_rng(seed).permutation(pairs)
    options = {"by": by, "self_loops": loops, "most": most}
    wanted = renamed(correlation_graphs(returns, **options), order)
    assert_same(correlation_graphs(returns[:, order], **options), wanted)


def test_an_order_that_counts_would_be_seen():
    returns = some_returns(3, 5)
    graphs = correlation_graphs(returns)
    order = np.array([1, 0, 2, 3, 4])
    with pytest.raises(AssertionError):
        assert_same(correlation_graphs(returns[:, order]), graphs)


@LAWFUL
@given(seed=SEED, pairs=PAIRS, window=WINDOW, scale=st.sampled_from([1e-6, 0.3, 1e4]))
def test_a_correlation_is_symmetric_bounded_and_without_unit(seed, pairs, window, scale):
    returns = some_returns(seed, pairs)
    together = rolling_correlation(returns, window, 2)
    np.testing.assert_array_equal(together, together.transpose(0, 2, 1))
    for found in (together, lagged_correlation(returns, window, 2)):
        assert (np.abs(found[np.isfinite(found)]) <= 1).all()
    np.testing.assert_allclose(rolling_correlation(returns * scale, window, 2), together, atol=1e-8)


@LAWFUL
@given(seed=SEED, pairs=PAIRS, window=WINDOW)
def test_time_turned_round_turns_the_lead_round(seed, pairs, window):
    """j leads i forwards as i leads j backwards: the one place where direction matters."""
    returns = some_returns(seed, pairs)[: window + 1]
    forwards = lagged_correlation(returns, window, 2)[-1]
    backwards = lagged_correlation(returns[::-1], window, 2)[-1]
    np.testing.assert_allclose(forwards, backwards.T, atol=1e-8)


@LAWFUL
@given(seed=SEED, pairs=PAIRS)
def test_edges_are_where_neighbours_are(seed, pairs):
    graphs = correlation_graphs(some_returns(seed, pairs))
    there = graphs.neighbours >= 0
    assert (np.isfinite(graphs.edges[..., 0]) == there).all()
    assert (np.abs(graphs.edges[..., 0][there]) > 0.3).all()
    assert not (graphs.neighbours == np.arange(pairs)[:, None]).any()
    ranked = np.sort(graphs.neighbours, axis=2)
    assert ((np.diff(ranked, axis=2) > 0) | (ranked[..., 1:] == -1)).all()  # nobody twice
    assert (np.diff(there.astype(int), axis=2) <= 0).all()  # empty slots come last


@LAWFUL
@given(seed=SEED, pairs=PAIRS, rows=ROW)
def test_node_features_do_not_look_ahead(seed, pairs, rows):
    returns = some_returns(seed, pairs)
    gaps = np.random.default_rng(seed).random(returns.shape) < 0.02
    close = np.where(gaps, np.nan, np.exp(np.cumsum(np.nan_to_num(returns), axis=0)))
    np.testing.assert_array_equal(node_features(close[:rows]), node_features(close)[:rows])
    close[rows:] *= 2
    np.testing.assert_array_equal(node_features(close)[:rows], node_features(close[:rows]))


@LAWFUL
@given(seed=SEED, rows=ROW, count=st.integers(1, 12), step=st.integers(1, 5))
def test_snapshots_do_not_look_ahead(seed, rows, count, step):
    graphs = correlation_graphs(some_returns(seed, 3))
    wanted = snapshots(graphs, [rows - 1], count=count, step=step)
    assert_same(snapshots(graphs.at(slice(rows)), [rows - 1], count=count, step=step), wanted)
    assert_same(Graphs(*(part[0, -1:] for part in wanted)), graphs.at([rows - 1]))


def some_transfers(seed, rows=60):
    rng = np.random.default_rng(seed)
    event = rng.integers(0, 1_000, rows)
    wallets = np.array([f"w{n}" for n in range(6)])
    return DataFrame(
        {
            "event_time": event,
            "known_at": event + rng.integers(0, 300, rows),
            "item": rng.integers(0, 50, rows),
            "sender": rng.choice(wallets, rows),
            "receiver": rng.choice(wallets, rows),
            "asset": rng.choice(["BTC", "ETH"], rows),
            "usd": rng.integers(0, 10, rows).astype(float),
        }
    )


def parts(graph):
    return (
        graph.wallets,
        graph.assets,
        *(a.tolist() for a in (graph.index, graph.asset, graph.usd, graph.transfers)),
        *(a.tolist() for a in (graph.largest_usd, graph.last_ms)),
    )


@FEW
@given(seed=SEED, at=st.integers(0, 1_400))
def test_transfers_known_later_change_nothing(seed, at):
    rows = some_transfers(seed)
    options = {"minimum_usd": 3.0, "window_ms": 400}
    known = rows[rows["known_at"] <= at]
    wanted = parts(whale_graph(known, at, **options))
    assert parts(whale_graph(rows, at, **options)) == wanted
    late = rows.assign(usd=np.where(rows["known_at"] > at, 9e9, rows["usd"]))
    assert parts(whale_graph(late, at, **options)) == wanted


@FEW
@given(seed=SEED, at=st.integers(0, 1_400))
def test_collecting_twice_changes_nothing(seed, at):
    rows = some_transfers(seed).drop_duplicates(["item", "known_at"])
    options = {"minimum_usd": 3.0, "window_ms": 400}
    wanted = parts(whale_graph(rows, at, **options))
    twice = rows.loc[np.random.default_rng(seed).permutation(np.repeat(rows.index, 2))]
    assert parts(whale_graph(twice, at, **options)) == wanted
