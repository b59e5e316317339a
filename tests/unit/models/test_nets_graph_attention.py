"""The network on the correlation graph: who hears whom, and what of it is learned."""

import json

import numpy as np
import pytest
import torch

from hydra_quant.models.graphs.correlation import correlation_graphs
from hydra_quant.models.nets import registry
from hydra_quant.models.nets.graph_attention import GraphAttention
from hydra_quant.models.nets.graph_parts import GraphBlock
from hydra_quant.models.nets.graph_union import Edges, tensors
from hydra_quant.models.nets.windows import GroupedWindows, Panel

PAIRS, SLOTS, LENGTH, FEATURES = 5, 3, 6, 2
TINY = {"features": FEATURES, "length": LENGTH, "horizons": 2, "hidden": 8, "heads": 2, "layers": 2}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def made(seed=0, **options):
    torch.manual_seed(seed)
    return GraphAttention(**{**TINY, **options}).eval()


def some_input(batch=3, seed=0):
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, PAIRS, LENGTH, FEATURES, generator=rng)
    known = torch.rand(x.shape, generator=rng) > 0.1
    known[:, :, -1] = True
    other = torch.rand(batch, PAIRS, PAIRS, generator=rng)
    other.diagonal(dim1=1, dim2=2).fill_(-1)
    near = other.argsort(2, descending=True)[:, :, :SLOTS]
    edges = torch.rand(batch, PAIRS, SLOTS, 2, generator=rng) * 2 - 1
    gone = torch.rand(near.shape, generator=rng) < 0.3
    graph = {
        "neighbours": near.masked_fill(gone, -1),
        "edges": edges.masked_fill(gone.unsqueeze(-1), torch.nan),
    }
    return x * known, known, graph


def nobody(batch=3):
    return {
        "neighbours": torch.full((batch, PAIRS, SLOTS), -1),
        "edges": torch.full((batch, PAIRS, SLOTS, 2), torch.nan),
    }


def close(found, wanted, tolerance=1e-5):
    torch.testing.assert_close(found, wanted, atol=tolerance, rtol=tolerance, equal_nan=True)


def test_shapes_and_defaults_of_spec():
    net = registry.build("graph_attention", features=3, length=7, horizons=4).eval()
    assert len(net.blocks) == 3
    assert net.head[1].in_features == 64
    assert net.blocks[0].convolve.heads == 4
    assert net.blocks[0].dropout.p == 0.2
    x = torch.randn(2, 8, 7, 3)
    graph = {"neighbours": torch.full((2, 8, 5), -1), "edges": torch.zeros(2, 8, 5, 2)}
    output = net(x, torch.ones_like(x, dtype=torch.bool), **graph)
    assert output.logit.shape == (2, 8, 4)
    assert output.quantiles is None
    assert output.weights["attention"].shape == (2, 3, 8, 6, 4)
    assert not output.weights["attention"].requires_grad


def test_built_again_from_json():
    options = registry.options("graph_attention", TINY)
    net = registry.build("graph_attention", **options).eval()
    again = registry.build("graph_attention", **json.loads(json.dumps(options))).eval()
    again.load_state_dict(net.state_dict())
    x, known, graph = some_input()
    assert torch.equal(again(x, known, **graph).logit, net(x, known, **graph).logit)


def test_gatv2_by_hand():
    """Two assets, the first hears the second and itself: scores 0.5 and 1.6 by hand.

    Normed, they are (1, −1) and (−1, 1). From the other: leaky(1 − 1 + .5, −1 + 1) = (.5, 0). From
    itself: leaky(2, −2) = (2, −.4). Summed: .5 and 1.6, so the other weighs 1 / (1 + e^1.1).
    """
    block = GraphBlock(2, 1, 2, 0.0)
    with torch.no_grad():
        block.convolve.lin_l.weight.copy_(torch.eye(2))
        block.convolve.lin_r.weight.copy_(torch.eye(2))
        block.convolve.lin_edge.weight.zero_()[0, 0] = 1.0
        block.convolve.att.fill_(1.0)
        for bias in (block.convolve.lin_l.bias, block.convolve.lin_r.bias, block.convolve.bias):
            bias.zero_()
    h = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    attributes = torch.tensor([[0.5, 0, 1, 0], [0, 0, 0, 0]])
    edges = Edges(torch.tensor([[1, 0], [0, 0]]), attributes, torch.tensor([0, 1]))
    found, attention = block(h, edges)
    close(attention.flatten(), torch.tensor([0.2497399, 0.7502601]))
    heard = torch.tensor([0.7502601 - 0.2497399, 0.2497399 - 0.7502601])
    close(found[0], h[0] + torch.nn.functional.gelu(heard), 1e-4)
    close(found[1], h[1])  # hears nobody, not even itself


