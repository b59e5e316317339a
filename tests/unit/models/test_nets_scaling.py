"""Robust scaling, RevIN and the way into a network."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from hydra_quant.models.nets.scaling_layers import (
    Inputs,
    RevIN,
    RobustScaling,
    fit_scaling,
    masked_moments,
)

NAN = float("nan")


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32).reshape(-1, 1)


def scaled(layer: RobustScaling, *values: float) -> list[float]:
    x = torch.tensor(values).reshape(-1, 1)
    return layer(x, ~x.isnan()).flatten().tolist()


def test_a_value_is_its_distance_to_the_median_in_interquartile_ranges() -> None:
    layer = RobustScaling(1).fit(column(0, 1, 2, 3, 4, NAN))  # median 2, quartiles 1 and 3
    assert scaled(layer, 2, 3, 0, 11.9) == pytest.approx([0, 0.5, -1, 4.95])
    assert scaled(layer, 12, 1e9, -1e9) == [5, 5, -5]
    assert scaled(layer, NAN, 4) == [0, 1]


def test_an_outlier_hardly_moves_the_scale() -> None:
    calm = np.random.default_rng(0).normal(size=(1_000, 1)).astype(np.float32)
    wild = calm.copy()
    wild[:5] = 1e6
    median, spread = (float(part) for part in _scale(calm))
    again, wider = (float(part) for part in _scale(wild, floor=1e-9))
    assert again == pytest.approx(median, abs=0.02)
    assert wider == pytest.approx(spread, rel=0.02)
    assert spread == pytest.approx(1.349, rel=0.08)  # of a standard normal


def _scale(values: np.ndarray, floor: float = 0.1) -> tuple[torch.Tensor, torch.Tensor]:
    layer = RobustScaling(1, floor=floor).fit(values)
    return layer.center, layer.spread


def test_a_flag_that_is_nearly_always_off_has_a_finite_scale() -> None:
    flag = column(*[0] * 96, *[1] * 4)  # interquartile range 0, standard deviation .196
    assert RobustScaling(1).fit(flag).spread.item() == pytest.approx(0.1 * 0.04**0.5 * 0.96**0.5)
    assert scaled(RobustScaling(1).fit(flag), 0, 1) == [0, 5]


@pytest.mark.parametrize("value", [0.0, 0.1, -3.3e7])
def test_a_constant_column_is_only_centred(value: float) -> None:
    layer = RobustScaling(1).fit(column(*[value] * 50))
    assert layer.spread.item() == 1
    assert scaled(layer, value) == [0]


def test_what_rounding_leaves_of_a_constant_is_no_range() -> None:
    million = np.float32(1e6)
    wobbling = column(million, np.nextafter(million, np.float32(np.inf)), million, million)
    assert RobustScaling(1).fit(wobbling).spread.item() == 1
    assert RobustScaling(1).fit(wobbling - million).spread.item() < 0.1  # there it is a range


def test_a_column_that_is_never_known_is_left_as_it_is() -> None:
    values = np.stack([np.full(9, np.nan), np.arange(9)], axis=1).astype(np.float32)
    layer = RobustScaling(2).fit(values)
    assert layer.center.tolist() == [0, 4]
    assert layer.spread.tolist() == [1, 4]


def test_rows_of_all_pairs_are_pooled_and_each_feature_is_its_own() -> None:
    values = np.random.default_rng(1).normal(size=(40, 3, 2)).astype(np.float32)
    layer = RobustScaling(2).fit(values)
    for feature in range(2):
        flat = values[..., feature].astype(float)
        assert layer.center[feature] == pytest.approx(np.median(flat))
        low, high = np.percentile(flat, [25, 75])
        assert layer.spread[feature] == pytest.approx(high - low)


def test_before_it_is_fitted_nothing_is_clipped_or_moved() -> None:
    assert scaled(RobustScaling(1), 3, -1e9, NAN) == [3, -1e9, 0]


def test_what_was_fitted_is_saved_with_the_weights() -> None:
    layer = RobustScaling(1, clip=2).fit(column(0, 1, 2, 3, 4))
    again = RobustScaling(1)
    again.load_state_dict(layer.state_dict())
    assert scaled(again, 3, 100) == scaled(layer, 3, 100) == [0.5, 2]


def test_columns_that_do_not_fit_and_limits_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="3 columns do not fit 2 features"):
        RobustScaling(2).fit(np.zeros((5, 3), dtype=np.float32))
    for given_limits in ({"clip": 0.0}, {"floor": -1.0}):
        with pytest.raises(ValueError, match="above 0"):
            RobustScaling(2, **given_limits)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    scale=st.floats(1e-3, 1e3),
    shift=st.floats(-10, 10),
    missing=st.floats(0, 0.9),
)
def test_units_do_not_matter(seed: int, scale: float, shift: float, missing: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.standard_t(3, size=(60, 2)).astype(np.float32)
    values[rng.random(values.shape) < missing] = np.nan
    values[:2] = [[-1, 1], [1, -1]]
    other = (values.astype(float) * scale + shift * scale).astype(np.float32)
    found = [
        RobustScaling(2).fit(part)(torch.from_numpy(part), torch.from_numpy(~np.isnan(part)))
        for part in (values, other)
    ]
    torch.testing.assert_close(*found, atol=2e-3, rtol=1e-3)
    assert found[0].abs().max() <= 5


def test_moments_of_what_is_known() -> None:
    x = torch.tensor([[[1.0], [3.0], [100.0]], [[7.0], [8.0], [9.0]]])
    known = torch.tensor([[[True], [True], [False]], [[False]] * 3])
    mean, deviation = masked_moments(x, known, eps=0.25)
    assert mean.flatten().tolist() == [2, 0]
    assert deviation.flatten().tolist() == pytest.approx([1.25**0.5, 0.5])


def test_revin_by_hand() -> None:
    layer = RevIN(1, eps=0.0)
    with torch.no_grad():
        layer.gain.fill_(3.0)
        layer.bias.fill_(0.5)
    x, known = torch.tensor([[[1.0], [5.0], [NAN]]]), torch.tensor([[[True], [True], [False]]])
    normal, seen = layer(x, known)  # mean 3, deviation 2
    assert normal.flatten().tolist() == [-2.5, 3.5, 0.0]
    # (y − .5) / 3 · 2 + 3
    answers = layer.denormalise(torch.tensor([[[3.5, 0.5]]]), seen, 0)
    assert answers.flatten().tolist() == [5, 3]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), features=st.integers(1, 4), missing=st.floats(0, 1))
def test_revin_is_reversible(seed: int, features: int, missing: float) -> None:
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(3, 7, features, generator=draw, dtype=torch.float64) * 4 + 10
    known = torch.rand(3, 7, features, generator=draw) >= missing
    layer = RevIN(features).double()
    with torch.no_grad():
        layer.gain.uniform_(0.5, 2, generator=draw)
        layer.bias.uniform_(-1, 1, generator=draw)
    normal, seen = layer(x, known)
    for feature in range(features):
        back = layer.denormalise(normal[..., feature], seen, feature)
        here = known[..., feature]
        torch.testing.assert_close(back[here], x[..., feature][here])
    moved = layer(x + 100.0, known)[0]
    torch.testing.assert_close(moved, normal)  # the level of a window does not matter


def test_revin_matches_its_derivatives_and_unknown_values_leave_none() -> None:
    torch.manual_seed(0)
    layer = RevIN(2).double()
    x = torch.randn(2, 4, 2, dtype=torch.float64, requires_grad=True)
    known = torch.rand(2, 4, 2) > 0.3
    assert torch.autograd.gradcheck(lambda value: layer(value, known)[0], (x,))
    holes = x.detach().masked_fill(~known, NAN)
    layer(holes, known)[0].square().sum().backward()
    assert layer.gain.grad.isfinite().all()
    assert layer.gain.grad.abs().min() > 0


def test_values_and_mask_are_channels_side_by_side() -> None:
    layer = Inputs(2, 3)
    layer.scaling.fit(np.array([[0, 0], [1, 2], [2, 4], [3, 6], [4, 8]], dtype=np.float32))
    x = torch.tensor([[[2.0, 4.0], [4.0, 0.0], [0.0, 8.0]]])
    known = torch.tensor([[[True, True], [True, False], [False, True]]])
    assert layer(x, known)[0].tolist() == [[0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]]


def test_windows_of_another_shape_are_refused() -> None:
    layer = Inputs(2, 3)
    for shape in ((1, 4, 2), (1, 3, 3), (3, 2)):
        with pytest.raises(ValueError, match=r"must be \(batch, 3, 2\)"):
            layer(torch.zeros(shape), torch.ones(shape, dtype=torch.bool))
    with pytest.raises(ValueError, match="known"):
        layer(torch.zeros(1, 3, 2), torch.ones(2, 3, 2, dtype=torch.bool))


def test_revin_inside_makes_the_level_of_a_window_irrelevant() -> None:
    x, known = torch.randn(2, 3, 2), torch.ones(2, 3, 2, dtype=torch.bool)
    with_it, without = Inputs(2, 3, revin=True), Inputs(2, 3)
    torch.testing.assert_close(with_it(x, known), with_it(x + 5, known), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(without(x, known), without(x + 5, known), atol=0.1)


def test_every_scaling_of_a_network_is_fitted() -> None:
    net = nn.ModuleList([Inputs(1, 3), nn.Linear(1, 1), Inputs(1, 3, revin=True)])
    fit_scaling(net, column(0, 1, 2, 3, 4))
    assert [net[i].scaling.center.item() for i in (0, 2)] == [2, 2]
