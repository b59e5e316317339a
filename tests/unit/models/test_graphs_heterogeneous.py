"""Assets and sectors in one graph."""

import subprocess
import sys

import numpy as np
import pytest

from hydra_quant.models.graphs.correlation import correlation_graphs
from hydra_quant.models.graphs.heterogeneous import (
    SECTORS,
    hetero_data,
    sector_numbers,
    sector_of,
)

PAIRS = ["BTC/USDT:USDT", "ETH/USDT:USDT", "DOGE/USDT:USDT", "ABC/USDT:USDT", "XYZ/USDT:USDT"]


@pytest.mark.parametrize(
    ("pair", "sector"),
    [
        ("BTC/USDT:USDT", "L1"),
        ("xrp/usdt", "payments"),
        ("BNB", "exchange"),
        ("1000PEPE/USDT:USDT", "meme"),
        ("1INCH/USDT", "DeFi"),
        ("UNI/BTC", "DeFi"),
        ("NOBODYKNOWS/USDT", "other"),
    ],
)
def test_sectors(pair, sector):
    assert sector_of(pair) == sector


def test_every_base_has_one_sector():
    bases = [base for members in SECTORS.values() for base in members]
    assert len(bases) == len(set(bases))
    assert sector_numbers(["ABC/USDT", "BTC/USDT"]).tolist() == [0, 1]


def graph_of(known):
    rng = np.random.default_rng(0)
    graphs = correlation_graphs(rng.normal(size=(40, 5)) + rng.normal(size=(40, 1)))
    nodes = np.where(np.array(known)[:, None], rng.normal(size=(5, 3)), np.nan)
    return graphs, nodes


def named(data, relation, kinds):
    ends = data[kinds[0], relation, kinds[1]].edge_index.T.tolist()
    return {(data[kinds[0]].name[a], data[kinds[1]].name[b]) for a, b in ends}


def test_relations():
    graphs, nodes = graph_of([True] * 5)
    data = hetero_data(graphs, 39, PAIRS, nodes)
    assert data.validate()
    btc, eth, doge, abc, xyz = PAIRS
    assert named(data, "competes_with", ("asset", "asset")) == {(btc, eth), (eth, btc)}
    assert named(data, "belongs_to", ("asset", "sector")) == {
        (btc, "L1"),
        (eth, "L1"),
        (doge, "meme"),
        (abc, "other"),
        (xyz, "other"),
    }
    near = graphs.neighbours[39]
    wanted = {(PAIRS[j], PAIRS[i]) for i in range(5) for j in near[i] if j >= 0}
    assert wanted
    assert named(data, "correlated", ("asset", "asset")) == wanted


def test_edge_features_are_those_of_the_graph():
    graphs, nodes = graph_of([True] * 5)
    data = hetero_data(graphs, 39, PAIRS, nodes)
    relation = data["asset", "correlated", "asset"]
    there = graphs.neighbours[39] >= 0
    np.testing.assert_array_equal(relation.edge_attr[:, :2], graphs.edges[39][there])
    assert (relation.edge_attr[:, 2:] == 1).all()


def test_an_asset_of_which_nothing_is_known_has_no_edges():
    graphs, nodes = graph_of([True, False, True, True, True])
    data = hetero_data(graphs, 39, PAIRS, nodes)
    for relation, kinds in (
        ("competes_with", ("asset", "asset")),
        ("belongs_to", ("asset", "sector")),
        ("correlated", ("asset", "asset")),
    ):
        assert PAIRS[1] not in {name for ends in named(data, relation, kinds) for name in ends}
    assert data["asset"].x[1].tolist() == [0, 0, 0]
    assert not data["asset"].known[1].any()


def test_other_assets_are_refused():
    graphs, nodes = graph_of([True] * 5)
    with pytest.raises(ValueError, match="4 pairs, 5 nodes"):
        hetero_data(graphs, 39, PAIRS[:4], nodes)


def test_builders_do_not_wait_for_torch():
    code = (
        "import sys; import hydra_quant.models.graphs.heterogeneous, "
        "hydra_quant.models.graphs.whales, hydra_quant.models.graphs.temporal; "
        "assert not {'torch', 'torch_geometric'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