def test_attention_adds_up_to_one_over_the_neighbours():
    x, known, graph = some_input()
    weights = made()(x, known, **graph).weights["attention"]  # (batch, layers, pair, slots, heads)
    close(weights.sum(3), torch.ones(3, 2, PAIRS, 2))
    there = torch.cat((graph["neighbours"] >= 0, torch.ones(3, PAIRS, 1, dtype=torch.bool)), 2)
    assert (weights[:, 0].sum(-1) > 0).equal(there)


def test_the_order_of_assets_says_nothing():
    x, known, graph = some_input()
    net = made()
    order = torch.tensor([3, 0, 4, 1, 2])
    new_name = torch.cat((order.argsort(), torch.tensor([-1])))
    turned = {
        "neighbours": new_name[graph["neighbours"][:, order]],
        "edges": graph["edges"][:, order],
    }
    wanted = net(x, known, **graph).logit[:, order]
    close(net(x[:, order], known[:, order], **turned).logit, wanted)
    unturned = net(x[:, order], known[:, order], **graph).logit
    assert (unturned - wanted).abs().max() > 1e-3


def test_the_order_of_neighbours_says_nothing():
    x, known, graph = some_input()
    net = made()
    turned = {name: value.flip(2) for name, value in graph.items()}
    close(net(x, known, **turned).logit, net(x, known, **graph).logit)


def test_cross_sections_do_not_hear_each_other():
    x, known, graph = some_input()
    net = made()
    together = net(x, known, **graph).logit
    for one in range(3):
        part = slice(one, one + 1)
        alone = {name: value[part] for name, value in graph.items()}
        close(net(x[part], known[part], **alone).logit, together[part])


def test_without_edges_it_is_the_network_without_neighbours():
    x, known, graph = some_input()
    net = made()
    wanted = net(x, known).logit
    close(net(x, known, **nobody()).logit, wanted)
    assert (net(x, known, **graph).logit - wanted).abs().max() > 1e-3
    graph["neighbours"][1, 2] = -1  # one asset of one row alone
    close(net(x, known, **graph).logit[1, 2], wanted[1, 2])


def test_edges_matter_and_a_missing_lag_is_not_a_zero_one():
    x, known, graph = some_input()
    net = made()
    before = net(x, known, **graph).logit
    unknown, zero = graph["edges"].clone(), graph["edges"].clone()
    unknown[..., 1], zero[..., 1] = torch.nan, 0.0
    answers = [
        net(x, known, neighbours=graph["neighbours"], edges=e).logit for e in (unknown, zero)
    ]
    assert torch.isfinite(answers[0]).all()
    assert (answers[0] - answers[1]).abs().max() > 1e-4
    assert (answers[0] - before).abs().max() > 1e-4


def test_loops_in_the_graph_are_those_of_the_network():
    x, known, graph = some_input()
    net = made()
    graph["neighbours"][:, :, 0] = torch.arange(PAIRS)
    with_loops = net(x, known, **graph).logit
    graph["neighbours"][:, :, 0] = -1
    close(net(x, known, **graph).logit, with_loops)
    plain = made(self_loops=False)
    output = plain(x, known, **graph)
    assert output.weights["attention"].shape == (3, 2, PAIRS, SLOTS, 2)
    graph["neighbours"][:, :, 0] = torch.arange(PAIRS)
    graph["edges"][:, :, 0] = 1.0
    assert (plain(x, known, **graph).logit - output.logit).abs().max() > 1e-3


