import inspect
import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, elu, layer_norm

from hydra_quant.models.nets.quantile_loss import pinball_loss
from hydra_quant.models.nets.registry import build
from hydra_quant.models.nets.tft import Tft
from hydra_quant.models.nets.tft_parts import (
    GatedAdd,
    GatedResidual,
    InterpretableAttention,
    VariableSelection,
)
from hydra_quant.models.nets.windows import Panel, Windows

TINY = {"features": 4, "length": 8, "hidden": 8, "heads": 2, "embedding": 4, "dropout": 0.0}


@pytest.fixture(autouse=True)
def _one_thread_and_a_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def windows(batch: int = 3, seed: int = 1, **option: int) -> tuple[Tensor, Tensor]:
    wanted = {**TINY, **option}
    generator = torch.Generator().manual_seed(seed)
    shape = batch, wanted["length"], wanted["features"]
    known = torch.rand(shape, generator=generator) > 0.2
    return torch.randn(shape, generator=generator) * known, known


def awake(part: VariableSelection) -> VariableSelection:
    """`part` with weights that are no longer equal."""
    nn.init.uniform_(part.choose.add.norm.weight, 0.5, 1.5)
    return part


# the parts


def test_a_gated_residual_network_by_hand() -> None:
    part = GatedResidual(3, 1, 3)
    with torch.no_grad():
        for parameter in (part.enter, part.leave, part.add.gate):
            parameter.weight.zero_(), parameter.bias.zero_()
        part.enter.weight.fill_(1.0)  # the sum of the inputs
        part.leave.weight.fill_(2.0)
        part.add.gate.weight[0, 0] = 1.0  # reaches the first output; a gate of 0 is half open
    x = torch.tensor([[3.0, -1.0, 0.0], [-1.0, -2.0, 0.0]])
    # ELU(2) = 2 and ELU(-3) = e^-3 - 1; times 2, half open
    added = np.array([[3 + 2.0, -1, 0], [-1 + math.expm1(-3), -2, 0]])
    wanted = (added - added.mean(1, keepdims=True)) / added.std(1, keepdims=True)
    np.testing.assert_allclose(part(x).detach().numpy(), wanted, atol=1e-4)


def test_a_closed_gate_leaves_the_skip() -> None:
    part, x, skip = GatedAdd(2, 4), torch.randn(5, 2), torch.randn(5, 4)
    assert not torch.allclose(part(x, skip), layer_norm(skip, (4,)))
    with torch.no_grad():
        part.gate.weight[4:] = 0.0
        part.gate.bias[4:] = -100.0
    torch.testing.assert_close(part(x, skip), layer_norm(skip, (4,)))


def test_a_context_moves_the_answer_and_is_asked_for() -> None:
    part, x = GatedResidual(3, 4, 2, context=5), torch.randn(2, 7, 3)
    assert not torch.allclose(part(x, torch.zeros(2, 1, 5)), part(x, torch.ones(2, 1, 5)))
    with pytest.raises(ValueError, match="context"):
        part(x)


def test_all_features_at_once_are_each_feature_by_itself() -> None:
    features, embedding = 3, 4
    part = awake(VariableSelection(features, embedding, 5))
    x = torch.randn(2, 6, 2 * features)
    selected, weights = part(x)

    def own(layer: nn.Module, rows: Tensor, feature: int) -> Tensor:
        return rows @ layer.weight[feature] + layer.bias[feature]

    wanted = part.project.bias
    for feature in range(features):
        embedded = own(part.embed, x[..., [feature, features + feature]], feature)
        hidden = own(part.leave, elu(own(part.enter, embedded, feature)), feature)
        value, gate = own(part.gate, hidden, feature).chunk(2, dim=-1)
        normal = layer_norm(embedded + value * gate.sigmoid(), (embedding,))
        into = part.project.weight[:, feature * embedding : (feature + 1) * embedding]
        wanted = wanted + weights[..., [feature]] * (normal @ into.T)
    torch.testing.assert_close(selected, wanted)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 6))


