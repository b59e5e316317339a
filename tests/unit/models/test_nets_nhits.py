import inspect
import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate

from hydra_quant.models.nets.nhits import Block, Nhits, interpolation, pooled
from hydra_quant.models.nets.quantile_loss import pinball_loss
from hydra_quant.models.nets.registry import build
from hydra_quant.models.nets.windows import Panel, Windows

TINY: dict[str, Any] = {
    **{"features": 3, "length": 10, "hidden": 16, "channels": 2, "dropout": 0.0},
    **{"pooling": (4, 1), "coarseness": (8, 1)},
}


@pytest.fixture(autouse=True)
def _one_thread_and_a_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def windows(batch: int = 3, length: int = 10) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    shape = batch, length, 3
    known = torch.rand(shape, generator=generator) > 0.2
    return torch.randn(shape, generator=generator) * known, known


# the parts


def test_lines_are_drawn_between_knots() -> None:
    drawn = torch.tensor([0.0, 10.0, 0.0]) @ interpolation(3, 5)
    assert drawn.tolist() == pytest.approx([0, 5, 10, 5, 0])
    assert (torch.tensor([7.0]) @ interpolation(1, 3)).tolist() == [7, 7, 7]
    assert torch.equal(interpolation(4, 4), torch.eye(4))


@given(st.integers(2, 12), st.integers(0, 30))
def test_interpolation_is_torchs_own(knots: int, more: int) -> None:
    heights = torch.randn(2, knots, dtype=torch.float64)
    drawn = heights @ interpolation(knots, knots + more).double()
    wanted = interpolate(heights[:, None], knots + more, mode="linear", align_corners=True)[:, 0]
    torch.testing.assert_close(drawn, wanted, atol=1e-5, rtol=1e-5)


def test_pooling_counts_from_the_last_row() -> None:
    rows = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]])
    assert pooled(rows, 2).tolist() == [[0.5, 2.5, 4.5]]
    assert torch.equal(pooled(rows, 1), rows)
    both = torch.stack([rows, 10 * rows], dim=-1)
    assert pooled(both, 5).tolist() == [[[3.0, 30.0]]]


def reading(block: Block, heights: Tensor) -> Block:
    """`block` whose knots are constants."""
    with torch.no_grad():
        last = block.perceptron[-1]
        last.weight.zero_()
        last.bias.copy_(heights)
    return block


def test_a_block_by_hand() -> None:
    block = Block(
        *(4, (1, 3)),
        **{"pool": 2, "coarse": 2, "parts": 2, "channels": 1, "hidden": 5, "dropout": 0.0},
        backcast=True,
    )
    # knots: two for four rows of the past, two for three steps ahead of each of two parts
    reading(block, torch.tensor([3.0, 0.0, 1.0, 5.0, -2.0, -4.0]))
    explained, forecast = block(torch.zeros(1, 4), torch.ones(1, 4), torch.zeros(1, 4, 1))
    assert explained.tolist() == [pytest.approx([3, 2, 1, 0])]
    assert forecast.tolist() == [[[1, -2], [5, -4]]]  # (horizons, parts)


def test_the_perceptron_reads_means_of_what_is_known() -> None:
    block = Block(
        *(4, (1,)),
        **{"pool": 2, "coarse": 4, "parts": 1, "channels": 1, "hidden": 5, "dropout": 0.0},
        backcast=False,
    )
    seen = []
    block.perceptron.register_forward_pre_hook(lambda _, given: seen.append(given[0].tolist()))
    left, there = torch.tensor([[6.0, 0.0, 0.0, 0.0]]), torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    explained, _ = block(left, there, torch.tensor([[[1.0], [2.0], [3.0], [5.0]]]))
    assert seen == [[[6.0, 0.0, 0.5, 0.0, 1.5, 4.0]]]  # levels, shares known, other columns
    assert explained is None


