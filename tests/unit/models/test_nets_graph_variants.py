"""The two variants: the graph as it changed, and the graph with sectors."""

import numpy as np
import pytest
import torch

from hydra_quant.models.graphs.correlation import correlation_graphs
from hydra_quant.models.graphs.heterogeneous import SECTORS, hetero_data, sector_numbers
from hydra_quant.models.graphs.temporal import snapshots
from hydra_quant.models.nets.geometric import HeteroConv
from hydra_quant.models.nets.graph_union import correlated, tensors
from hydra_quant.models.nets.sector_graph import SectorBlock, SectorGraphAttention
from hydra_quant.models.nets.temporal_graph import TemporalGraphAttention

PAIRS, LENGTH, COUNT, SLOTS = 5, 7, 3, 2
NAMES = ["BTC/USDT", "ETH/USDT", "DOGE/USDT", "ABC/USDT", "SHIB/USDT"]
TINY = {"features": 2, "length": LENGTH, "horizons": 2, "hidden": 8, "heads": 2, "layers": 2}
ROWS = np.array([30, 41, 52])


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def temporal(**options):
    torch.manual_seed(0)
    return TemporalGraphAttention(**{**TINY, "snapshots": COUNT, **options}).eval()


def with_sectors(**options):
    torch.manual_seed(0)
    return SectorGraphAttention(**{**TINY, "sectors": len(SECTORS), **options}).eval()


def some_returns(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(60, PAIRS)) + rng.normal(size=(60, 1))


def windows_of(returns, rows=ROWS):
    found = np.stack([returns[row - LENGTH + 1 : row + 1].T for row in rows])
    x = torch.from_numpy(found[..., None].repeat(2, axis=3)).float()  # (row, pair, time, 2)
    return x, torch.ones_like(x, dtype=torch.bool)


def graphs_of(returns):
    return correlation_graphs(returns, most=SLOTS)


def of_snapshots(returns):
    return tensors(snapshots(graphs_of(returns), ROWS, count=COUNT))


def of_sectors(returns):
    sector = torch.from_numpy(sector_numbers(NAMES))
    return {**tensors(graphs_of(returns).at(ROWS)), "sector": sector}


VARIANTS = pytest.mark.parametrize(
    ("made", "graph_of"),
    [(temporal, of_snapshots), (with_sectors, of_sectors)],
    ids=["temporal", "sectors"],
)


def renamed(graph, order):
    new_name = torch.cat((order.argsort(), torch.tensor([-1])))
    turned = {
        "neighbours": new_name[graph["neighbours"].index_select(-2, order)],
        "edges": graph["edges"].index_select(-3, order),
    }
    return {**turned, **({"sector": graph["sector"][order]} if "sector" in graph else {})}


def close(found, wanted, tolerance=1e-5):
    torch.testing.assert_close(found, wanted, atol=tolerance, rtol=tolerance, equal_nan=True)


@VARIANTS
def test_the_order_of_assets_says_nothing(made, graph_of):
    returns, net = some_returns(), made()
    (x, known), graph = windows_of(returns), graph_of(returns)
    order = torch.tensor([3, 0, 4, 1, 2])
    wanted = net(x, known, **graph).logit[:, order]
    close(net(x[:, order], known[:, order], **renamed(graph, order)).logit, wanted)
    assert (net(x[:, order], known[:, order], **graph).logit - wanted).abs().max() > 1e-3


@VARIANTS
def test_cross_sections_do_not_hear_each_other(made, graph_of):
    returns, net = some_returns(), made()
    (x, known), graph = windows_of(returns), graph_of(returns)
    together = net(x, known, **graph).logit
    for one in range(len(ROWS)):
        part = slice(one, one + 1)
        alone = {name: value if value.dim() == 1 else value[part] for name, value in graph.items()}
        close(net(x[part], known[part], **alone).logit, together[part])


@VARIANTS
def test_the_future_changes_nothing(made, graph_of):
    returns, net = some_returns(), made()
    later = returns.copy()
    later[42:] = some_returns(seed=9)[42:]
    before = net(*windows_of(returns), **graph_of(returns)).logit
    after = net(*windows_of(later), **graph_of(later)).logit
    close(after[:2], before[:2])
    assert (after[2] - before[2]).abs().max() > 1e-3