def test_attention_that_asks_nothing_is_the_mean_so_far() -> None:
    part = InterpretableAttention(2, 2)
    with torch.no_grad():
        for parameter in part.parameters():
            parameter.zero_()
        part.value.weight[0, 0] = 1.0
        part.leave.weight[1, 0] = 10.0
    memory = torch.tensor([[[2.0, 7.0], [4.0, 7.0], [9.0, 7.0]]])
    out, weights = part(memory, memory)
    assert out.tolist() == [[[0.0, 20.0], [0.0, 30.0], [0.0, 50.0]]]
    by_hand = torch.tensor([[1.0, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]])
    torch.testing.assert_close(weights[0], by_hand)


def test_heads_share_values_so_that_their_mean_tells_all() -> None:
    part, memory = InterpretableAttention(6, 3), torch.randn(2, 5, 6)
    out, weights = part(memory, memory)
    q, k = part.query(memory), part.key(memory)
    ahead = torch.ones(5, 5).triu(1).bool()
    each = []
    for head in range(3):
        columns = slice(2 * head, 2 * head + 2)
        score = q[..., columns] @ k[..., columns].mT / math.sqrt(2)
        each.append(score.masked_fill(ahead, -math.inf).softmax(-1))
    torch.testing.assert_close(weights, sum(each) / 3)
    heads = [part.leave(one @ part.value(memory)) for one in each]
    torch.testing.assert_close(out, sum(heads) / 3)


def test_the_last_row_alone_gets_the_same_attention() -> None:
    part, memory = InterpretableAttention(4, 2), torch.randn(2, 5, 4)
    every, every_weight = part(memory, memory)
    last, last_weight = part(memory[:, -1:], memory)
    torch.testing.assert_close(last, every[:, -1:])
    torch.testing.assert_close(last_weight, every_weight[:, -1:])


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="do not divide"):
        InterpretableAttention(8, 3)


def test_gradients_are_those_of_finite_differences() -> None:
    def double(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=torch.float64, requires_grad=True)

    gated = GatedResidual(3, 4, 2, context=2).double()
    assert torch.autograd.gradcheck(gated, (double(2, 3), double(2, 2)))
    attention, memory = InterpretableAttention(4, 2).double(), double(1, 3, 4)
    assert torch.autograd.gradcheck(lambda m: attention(m, m), memory)
    selection = awake(VariableSelection(2, 3, 4)).double()
    assert torch.autograd.gradcheck(selection, double(1, 2, 4))


# the network


