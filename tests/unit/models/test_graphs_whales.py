"""Large transfers as a graph: a table in, wallets and edges out."""

import numpy as np
import pytest
from pandas import DataFrame

from hydra_quant.models.graphs.whales import EDGES, whale_graph

HOUR = 3_600_000
NOW = 100 * HOUR
# hours of the event and of being known, from, to, asset, millions of usd
TRANSFERS = [
    (99.0, 99.5, "b", "a", "BTC", 2.0),
    (98.0, 98.5, "b", "a", "BTC", 5.0),
    (97.0, 97.5, "b", "a", "ETH", 3.0),
    (96.0, 96.5, "a", "c", "BTC", 1.0),
    (96.0, 96.5, "d", "c", "BTC", 0.9),  # too small
    (99.5, 100.5, "e", "a", "BTC", 50.0),  # not known yet
    (76.0, 76.5, "f", "a", "BTC", 50.0),  # a day ago
    (99.0, 99.5, "g", "a", "BTC", np.nan),  # of unknown worth
]


def table(rows=TRANSFERS):
    frame = DataFrame(
        rows, columns=["event_time", "known_at", "sender", "receiver", "asset", "usd"]
    )
    for name in ("event_time", "known_at"):
        frame[name] = (frame[name] * HOUR).astype("int64")
    return frame.assign(usd=frame["usd"] * 1e6)


def edges_of(graph):
    return {
        (graph.wallets[a], graph.wallets[b], graph.assets[asset]): (usd / 1e6, n, largest / 1e6)
        for (a, b), asset, usd, n, largest in zip(
            graph.index.T, graph.asset, graph.usd, graph.transfers, graph.largest_usd, strict=True
        )
    }


def test_transfers_between_two_wallets_are_one_edge_an_asset():
    graph = whale_graph(table(), NOW)
    assert graph.wallets == ("a", "b", "c")
    assert edges_of(graph) == {
        ("a", "c", "BTC"): (1.0, 1, 1.0),
        ("b", "a", "BTC"): (7.0, 2, 5.0),
        ("b", "a", "ETH"): (3.0, 1, 3.0),
    }


def test_a_transfer_is_there_once_it_is_known():
    late = NOW + HOUR // 2
    assert "e" not in whale_graph(table(), late - 1).wallets
    assert "e" in whale_graph(table(), late).wallets


def test_a_transfer_falls_out_of_the_window():
    assert "f" not in whale_graph(table(), NOW).wallets
    assert "f" in whale_graph(table(), NOW, window_ms=24 * HOUR + 1).wallets


def test_the_minimum_is_the_users():
    assert "d" in whale_graph(table(), NOW, minimum_usd=9e5).wallets
    assert whale_graph(table(), NOW, minimum_usd=4e6).transfers.tolist() == [1]


def test_the_revision_known_last_counts():
    rows = table([(99, 99, "b", "a", "BTC", 2), (99, 99.9, "b", "a", "BTC", 8)])
    rows["item"] = "tx1"
    assert edges_of(whale_graph(rows, NOW)) == {("b", "a", "BTC"): (8.0, 1, 8.0)}
    before = whale_graph(rows, int(99.5 * HOUR))
    assert edges_of(before) == {("b", "a", "BTC"): (2.0, 1, 2.0)}


def test_features():
    graph = whale_graph(table(), NOW)
    features = dict(zip(EDGES, graph.edge_features()[1], strict=True))  # b to a, BTC
    wanted = [np.log1p(7e6), np.log1p(2), np.log1p(5e6), 1.0]
    np.testing.assert_allclose(list(features.values()), wanted)
    sent = np.log1p([1e6, 10e6, 0.0])
    received = np.log1p([10e6, 0.0, 1e6])
    wanted = np.column_stack((sent, received, [1, 3, 0], [3, 0, 1]))
    np.testing.assert_allclose(graph.node_features(), wanted)


def test_nothing_large_is_an_empty_graph():
    graph = whale_graph(table(), NOW, minimum_usd=1e12)
    assert graph.wallets == ()
    assert graph.index.shape == (2, 0)
    assert graph.edge_features().shape == (0, 4)
    assert graph.node_features().shape == (0, 4)
    assert whale_graph(table([]), NOW).wallets == ()


def test_as_torch_geometrics_data():
    data = whale_graph(table(), NOW).to_data()
    assert data.validate()
    assert data.num_nodes == 3
    assert data.edge_attr.shape == (3, 4)
    assert data.edge_index.tolist() == [[0, 1, 1], [2, 0, 0]]


def test_bad_tables_are_refused():
    with pytest.raises(ValueError, match="no sender, usd"):
        whale_graph(table().drop(columns=["sender", "usd"]), NOW)
    for amount in (-1.0, np.inf):
        rows = table()
        rows.loc[0, "usd"] = amount
        with pytest.raises(ValueError, match="not negative and finite"):
            whale_graph(rows, NOW)