def test_a_missing_asset_touches_nobody():
    x, known, graph = some_input()
    graph["neighbours"][:, [0, 1, 3, 4], 0] = 2  # everybody hears asset 2
    graph["edges"][:, [0, 1, 3, 4], 0] = 0.9
    others, net = [0, 1, 3, 4], made()
    changed = x.clone()
    changed[:, 2] += 5.0
    before, after = net(x, known, **graph).logit, net(changed, known, **graph).logit
    assert (before - after)[:, others].abs().max() > 1e-3
    known[:, 2, -1] = False
    before, after = net(x, known, **graph).logit, net(changed, known, **graph).logit
    assert torch.equal(before[:, others], after[:, others])
    assert before[:, 2].isnan().all()
    assert (net(x, known, **graph).weights["attention"][:, :, 2] == 0).all()  # nor hears anybody
    graph["neighbours"][graph["neighbours"] == 2] = -1
    close(net(x, known, **graph).logit, before)


def test_what_is_not_known_is_not_read():
    x, known, graph = some_input()
    net = made()
    known[0, 0, 2, 1] = False
    before = net(x, known, **graph).logit
    x[0, 0, 2, 1] = 77.0
    assert torch.equal(net(x, known, **graph).logit, before)
    known[0, 0, 2, 1] = True
    assert not torch.equal(net(x, known, **graph).logit, before)


@pytest.mark.parametrize("revin", [False, True])
def test_gradients(revin):
    net = made(hidden=4, layers=1, revin=revin).double()
    x, known, graph = some_input(batch=1)
    x, near = x.double().requires_grad_(), graph["neighbours"]
    edges = torch.rand(1, PAIRS, SLOTS, 2, dtype=torch.double, requires_grad=True)
    names = ["encoder.enter.weight", "blocks.0.convolve.att", "head.1.weight"]
    values = [net.get_parameter(name).detach().clone().requires_grad_() for name in names]

    def answer(x, edges, *values):
        arguments = {"neighbours": near, "edges": edges}
        changed = dict(zip(names, values, strict=True))
        return torch.func.functional_call(net, changed, (x, known), arguments).logit

    assert torch.autograd.gradcheck(answer, (x, edges, *values), atol=1e-6)


def test_an_absent_asset_leaves_gradients_finite():
    net = made()
    x, known, graph = some_input()
    known[:, 2, -1] = False
    logit = net(x, known, **graph).logit
    logit.masked_fill(logit.isnan(), 0.0).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())


def answers(net, returns):
    """From returns to the logit of every row, the whole way round."""
    values = returns[..., None].repeat(FEATURES, axis=2).astype(np.float32)
    opens = np.arange(len(returns)) * 60_000
    panel = Panel(values, opens, tuple("abcde"), ("one", "other"))
    windows = GroupedWindows(panel, LENGTH, np.arange(LENGTH - 1, len(returns)))
    graph = tensors(correlation_graphs(returns, most=SLOTS).at(slice(LENGTH - 1, None)))
    with torch.no_grad():
        return net(*windows.batch(slice(None)), **graph).logit.numpy()


def test_the_future_changes_nothing():
    rng = np.random.default_rng(0)
    returns = rng.normal(size=(60, PAIRS)) + rng.normal(size=(60, 1))
    net, row = made(), 40
    before = answers(net, returns)
    later = returns.copy()
    later[row + 1 :] = rng.normal(size=later[row + 1 :].shape)
    after = answers(net, later)
    now = row - LENGTH + 1
    np.testing.assert_allclose(after[: now + 1], before[: now + 1], atol=1e-6)
    assert np.abs(after[now + 1] - before[now + 1]).max() > 1e-3
    later[row] += 1.0
    assert np.abs(answers(net, later)[now] - before[now]).max() > 1e-3


def test_what_does_not_fit_is_refused():
    x, known, graph = some_input()
    net = made()
    with pytest.raises(ValueError, match="multiple"):
        made(hidden=9)
    with pytest.raises(ValueError, match="time 6, features 2"):
        net(x[:, :, 1:], known[:, :, 1:], **graph)
    with pytest.raises(ValueError, match="not one of them"):
        net(x, known, neighbours=graph["neighbours"])
    with pytest.raises(ValueError, match="do not fit"):
        net(x, known, neighbours=graph["neighbours"], edges=graph["edges"][..., :1])
    with pytest.raises(ValueError, match="3 graphs for a batch of 2"):
        net(x[:2], known[:2], **graph)
    graph["neighbours"][0, 0, 0] = PAIRS  # would be an asset of the next cross-section
    with pytest.raises(ValueError, match="neighbour 5 among 5"):
        net(x, known, **graph)
