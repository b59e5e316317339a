"""What the network on the graph learns: a leader through its edges, nothing from noise."""

import numpy as np
import pytest
import torch

from hydra_quant.models.graphs.correlation import correlation_graphs
from hydra_quant.models.nets.graph_attention import GraphAttention
from hydra_quant.models.nets.graph_union import tensors
from hydra_quant.models.nets.windows import GroupedWindows, Panel
from hydra_quant.models.training.fitting import fit
from hydra_quant.models.training.metrics import auc
from hydra_quant.models.training.options import Training


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def taught(returns, target, joined, steps=120):
    """Train on the first two thirds of the rows; the AUC of each asset on the rest."""
    torch.manual_seed(0)
    rows, pairs = returns.shape
    length = 3
    panel = Panel(
        returns[..., None].astype(np.float32), np.arange(rows), tuple("abcdefgh"[:pairs]), ("r",)
    )
    windows = GroupedWindows(panel, length, np.arange(21, rows))
    graphs = correlation_graphs(returns, by="either").at(windows.rows)
    answer = torch.from_numpy(target[windows.rows]).float()  # (row, pair)
    net = GraphAttention(
        features=1, length=length, horizons=1, hidden=16, heads=2, layers=1, dropout=0.0
    )
    teacher = torch.optim.Adam(net.parameters(), lr=0.01)
    cut = 2 * len(windows) // 3

    def logit(picked):
        graph = tensors(graphs.at(picked)) if joined else {}
        return net(*windows.batch(picked), **graph).logit[..., 0]  # (batch, pair)

    rng = np.random.default_rng(0)
    for _ in range(steps):
        picked = rng.integers(0, cut, 64)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            logit(picked), (answer[picked] > 0).float()
        )
        teacher.zero_grad()
        loss.backward()
        teacher.step()
    held = np.arange(cut, len(windows))
    net.eval()
    with torch.no_grad():
        return auc(logit(held).numpy(), answer[held].numpy())


def test_a_leader_is_found_through_the_graph_alone():
    rng = np.random.default_rng(1)
    leader = rng.normal(size=2_000)
    follower = np.r_[0.0, leader[:-1]] + 0.1 * rng.normal(size=2_000)
    returns = np.column_stack((leader, follower))
    following = np.vstack((returns[1:], np.zeros((1, 2))))  # the next return of each
    with_edges, without = taught(returns, following, True), taught(returns, following, False)
    assert with_edges[1] > 0.9
    assert abs(without[1] - 0.5) < 0.06
    assert abs(with_edges[0] - 0.5) < 0.06  # nobody leads the leader


def test_the_trainer_of_all_networks_teaches_it(tmp_path):
    """A leader again, with gaps: through `fit`, stored, and answered by what was stored."""
    rng = np.random.default_rng(3)
    leader = rng.normal(size=1_500)
    returns = np.column_stack((leader, np.r_[0.0, leader[:-1]] + 0.1 * rng.normal(size=1_500)))
    target = np.vstack((returns[1:], np.full((1, 2), np.nan)))[..., None]
    returns[rng.random(returns.shape) < 0.02] = np.nan
    graphs = correlation_graphs(returns, by="either")
    panel = Panel(returns[..., None].astype(np.float32), np.arange(1_500), ("a", "b"), ("r",))
    early = GroupedWindows(panel, 3, np.arange(21, 1_000))
    late = GroupedWindows(panel, 3, np.arange(1_010, 1_500))
    options = {"hidden": 16, "heads": 2, "layers": 1, "dropout": 0.0}

    def graph(rows):
        return tensors(graphs.at(rows))

    training = Training(epochs=8, batch=32, lr=0.01, threads=1, device="cpu")
    trained = fit(
        "graph_attention",
        options,
        *(early, target[early.rows], late, target[late.rows]),
        training,
        folder=tmp_path,
        graph=graph,
    )
    told = trained.predict(late, graph=graph)["probability"]  # (row, pair, horizon)
    missing = np.isnan(returns[late.rows])
    np.testing.assert_array_equal(np.isnan(told[..., 0]), missing)
    known = ~missing.any(axis=1)
    assert auc(told[known, 1], target[late.rows][known, 1])[0] > 0.9
    assert trained.options["length"] == 3


def test_nothing_is_found_in_white_noise():
    rng = np.random.default_rng(2)
    returns = rng.normal(size=(3_000, 4)) + rng.normal(size=(3_000, 1))
    found = taught(returns, rng.normal(size=returns.shape), True, steps=60)
    assert abs(found.mean() - 0.5) < 0.03