@VARIANTS
def test_a_missing_asset_touches_nobody(made, graph_of):
    returns, net, others = some_returns(), made(), [0, 2, 3, 4]
    (x, known), graph = windows_of(returns), graph_of(returns)
    changed = x.clone()
    changed[:, 1] += 5.0
    before, after = (net(one, known, **graph).logit for one in (x, changed))
    assert (before - after)[:, others].abs().max() > 1e-3
    known[:, 1, -COUNT:] = False
    before, after = (net(one, known, **graph).logit for one in (x, changed))
    assert torch.equal(before[:, others], after[:, others])
    assert before[:, 1].isnan().all()
    assert torch.isfinite(before[:, others]).all()


@VARIANTS
def test_gradients(made, graph_of):
    net, returns = made(hidden=4, layers=1).double(), some_returns()
    graph = {k: v[:1] if v.dim() > 1 else v for k, v in graph_of(returns).items()}
    x, known = windows_of(returns, ROWS[:1])
    x = x.double().requires_grad_()
    name = "blocks.0.norm.weight" if made is temporal else "sector.weight"
    weight = net.get_parameter(name).detach().clone().requires_grad_()

    def answer(x, weight):
        return torch.func.functional_call(net, {name: weight}, (x, known), graph).logit

    assert torch.autograd.gradcheck(answer, (x, weight), atol=1e-6)


@VARIANTS
def test_half_precision_gives_nearly_the_same_answers(made, graph_of):
    returns, net = some_returns(), made()
    (x, known), graph = windows_of(returns), graph_of(returns)
    with torch.autocast("cpu", torch.bfloat16):
        half = net(x, known, **graph).logit
    close(half.float(), net(x, known, **graph).logit, 0.05)
    half.float().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in net.parameters())


def test_shapes_of_the_temporal_variant():
    returns = some_returns()
    output = temporal()(*windows_of(returns), **of_snapshots(returns))
    assert output.logit.shape == (3, PAIRS, 2)
    attention = output.weights["attention"]
    assert attention.shape == (3, COUNT, 2, PAIRS, SLOTS + 1, 2)
    close(attention.sum(4), torch.ones(3, COUNT, 2, PAIRS, 2))
    assert TemporalGraphAttention(features=1, horizons=1).rows == list(range(38, 48))


def test_every_snapshot_is_heard_and_one_of_an_absent_asset_is_not():
    returns, net = some_returns(), temporal()
    (x, known), graph = windows_of(returns), of_snapshots(returns)
    wanted = net(x, known, **graph).logit
    for one in range(COUNT):
        cut = {name: value.clone() for name, value in graph.items()}
        cut["neighbours"][:, one] = -1
        assert (net(x, known, **cut).logit - wanted).abs().max() > 1e-5
    known[:, 1, -COUNT] = False  # asset 1 was not there at the first snapshot
    before = net(x, known, **graph).logit
    cut = {name: value.clone() for name, value in graph.items()}
    cut["neighbours"][:, 0][cut["neighbours"][:, 0] == 1] = -1
    cut["neighbours"][:, 0, 1] = -1
    close(net(x, known, **cut).logit, before)
    assert torch.isfinite(before).all()


def heard_in(net, x, known, graph):
    """What the GRU over snapshots is given: (batch, pair, snapshots, hidden + 1)."""
    found = []
    hook = net.gru.register_forward_pre_hook(lambda _, given: found.append(given[0].detach()))
    net(x, known, **graph)
    hook.remove()
    return found[0].view(*x.shape[:2], COUNT, -1)


def test_snapshots_are_in_the_order_of_time():
    returns, net = some_returns(), temporal()
    (x, known), graph = windows_of(returns), of_snapshots(returns)
    before = heard_in(net, x, known, graph)
    x[:, :, -1] += 1.0
    after = heard_in(net, x, known, graph)
    close(after[:, :, :-1], before[:, :, :-1])
    assert (after[:, :, -1] - before[:, :, -1]).abs().amax(-1).min() > 1e-3
    graph["neighbours"][:, 0] = -1
    cut = heard_in(net, x, known, graph)
    close(cut[:, :, 1:], after[:, :, 1:])
    assert (cut[:, :, 0] - after[:, :, 0]).abs().max() > 1e-3