def test_each_block_gets_what_the_ones_before_left() -> None:
    net = Nhits(**TINY, horizons=1).eval()
    first, second = net.all_blocks
    reading(first, torch.arange(first.perceptron[-1].out_features).float())
    seen: list[Tensor] = []
    second.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    x, known = windows()
    net(x, known)
    explained = torch.tensor([0.0, 1.0]) @ interpolation(2, 10)
    torch.testing.assert_close(seen[0], (x[..., 0] - explained) * known[..., 0])


def test_gradients_are_those_of_finite_differences() -> None:
    matrix = interpolation(3, 7).double()
    knots = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda k: k @ matrix, knots)
    rows = torch.randn(1, 5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda r: pooled(r, 2), rows)
    net = Nhits(**TINY, horizons=2).double()
    known = torch.rand(2, 10, 3) > 0.2
    x = torch.randn(2, 10, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: net(x, known)[:2], x)


# the network


def test_the_parameters_of_the_defaults_are_counted_by_hand() -> None:
    def linear(inputs: int, outputs: int) -> int:
        return (inputs + 1) * outputs

    # rows of 168 by 8, 4 and 1; knots that explain 168 by 24, 12 and, at last, nothing;
    # knots ahead of 24 steps by 24, 12 and 1, of which the last are seen at three steps
    by_hand = linear(2 * 15, 8)
    for rows, past, ahead in ((21, 7, 1), (42, 14, 2), (168, 0, 3)):
        by_hand += linear(rows * (8 + 2), 512) + linear(512, 512)
        by_hand += linear(512, past + 4 * ahead)
    net = build("nhits", features=15)
    assert sum(p.numel() for p in net.parameters()) == by_hand == 1_995_557
    assert (net.inputs.length, net.levels, len(net.all_blocks)) == (168, (0.1, 0.5, 0.9), 3)


def test_the_written_defaults_are_those_of_the_constructor() -> None:
    signature = inspect.signature(Nhits).parameters
    assert {k: p.default for k, p in signature.items() if k != "features"} == Nhits.defaults


def test_what_was_written_as_json_is_the_same_network() -> None:
    options = {**Nhits.defaults, **TINY}
    first, second = Nhits(**options).eval(), Nhits(**json.loads(json.dumps(options))).eval()
    second.load_state_dict(first.state_dict())
    x, known = windows()
    assert torch.equal(first(x, known).quantiles, second(x, known).quantiles)


@pytest.mark.parametrize("blocks", [1, 2])
def test_the_stacks_add_up_to_the_middle_quantile(blocks: int) -> None:
    out = Nhits(**TINY, blocks=blocks).eval()(*windows())
    assert out.logit.shape == (3, 3)
    assert out.quantiles.shape == (3, 3, 3)
    stacks = out.weights["stacks"]
    assert stacks.shape == (3, 2, 3)
    assert not stacks.requires_grad
    torch.testing.assert_close(stacks.sum(1), out.quantiles[..., 1].detach())


def test_a_slow_stack_says_the_same_of_all_horizons() -> None:
    slow = {**TINY, "pooling": (4, 1), "coarseness": (24, 1)}
    first, second = Nhits(**slow).eval()(*windows()).weights["stacks"].unbind(1)
    torch.testing.assert_close(first, first[:, :1].expand(-1, 3))
    assert not torch.allclose(second, second[:, :1].expand(-1, 3))


def test_every_weight_learns() -> None:
    net = Nhits(**TINY, blocks=2)
    out = net(*windows())
    (out.logit.square().sum() + out.quantiles.square().sum()).backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_what_is_not_known_may_be_anything() -> None:
    net = Nhits(**TINY).eval()
    x, known = windows()
    garbage = torch.where(known, x, torch.full_like(x, math.nan))
    torch.testing.assert_close(net(garbage, known).logit, net(x, known).logit)
    assert not torch.allclose(net(x, torch.ones_like(known)).logit, net(x, known).logit)
    nothing = net(torch.zeros_like(x), torch.zeros_like(known))
    assert nothing.quantiles.isfinite().all()


