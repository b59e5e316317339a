"""LSTM-CNN: shapes of SPEC, convolutions by hand, causality, gradients."""

import pytest
import torch
from torch.func import functional_call

from hydra_quant.models.nets.lstm_cnn import CausalBlock, LstmCnn

TINY = {
    **{"features": 3, "length": 6, "horizons": 2, "price_features": 2, "filters_1": 2},
    **{"filters_2": 3, "hidden": 2, "layers": 2, "head": 3},
}


def zeroed(net: torch.nn.Module) -> torch.nn.Module:
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    return net.eval()


def test_the_parameters_of_the_defaults_are_counted_by_hand() -> None:
    convolutions = (10 * 3 + 1) * 64 + (64 * 3 + 1) * 128  # 5 prices and their mask
    lstm = 4 * 128 * (30 + 128 + 2) + 4 * 128 * (128 + 128 + 2)  # 15 features and their mask
    head = (256 + 1) * 64 + (64 + 1) * 3
    net = LstmCnn(features=15, horizons=3)
    assert sum(p.numel() for p in net.parameters()) == convolutions + lstm + head == 257_347
    assert (net.inputs.length, net.head[1].in_features, net.lstm.num_layers) == (48, 256, 2)
    assert [m.p for m in net.modules() if isinstance(m, torch.nn.Dropout)] == [0.2, 0.2, 0.3, 0.3]
    assert net.lstm.dropout == 0.2


def test_a_convolution_sees_the_past_alone_and_pools_from_the_end() -> None:
    block = CausalBlock(1, 1, kernel=3, pool=2, dropout=0.0)
    with torch.no_grad():
        block.convolution.weight.copy_(torch.tensor([[[100.0, 10.0, 1.0]]]))
        block.convolution.bias.zero_()
    x = torch.tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]])
    # 1, 12, 123, 234, 345: the oldest is left out, then the larger of each two
    assert block(x).tolist() == [[[123, 345]]]
    assert block(x[..., 1:]).tolist() == [[[23, 345]]]


def test_nothing_later_enters_a_convolution() -> None:
    torch.manual_seed(0)
    block = CausalBlock(2, 3, kernel=3, pool=2, dropout=0.0)
    x = torch.randn(1, 2, 10)
    later = x.clone()
    later[..., 6:] += 1
    assert torch.equal(block(later)[..., :3], block(x)[..., :3])
    assert not torch.equal(block(later)[..., 3], block(x)[..., 3])


def of_prices(length: int) -> LstmCnn:
    """A net of one filter that hands on the price, doubled."""
    options = {"features": 2, "length": length, "horizons": 1, "price_features": 1}
    net = zeroed(LstmCnn(**options, filters_1=1, filters_2=1, hidden=1, layers=1, head=1))
    with torch.no_grad():
        net.convolutions[0].convolution.weight[0, 0, -1] = 1.0  # the price as it is
        net.convolutions[1].convolution.weight[0, 0, -1] = 2.0
        net.head[1].weight[0, 0] = 1.0  # of the convolutions' filter
        net.head[4].weight.fill_(1.0)
        net.head[4].bias.fill_(0.25)
    return net


def test_what_is_left_of_time_is_averaged() -> None:
    x = torch.zeros(1, 8, 2)
    x[0, :, 0] = torch.tensor([0.0, 3, 1, 0, 5, 0, 0, 4])  # maxima of four rows: 3 and 5
    assert of_prices(8)(x, torch.ones(1, 8, 2, dtype=torch.bool)).logit.item() == 8.25


def test_the_convolution_branch_by_hand() -> None:
    net = of_prices(4)
    x = torch.tensor([[[1.0, 9.0], [3.0, 9.0], [2.0, 9.0], [-5.0, 9.0]]])
    known = torch.ones(1, 4, 2, dtype=torch.bool)
    # first maximum (3, 2), doubled and the larger one kept: 6
    assert net(x, known).logit.item() == 6.25
    known[0, 1, 0] = False  # the 3 is not known: (1, 2) → 4
    assert net(x, known).logit.item() == 4.25


def test_the_lstm_branch_by_hand() -> None:
    net = zeroed(LstmCnn(**{**TINY, "hidden": 1, "layers": 1, "head": 1, "horizons": 1}))
    with torch.no_grad():
        net.lstm.weight_ih_l0[2, 2] = 1.0  # cell input: the third feature
        net.head[1].weight[0, -1] = 1.0
        net.head[4].weight.fill_(1.0)
    x = torch.zeros(1, 6, 3)
    x[0, -1, 2] = 0.8
    # gates at one half: c = ½ tanh(.8), h = ½ tanh(c)
    wanted = 0.5 * torch.tanh(0.5 * torch.tanh(torch.tensor(0.8)))
    known = torch.ones(1, 6, 3, dtype=torch.bool)
    assert net(x, known).logit.item() == pytest.approx(wanted.item())
    assert net(-x, known).logit.item() == 0  # the head's ReLU


def test_the_convolutions_look_at_prices_only() -> None:
    torch.manual_seed(0)
    net = LstmCnn(**TINY).eval()
    x, known = torch.randn(1, 6, 3), torch.ones(1, 6, 3, dtype=torch.bool)
    other = x.clone()
    other[..., 2] += 1
    prices = [net._prices(net.inputs(part, known)) for part in (x, other)]
    assert prices[0].shape == (1, 4, 6)
    assert torch.equal(*prices)
    assert not torch.equal(net(x, known).logit, net(other, known).logit)


def test_the_convolutions_see_values_and_mask_of_the_prices() -> None:
    net = LstmCnn(**{**TINY, "length": 4})
    x = torch.arange(12.0).reshape(1, 4, 3)
    known = torch.ones(1, 4, 3, dtype=torch.bool)
    known[0, 1, 1] = known[0, 2, 2] = False
    wanted = [[0, 3, 6, 9], [1, 0, 7, 10], [1, 1, 1, 1], [1, 0, 1, 1]]
    assert net._prices(net.inputs(x, known))[0].tolist() == wanted


def test_gradients_are_those_of_finite_differences() -> None:
    torch.manual_seed(1)
    net = LstmCnn(**TINY).double().eval()
    x, known = torch.randn(2, 6, 3, dtype=torch.float64), torch.rand(2, 6, 3) > 0.2
    names = [name for name, _ in net.named_parameters()]

    def answer(*values: torch.Tensor) -> torch.Tensor:
        return functional_call(net, dict(zip(names, values, strict=True)), (x, known)).logit

    assert torch.autograd.gradcheck(answer, tuple(net.parameters()))


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"price_features": 4}, "price_features must be 1 to 3, not 4"),
        ({"price_features": 0}, "price_features must be 1 to 3, not 0"),
        ({"length": 3}, "of 3 rows none is left"),
    ],
)
def test_options_without_sense_are_refused(changed: dict[str, int], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        LstmCnn(**{**TINY, **changed})