def test_the_parameters_of_the_defaults_are_counted_by_hand() -> None:
    features, hidden, embedding, answers = 15, 128, 16, 3 * 3 + 3

    def linear(inputs: int, outputs: int) -> int:
        return (inputs + 1) * outputs

    def gated(inputs: int, outputs: int) -> int:
        return linear(inputs, 2 * outputs) + 2 * outputs

    def residual(inputs: int, outputs: int) -> int:
        skip = linear(inputs, outputs) if inputs != outputs else 0
        return linear(inputs, hidden) + linear(hidden, hidden) + gated(hidden, outputs) + skip

    own = linear(2, embedding) + 2 * linear(embedding, embedding) + linear(embedding, 2 * embedding)
    selection = features * own + linear(features * embedding, hidden)
    selection += residual(2 * features, features)
    lstm = 4 * hidden * (2 * hidden + 2)
    attention = 2 * linear(hidden, hidden) + linear(hidden, hidden // 4) + hidden // 4 * hidden
    gates = 3 * gated(hidden, hidden) + 2 * residual(hidden, hidden)
    by_hand = selection + lstm + attention + gates + linear(hidden, answers)
    net = build("tft", features=features)
    assert sum(p.numel() for p in net.parameters()) == by_hand == 480_073
    assert (net.inputs.length, net.levels, net.attention.heads) == (168, (0.1, 0.5, 0.9), 4)
    assert {m.p for m in net.modules() if isinstance(m, nn.Dropout)} == {0.0, 0.1}


def test_the_written_defaults_are_those_of_the_constructor() -> None:
    signature = inspect.signature(Tft).parameters
    assert {k: p.default for k, p in signature.items() if k != "features"} == Tft.defaults


def test_what_was_written_as_json_is_the_same_network() -> None:
    options = {**Tft.defaults, **TINY}
    first, second = Tft(**options).eval(), Tft(**json.loads(json.dumps(options))).eval()
    second.load_state_dict(first.state_dict())
    x, known = windows()
    assert torch.equal(first(x, known).quantiles, second(x, known).quantiles)


def test_shapes_and_weights_that_add_up_to_one() -> None:
    out = Tft(**TINY, horizons=2, quantiles=(0.25, 0.75)).eval()(*windows())
    assert out.logit.shape == (3, 2)
    assert out.quantiles.shape == (3, 2, 2)
    assert {name: tuple(w.shape) for name, w in out.weights.items()} == {
        "variables": (3, 4),
        "time": (3, 8),
    }
    for weight in out.weights.values():
        assert not weight.requires_grad
        assert (weight >= 0).all()
        torch.testing.assert_close(weight.sum(-1), torch.ones(3))


def test_weights_are_those_of_the_window_and_of_its_last_row() -> None:
    net = Tft(**TINY).eval()
    awake(net.select)
    x, known = windows()
    _, variables, time = net.rows(net.inputs(x, known), asked=8)
    shown = net(x, known).weights
    torch.testing.assert_close(shown["variables"], variables.mean(1).detach())
    torch.testing.assert_close(shown["time"], time[:, 7].detach())


def test_every_weight_learns() -> None:
    net = Tft(**TINY, pairs=2)
    awake(net.select)
    out = net(*windows(), pair=torch.tensor([0, 1, 1]))
    (out.logit.square().sum() + out.quantiles.square().sum()).backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_what_is_not_known_may_be_anything() -> None:
    net = Tft(**TINY).eval()
    x, known = windows()
    garbage = torch.where(known, x, torch.full_like(x, math.nan))
    torch.testing.assert_close(net(garbage, known).logit, net(x, known).logit)
    assert not torch.allclose(net(x, torch.ones_like(known)).logit, net(x, known).logit)
    nothing = net(torch.zeros_like(x), torch.zeros_like(known))
    assert nothing.quantiles.isfinite().all()


def seen_ahead(net: Tft, row: int) -> bool:
    """Whether what the heads read for `row` changes with the rows after it."""
    x, known = windows()
    later, later_known = x.clone(), known.clone()
    later[:, row + 1 :] += 5.0
    later_known[:, row + 1 :] = True
    before = net.rows(net.inputs(x, known), asked=8)[0]
    after = net.rows(net.inputs(later, later_known), asked=8)[0]
    assert not torch.allclose(before[:, row + 1 :], after[:, row + 1 :])
    return not torch.equal(before[:, : row + 1], after[:, : row + 1])


@pytest.mark.parametrize("row", [0, 3, 6])
def test_no_row_sees_a_later_one(row: int) -> None:
    assert not seen_ahead(Tft(**TINY).eval(), row)


def test_an_lstm_that_reads_backwards_would_be_noticed() -> None:
    net = Tft(**TINY).eval()
    net.lstm = nn.LSTM(8, 4, batch_first=True, bidirectional=True)
    assert seen_ahead(net, 3)


def test_the_last_row_is_answered_as_among_all() -> None:
    net = Tft(**TINY).eval()
    x = net.inputs(*windows())
    torch.testing.assert_close(net.rows(x)[0], net.rows(x, asked=8)[0][:, -1:])


def test_later_candles_change_no_answer() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((20, 2, 4)).astype(np.float32)
    later = values.copy()
    later[13:] = np.nan

    def answer(candles: np.ndarray, row: int) -> Tensor:
        panel = Panel(candles, np.arange(20) * 60_000, ("A", "B"), tuple("abcd"))
        return net(*Windows(panel, 8, [(row, 0), (row, 1)]).batch(slice(None))).quantiles

    net = Tft(**TINY).eval()
    assert torch.equal(answer(values, 12), answer(later, 12))
    assert not torch.equal(answer(values, 13), answer(later, 13))


@settings(max_examples=25)
@given(
    arrays.arrays(np.float32, (2, 8, 4), elements=st.floats(-1e4, 1e4, width=32)),
    st.integers(0, 99),
)
def test_quantiles_never_cross(x: np.ndarray, seed: int) -> None:
    torch.manual_seed(seed)
    net = Tft(**TINY, quantiles=(0.05, 0.25, 0.5, 0.75, 0.95)).eval()
    with torch.no_grad():
        net.quantiles.weight.mul_(50.0)
        found = net(torch.from_numpy(x), torch.ones(2, 8, 4, dtype=torch.bool)).quantiles
    assert found.isfinite().all()
    assert (found.diff(dim=-1) >= 0).all()


def test_a_pair_is_answered_in_its_own_way() -> None:
    net = Tft(**TINY, pairs=2).eval()
    x, known = (part[:1].expand(2, -1, -1) for part in windows())
    first, second = net(x, known, pair=torch.tensor([0, 1])).logit
    assert not torch.allclose(first, second)
    swapped = net(x, known, pair=torch.tensor([1, 0])).logit
    torch.testing.assert_close(swapped, torch.stack([second, first]))


def test_a_pair_is_wanted_with_its_option_only() -> None:
    x, known = windows()
    with pytest.raises(ValueError, match="option `pairs`"):
        Tft(**TINY, pairs=2)(x, known)
    with pytest.raises(ValueError, match="option `pairs`"):
        Tft(**TINY)(x, known, pair=torch.zeros(3, dtype=torch.long))


def test_windows_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="must be"):
        Tft(**TINY)(*windows(length=7))