def test_a_snapshot_without_the_asset_is_empty_and_says_so():
    returns, net = some_returns(), temporal()
    (x, known), graph = windows_of(returns), of_snapshots(returns)
    known[:, 1, -COUNT] = False
    steps = heard_in(net, x, known, graph)
    assert (steps[:, 1, 0] == 0).all()
    assert (steps[:, 1, 1:, -1] == 1).all()
    assert (steps[:, [0, 2, 3, 4], :, -1] == 1).all()


def test_a_state_knows_no_later_row():
    """What an asset brings into a snapshot is what it knew by then."""
    net = temporal()
    x, known = windows_of(some_returns())
    states = net.encoder(x, known)
    x[:, :, 4:] += 3.0
    changed = net.encoder(x, known)
    close(changed[:, :, :4], states[:, :, :4])
    assert (changed[:, :, 4] - states[:, :, 4]).abs().max() > 1e-3
    windowed = temporal(revin=True).encoder(x, known)
    x[:, :, 4:] -= 3.0
    assert (temporal(revin=True).encoder(x, known) - windowed)[:, :, 0].abs().max() > 1e-3


def test_what_does_not_fit_is_refused():
    returns = some_returns()
    graph = of_snapshots(returns)
    with pytest.raises(ValueError, match="do not fit 7 rows"):
        temporal(snapshots=4, step=3)
    with pytest.raises(ValueError, match="3 snapshots where 2"):
        temporal(snapshots=2)(*windows_of(returns), **graph)
    with pytest.raises(ValueError, match="sector 6 among 6"):
        with_sectors(sectors=6)(
            *windows_of(returns), **{**of_sectors(returns), "sector": torch.tensor([1, 1, 5, 0, 6])}
        )


def test_sectors_carry_what_correlation_does_not():
    """Two memes without a correlation edge hear each other; two of unknown sector by it alone."""
    returns, net = some_returns(), with_sectors()
    (x, known), graph = windows_of(returns), of_sectors(returns)
    graph["neighbours"].fill_(-1)
    changed = x.clone()
    changed[:, 4] += 5.0  # SHIB
    heard = (net(changed, known, **graph).logit - net(x, known, **graph).logit).abs().amax((0, 2))
    assert heard[2] > 1e-3  # DOGE
    assert (heard[[0, 1, 3]] < 1e-6).all()


def test_a_round_of_messages_is_that_of_torch_geometrics_heteroconv():
    """And the relations are those of `hetero_data`, whose node numbers are those of the net."""
    torch.manual_seed(0)
    returns, block = some_returns(), SectorBlock(8, 2, 2, 0.0)
    graphs, row = graphs_of(returns), 50
    data = hetero_data(graphs, row, NAMES, returns[row][:, None])
    nodes = {"asset": torch.randn(PAIRS, 8), "sector": torch.randn(len(SECTORS), 8)}
    present = torch.ones(1, PAIRS, dtype=torch.bool)
    graph = {name: value[None] for name, value in tensors(graphs.at(row)).items()}
    union = correlated(graph["neighbours"], graph["edges"], present, False)
    net = with_sectors()
    along = net.along(union, torch.from_numpy(sector_numbers(NAMES))[None], present)
    found, attention = block(nodes, along)

    kinds = {(a, name, b): block.relations[name] for name, (a, b) in block.RELATIONS.items()}
    relation = dict(data.edge_index_dict)
    relation["sector", "holds", "asset"] = relation["asset", "belongs_to", "sector"].flip(0)
    level = {kind: block.norms[kind](h) for kind, h in nodes.items()}
    edge_attr = {("asset", "correlated", "asset"): data["correlated"].edge_attr.float()}
    heard = HeteroConv(kinds, aggr="sum")(level, relation, edge_attr_dict=edge_attr)
    for kind, h in nodes.items():
        close(found[kind], h + torch.nn.functional.gelu(heard[kind]))
    assert attention["competes_with"].shape == (4, 2)