def test_later_candles_change_no_answer() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((20, 2, 3)).astype(np.float32)
    later = values.copy()
    later[13:] = np.nan

    def answer(candles: np.ndarray, row: int) -> Tensor:
        panel = Panel(candles, np.arange(20) * 60_000, ("A", "B"), tuple("abc"))
        return net(*Windows(panel, 10, [(row, 0), (row, 1)]).batch(slice(None))).quantiles

    net = Nhits(**TINY).eval()
    assert torch.equal(answer(values, 12), answer(later, 12))
    assert not torch.equal(answer(values, 13), answer(later, 13))


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize("row", [0, 5, 9])
def test_every_row_of_every_column_counts(row: int, column: int) -> None:
    net = Nhits(**TINY).eval()
    x, known = windows()
    known = torch.ones_like(known)
    moved = x.clone()
    moved[:, row, column] += 3.0
    assert not torch.allclose(net(x, known).logit, net(moved, known).logit)


@settings(max_examples=25)
@given(
    arrays.arrays(np.float32, (2, 10, 3), elements=st.floats(-1e4, 1e4, width=32)),
    st.integers(0, 99),
)
def test_quantiles_never_cross(x: np.ndarray, seed: int) -> None:
    torch.manual_seed(seed)
    net = Nhits(**TINY, quantiles=(0.05, 0.25, 0.5, 0.75, 0.95)).eval()
    with torch.no_grad():
        found = net(torch.from_numpy(x), torch.ones(2, 10, 3, dtype=torch.bool)).quantiles
    assert found.isfinite().all()
    assert (found.diff(dim=-1) >= 0).all()


def test_windows_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="must be"):
        Nhits(**TINY)(*windows(length=9))


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"horizons": 4}, "4 horizons need as many steps"),
        ({"horizons": 2, "steps": (1,)}, "2 horizons need as many steps"),
        ({"horizons": 1, "steps": (0,)}, "at least 1"),
        ({"target": 3}, "none of 3 columns"),
        ({"target": -1}, "none of 3 columns"),
        ({"pooling": (2,)}, "no stacks"),
        ({"pooling": (), "coarseness": ()}, "no stacks"),
        ({"coarseness": (8, 0)}, "no stacks"),
        ({"blocks": 0}, "no stacks"),
        ({"quantiles": (0.9, 0.1)}, "rise strictly"),
    ],
)
def test_options_without_sense_are_refused(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Nhits(**{**TINY, **changed})


# learning


PLANTED = torch.randn(4512, 10, 3, generator=torch.Generator().manual_seed(5))
RETURNS = 0.01 * PLANTED[:, 6:9, 1].mean(1)  # column 1 tells, the others are noise


def auc(score: Tensor, up: Tensor) -> float:
    rank = score.argsort().argsort().double() + 1
    positive = up.sum().item()
    area = rank[up].sum().item() - positive * (positive + 1) / 2
    return area / (positive * (len(up) - positive))


def found_in(returns: Tensor) -> tuple[float, float]:
    """AUC of direction and of the median on unseen windows, after three rounds of 512 others."""
    net, everything = Nhits(**TINY, horizons=1), torch.ones(4000, 10, 3, dtype=torch.bool)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    for start in 3 * list(range(0, 512, 32)):
        out = net(PLANTED[start : start + 32], everything[:32])
        target = returns[start : start + 32].unsqueeze(1)
        loss = binary_cross_entropy_with_logits(out.logit, (target > 0).float())
        loss = loss + 100 * pinball_loss(out.quantiles, target, net.levels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        held = net.eval()(PLANTED[512:], everything)
    up = returns[512:] > 0
    return auc(held.logit[:, 0], up), auc(held.quantiles[:, 0, 1], up)


def test_a_planted_pattern_is_found() -> None:
    assert min(found_in(RETURNS)) > 0.9


def test_nothing_is_found_in_noise() -> None:
    noise = 0.01 * torch.randn(len(PLANTED), generator=torch.Generator().manual_seed(6))
    for found in found_in(noise):
        assert abs(found - 0.5) < 0.04