# learning


def auc(score: Tensor, up: Tensor) -> float:
    rank = score.argsort().argsort().double() + 1
    positive = up.sum().item()
    area = rank[up].sum().item() - positive * (positive + 1) / 2
    return area / (positive * (len(up) - positive))


def taught(net: Tft, returns: Tensor, steps: int) -> Tft:
    """Teach `net` the first 512 windows of `planted`, 64 at a time."""
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    for step in range(steps):
        at = slice(step % 8 * 64, step % 8 * 64 + 64)
        out = net(PLANTED[at], torch.ones_like(PLANTED[at], dtype=torch.bool))
        target = returns[at].unsqueeze(1)
        loss = binary_cross_entropy_with_logits(out.logit, (target > 0).float())
        loss = loss + 100 * pinball_loss(out.quantiles, target, net.levels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net.eval()


PLANTED = torch.randn(4512, 8, 4, generator=torch.Generator().manual_seed(5))
RETURNS = 0.01 * PLANTED[:, 4:7, 2].mean(1)  # column 2 tells, the others are noise


def answers(net: Tft) -> tuple[Tensor, Tensor, Tensor]:
    """Direction, quantiles and importances of the windows that were not taught."""
    with torch.no_grad():
        held = PLANTED[512:]
        out = net(held, torch.ones_like(held, dtype=torch.bool))
    return out.logit[:, 0], out.quantiles[:, 0], out.weights["variables"].mean(0)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_planted_pattern_is_found_and_named(seed: int) -> None:
    torch.manual_seed(seed)
    net = Tft(**TINY, horizons=1)
    torch.testing.assert_close(answers(net)[2], torch.full((4,), 0.25))
    logit, quantiles, importance = answers(taught(net, RETURNS, 150))
    up = RETURNS[512:] > 0
    assert auc(logit, up) > 0.9
    assert auc(quantiles[:, 1], up) > 0.9
    assert importance.argmax() == 2


def test_nothing_is_found_in_noise() -> None:
    noise = 0.01 * torch.randn(len(PLANTED), generator=torch.Generator().manual_seed(6))
    logit, quantiles, _ = answers(taught(Tft(**TINY, horizons=1), noise, 60))
    up = noise[512:] > 0
    assert abs(auc(logit, up) - 0.5) < 0.04
    assert abs(auc(quantiles[:, 1], up) - 0.5) < 0.04
