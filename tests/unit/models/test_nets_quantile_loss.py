import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hydra_quant.models.nets.quantile_loss import checked_levels, ordered, pinball_loss

LEVELS = (0.1, 0.5, 0.9)
NAN = math.nan


def test_a_miss_costs_its_level_from_below_and_the_rest_from_above() -> None:
    quantiles = torch.tensor([[[-1.0, 0.0, 4.0]]])
    # target 2: missed from below by 3 and 2, from above by 2
    by_hand = (0.1 * 3 + 0.5 * 2 + (1 - 0.9) * 2) / 3
    assert pinball_loss(quantiles, torch.tensor([[2.0]]), LEVELS).item() == pytest.approx(by_hand)


def test_unknown_targets_neither_count_nor_send_a_gradient() -> None:
    quantiles = torch.tensor(
        [[[-1.0, 0.0, 4.0], [7.0, 8.0, math.inf]], [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]],
        requires_grad=True,
    )
    target = torch.tensor([[2.0, NAN], [NAN, 1.0]])
    loss = pinball_loss(quantiles, target, LEVELS)
    loss.backward()
    known = ~target.isnan()
    alone = pinball_loss(quantiles[known].unsqueeze(1), target[known].unsqueeze(1), LEVELS)
    assert loss.item() == pytest.approx(alone.item())
    assert (quantiles.grad[~known] == 0).all()
    assert quantiles.grad[known].any(-1).all()


def test_without_a_known_target_nothing_is_lost_or_learned() -> None:
    quantiles = torch.randn(4, 2, 3, requires_grad=True)
    loss = pinball_loss(quantiles, torch.full((4, 2), NAN), LEVELS)
    loss.backward()
    assert loss.item() == 0
    assert not quantiles.grad.any()


def test_the_scale_of_a_horizon_divides_its_errors() -> None:
    quantiles, target = torch.zeros(1, 2, 1), torch.tensor([[1.0, 10.0]])
    assert pinball_loss(quantiles, target, (0.5,)).item() == pytest.approx(0.5 * 11 / 2)
    scaled = pinball_loss(quantiles, target, (0.5,), scale=torch.tensor([1.0, 10.0]))
    assert scaled.item() == pytest.approx(0.5)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_the_true_quantile_loses_least(level: float) -> None:
    sample = torch.from_numpy(np.random.default_rng(0).standard_normal((4001, 1)))
    true = torch.quantile(sample, level).item()

    def loss(guess: float) -> float:
        return pinball_loss(torch.full((4001, 1, 1), guess).double(), sample, (level,)).item()

    assert all(loss(true) < loss(true + away) for away in (-0.3, -0.05, 0.05, 0.3))


def test_its_gradient_is_that_of_finite_differences() -> None:
    quantiles = torch.tensor([[[-1.0, 0.3, 2.0]]], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([[0.5]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda q: pinball_loss(q, target, LEVELS), quantiles)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        pinball_loss(torch.zeros(2, 3), torch.zeros(2, 1), LEVELS)


def test_quantiles_stand_a_softplus_apart_around_the_middle_one() -> None:
    raw = torch.tensor([5.0, 0.0, math.log(math.e - 1)])  # softplus: ln 2 and 1
    found = ordered(raw, unit=0.1)
    assert found.tolist() == pytest.approx([0.1 * (5 - math.log(2)), 0.5, 0.6])


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 3), st.integers(1, 7)),
        elements=st.floats(-1e6, 1e6, width=32),
    )
)
def test_quantiles_never_cross(raw: np.ndarray) -> None:
    found = ordered(torch.from_numpy(raw))
    assert (found.diff(dim=-1) >= 0).all()
    middle = raw.shape[-1] // 2
    torch.testing.assert_close(found[..., middle], torch.from_numpy(raw[..., 0]) * 0.01)


def test_raw_numbers_would_cross() -> None:
    assert (torch.tensor([1.0, -3.0, 2.0]).diff() < 0).any()


@pytest.mark.parametrize("levels", [(), (0.5, 0.1), (0.1, 0.1), (0.0, 0.5), (0.5, 1.0), (NAN,)])
def test_levels_that_do_not_rise_between_0_and_1_are_refused(levels: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="rise strictly"):
        checked_levels(levels)


def test_levels_from_json_are_the_same() -> None:
    assert checked_levels([0.1, 0.5, 0.9]) == LEVELS
