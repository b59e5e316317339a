"""LSTM with attention: shapes of SPEC, attention by hand, rows of which nothing is known."""

import math

import pytest
import torch
from torch.func import functional_call

from hydra_quant.models.nets.lstm_attention import AdditiveAttention, LstmAttention

TINY = {"features": 2, "length": 4, "horizons": 2, "hidden": 3}


def test_the_parameters_of_the_defaults_are_counted_by_hand() -> None:
    lstm = 4 * 128 * (30 + 128 + 2) + 4 * 128 * (128 + 128 + 2)  # 15 features and their mask
    attention = 128 * 129 + 128 * 128 + 128
    net = LstmAttention(features=15, horizons=3)
    assert sum(p.numel() for p in net.parameters()) == lstm + attention + 257 * 3 == 247_811
    assert (net.inputs.length, net.lstm.dropout, net.head[0].p) == (60, 0.2, 0.2)


def by_hand() -> AdditiveAttention:
    layer = AdditiveAttention(1)
    with torch.no_grad():
        layer.key.weight.fill_(1.0)
        layer.key.bias.fill_(0.5)
        layer.query.weight.fill_(2.0)
        layer.score.weight.fill_(3.0)
    return layer


def test_attention_by_hand() -> None:
    states = torch.tensor([[[0.3], [-0.7], [0.1]]])
    scores = [3 * math.tanh(h + 0.5 + 2 * 0.1) for h in (0.3, -0.7, 0.1)]
    weights = [math.exp(s) / sum(math.exp(t) for t in scores) for s in scores]
    context, found = by_hand()(states, torch.ones(1, 3, dtype=torch.bool))
    assert found[0].tolist() == pytest.approx(weights)
    assert context.item() == pytest.approx(
        sum(w * h for w, h in zip(weights, (0.3, -0.7, 0.1), strict=True))
    )


def test_rows_of_which_nothing_is_known_get_no_weight() -> None:
    states = torch.tensor([[[0.3], [-0.7], [0.1]]]).repeat(2, 1, 1)
    present = torch.tensor([[True, False, True], [False, False, False]])
    _, found = by_hand()(states, present)
    assert found[0, 1] == 0
    assert found[1].tolist() == pytest.approx([1 / 3] * 3)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(2))


def test_the_weights_of_a_network_are_a_share_of_each_known_row() -> None:
    torch.manual_seed(0)
    net = LstmAttention(**TINY).eval()
    known = torch.ones(5, 4, 2, dtype=torch.bool)
    known[0, 1] = False
    known[1, 1, 0] = False  # half of a row is a row
    weights = net(torch.randn(5, 4, 2), known).weights["time"]
    assert weights.shape == (5, 4)
    assert not weights.requires_grad
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(5))
    assert (weights == 0).nonzero().tolist() == [[0, 1]]


def test_the_answer_is_read_from_the_weighted_states_and_the_last_one() -> None:
    torch.manual_seed(0)
    net = LstmAttention(**TINY).eval()
    x, known = torch.randn(1, 4, 2), torch.ones(1, 4, 2, dtype=torch.bool)
    answer = net(x, known)
    states = net.lstm(net.inputs(x, known))[0][0]
    context = sum(w * h for w, h in zip(answer.weights["time"][0], states, strict=True))
    torch.testing.assert_close(answer.logit[0], net.head[1](torch.cat([context, states[-1]])))


def test_gradients_are_those_of_finite_differences() -> None:
    torch.manual_seed(1)
    net = LstmAttention(**TINY).double().eval()
    x, known = torch.randn(2, 4, 2, dtype=torch.float64), torch.rand(2, 4, 2) > 0.3
    names = [name for name, _ in net.named_parameters()]

    def answer(*values: torch.Tensor) -> torch.Tensor:
        return functional_call(net, dict(zip(names, values, strict=True)), (x, known)).logit

    assert torch.autograd.gradcheck(answer, tuple(net.parameters()))
