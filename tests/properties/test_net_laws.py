"""Laws that every network of the registry inherits.

A new one is held to them as soon as it is in `NETS`; sizes that keep it quick here go to `SMALL`.
"""

import inspect
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.func import functional_call, grad
from torch.nn import functional

from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.registry import GROUPED, NETS, build, net_class, options
from hydra_quant.models.nets.scaling_layers import RobustScaling, fit_scaling
from hydra_quant.models.nets.windows import GroupedWindows, Panel, Windows

FEATURES, LENGTH, HORIZONS, PAIRS = 4, 8, 2, 3
SMALL: dict[str, dict[str, Any]] = {
    "lstm_cnn": {"price_features": 2, "filters_1": 4, "filters_2": 6, "hidden": 8, "head": 8},
    "lstm_attention": {"hidden": 16},
    "direction_transformer": {"width": 16, "heads": 2, "layers": 2, "expansion": 2},
    "tft": {"hidden": 8, "heads": 2, "embedding": 4},
    "nhits": {"hidden": 16, "channels": 4, "pooling": (4, 2, 1), "coarseness": (4, 2, 1)},
    "graph_attention": {"hidden": 8, "heads": 2, "layers": 2},
}
every_net = pytest.mark.parametrize("name", list(NETS))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(name: str, seed: int = 0, **changed: Any) -> nn.Module:
    sizes = {"features": FEATURES, "length": LENGTH, "horizons": HORIZONS}
    torch.manual_seed(seed)
    return build(name, **{**sizes, **SMALL.get(name, {}), **changed}).eval()


def drawn(name: str, batch: int = 6, seed: int = 1, missing: float = 0.2) -> tuple[Tensor, Tensor]:
    """Windows as the net wants them; the last row of each is known."""
    draw = torch.Generator().manual_seed(seed)
    shape = (batch, PAIRS, LENGTH, FEATURES) if name in GROUPED else (batch, LENGTH, FEATURES)
    known = torch.rand(shape, generator=draw) >= missing
    known[..., -1, :] = True
    return torch.where(known, torch.randn(shape, generator=draw), 0.0), known


def graph(name: str, batch: int) -> dict[str, Tensor]:
    """A ring: each pair has the next and the last as neighbours."""
    if name not in GROUPED:
        return {}
    ring = torch.tensor([[(i + 1) % PAIRS, (i - 1) % PAIRS] for i in range(PAIRS)])
    correlation = torch.linspace(-0.9, 0.9, PAIRS * 4).reshape(PAIRS, 2, 2)
    return {
        "neighbours": ring.expand(batch, -1, -1),
        "edges": correlation.expand(batch, -1, -1, -1),
    }


def answered(name: str, net: nn.Module, x: Tensor, known: Tensor) -> Output:
    found: Output = net(x, known, **graph(name, len(x)))
    return found


def parts(output: Output) -> dict[str, Tensor]:
    """All that a net says, by name."""
    found = {"logit": output.logit, "quantiles": output.quantiles}
    return {key: part for key, part in found.items() if part is not None} | output.weights


def assert_same(one: Output, other: Output, atol: float = 0.0) -> None:
    assert parts(one).keys() == parts(other).keys()
    for key, part in parts(one).items():
        torch.testing.assert_close(part, parts(other)[key], atol=atol, rtol=0, equal_nan=True)


def same(one: Output, other: Output) -> bool:
    return all(torch.equal(part, parts(other)[key]) for key, part in parts(one).items())


def spoken(output: Output) -> Tensor:
    """Sum of squares of every answer that was given."""
    given = [part for part in (output.logit, output.quantiles) if part is not None]
    return sum((part[~part.isnan()].square().sum() for part in given), torch.zeros(()))


@every_net
@pytest.mark.parametrize("batch", [1, 6])
@pytest.mark.parametrize("horizons", [1, 3])
def test_an_answer_has_the_shape_of_the_contract(name: str, batch: int, horizons: int) -> None:
    net = small(name, horizons=horizons)
    output = answered(name, net, *drawn(name, batch))
    leading = (batch, PAIRS) if name in GROUPED else (batch,)
    assert output.logit is not None or output.quantiles is not None
    if output.logit is not None:
        assert output.logit.shape == (*leading, horizons)
    if output.quantiles is not None:
        assert output.quantiles.shape[:-1] == (*leading, horizons)
        assert (output.quantiles.diff(dim=-1) >= 0).all()
    for part in parts(output).values():
        assert part.dtype == torch.float32
        assert part.isfinite().all()
    for weight in output.weights.values():
        assert weight.shape[0] == batch
        assert not weight.requires_grad


@every_net
def test_rows_after_the_one_that_is_answered_change_nothing(name: str) -> None:
    values = np.random.default_rng(0).normal(size=(24, PAIRS, FEATURES)).astype(np.float32)
    last = 15
    kind: Any = GroupedWindows if name in GROUPED else Windows
    rows = range(LENGTH - 1, last + 1)
    at = [*rows] if name in GROUPED else [(row, pair) for row in rows for pair in range(PAIRS)]
    net = small(name)

    def all_answers() -> Output:
        names = tuple(f"f{i}" for i in range(FEATURES))
        panel = Panel(values, np.arange(24), tuple(f"P{i}" for i in range(PAIRS)), names)
        with torch.no_grad():
            return answered(name, net, *kind(panel, LENGTH, at).batch(slice(None)))

    before = all_answers()
    values[last + 1 :] = np.nan
    assert_same(all_answers(), before)
    values[last + 1 :] = 1e3
    assert_same(all_answers(), before)
    values[last] += 1.0
    after = all_answers()
    assert not same(after, before)
    for key in {"logit", "quantiles"} & parts(before).keys():
        last_row = 1 if name in GROUPED else PAIRS
        assert torch.equal(parts(after)[key][:-last_row], parts(before)[key][:-last_row])
        assert (parts(after)[key][-last_row:] != parts(before)[key][-last_row:]).any()


@every_net
def test_every_row_of_a_window_can_matter(name: str) -> None:
    x, known = drawn(name, missing=0.0)
    x.requires_grad_(True)
    spoken(answered(name, small(name), x, known)).backward()
    assert x.grad is not None
    assert (x.grad.abs().sum(dim=-1) > 0).all()


@every_net
def test_a_window_is_answered_alike_alone_and_among_others(name: str) -> None:
    net, (x, known) = small(name), drawn(name)
    together = answered(name, net, x, known)
    alone = [answered(name, net, x[i : i + 1], known[i : i + 1]) for i in range(len(x))]
    for key, part in parts(together).items():
        torch.testing.assert_close(
            torch.cat([parts(one)[key] for one in alone]), part, atol=1e-5, rtol=1e-5
        )
    turned = answered(name, net, x.flip(0), known.flip(0))
    torch.testing.assert_close(spoken(turned), spoken(together))


@every_net
def test_every_parameter_learns_and_its_gradient_is_finite(name: str) -> None:
    net = small(name)
    before = {key: parameter.detach().clone() for key, parameter in net.named_parameters()}
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    for step in range(3):  # what stands behind a layer that starts with zeros learns from then on
        optimiser.zero_grad()
        spoken(answered(name, net, *drawn(name, 32, seed=step))).backward()
        for key, parameter in net.named_parameters():
            assert parameter.requires_grad, key
            assert parameter.grad is not None, key
            assert parameter.grad.isfinite().all(), key
        optimiser.step()
    for key, parameter in net.named_parameters():
        assert not torch.equal(parameter, before[key]), key


@every_net
@pytest.mark.parametrize("value", [1e4, float("nan")])
def test_a_value_that_is_not_known_has_no_influence(name: str, value: float) -> None:
    net, (x, known) = small(name), drawn(name)
    other = torch.where(known, x, value)
    assert_same(answered(name, net, other, known), answered(name, net, x, known))
    if value == value:
        known_now = torch.ones_like(known)  # the same value does have one where it is known
        assert not same(answered(name, net, other, known_now), answered(name, net, x, known))


@every_net
def test_a_zero_that_is_known_is_told_from_one_that_is_not(name: str) -> None:
    net, (x, known) = small(name), drawn(name)
    assert not same(answered(name, net, x, torch.ones_like(known)), answered(name, net, x, known))


@every_net
def test_windows_of_which_nothing_is_known_make_no_nan(name: str) -> None:
    net, (x, known) = small(name), drawn(name)
    whole = answered(name, net, x, known)
    x[2], known[2] = 0.0, False
    x[3, ..., : LENGTH - 1, :], known[3, ..., : LENGTH - 1, :] = 0.0, False
    output = answered(name, net, x, known)
    spoken(output).backward()
    for key, part in parts(output).items():
        if name in GROUPED:  # says that it has no answer for a pair that is not there
            assert part[2].isnan().all() or part[2].isfinite().all(), key
        else:
            assert part[2].isfinite().all(), key
        assert part[3].isfinite().all(), key
        torch.testing.assert_close(part[:2], parts(whole)[key][:2], atol=1e-6, rtol=0)
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key


@every_net
def test_same_seed_same_network_same_answers(name: str) -> None:
    x, known = drawn(name)
    one, again, other = (answered(name, small(name, seed), x, known) for seed in (5, 5, 6))
    assert_same(one, again)
    assert not same(one, other)


@every_net
def test_an_answer_draws_no_random_number(name: str) -> None:
    net, (x, known) = small(name), drawn(name)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = answered(name, net, x, known)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert_same(answered(name, net, x, known), first)


@every_net
def test_a_step_of_training_repeats_with_the_seed(name: str) -> None:
    net, (x, known) = small(name).train(), drawn(name)
    found = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        found.append(answered(name, net, x, known))
    assert_same(found[0], found[1])
    assert not same(found[0], found[2])  # there is dropout


@every_net
def test_options_come_back_from_json_and_make_the_same_network(name: str) -> None:
    sizes = {"features": FEATURES, "length": LENGTH, "horizons": HORIZONS}
    chosen = options(name, {**sizes, **SMALL.get(name, {})})
    assert set(chosen) == set(inspect.signature(net_class(name)).parameters)
    net = small(name)
    again = build(name, **json.loads(json.dumps(chosen))).eval()
    again.load_state_dict(net.state_dict())
    assert_same(answered(name, again, *drawn(name)), answered(name, net, *drawn(name)))


@every_net
def test_defaults_are_those_of_the_signature(name: str) -> None:
    made = net_class(name)
    parameters = inspect.signature(made).parameters
    stated = getattr(made, "defaults", {})
    assert stated
    assert set(stated) <= set(parameters)
    for key, p in parameters.items():
        assert p.kind is p.KEYWORD_ONLY
        if p.default is not p.empty and key in stated:
            assert p.default == stated[key], key


@every_net
def test_asking_changes_neither_inputs_nor_weights(name: str) -> None:
    net, (x, known) = small(name), drawn(name)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    copies = x.clone(), known.clone()
    answered(name, net.train(), x, known)
    assert torch.equal(x, copies[0])
    assert torch.equal(known, copies[1])
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


@every_net
def test_units_of_the_features_do_not_matter_once_it_is_fitted(name: str) -> None:
    x, known = drawn(name, 40)
    assert any(isinstance(module, RobustScaling) for module in small(name).modules())
    unit = torch.tensor([1e-4, 1.0, 50.0, 3e4])
    level = torch.tensor([0.0, -3.0, 7.0, 1.0])
    found = []
    for values in (x, (x + level) * unit):
        net = small(name)
        fit_scaling(net, torch.where(known, values, float("nan")).numpy())
        found.append(answered(name, net, torch.where(known, values, 0.0), known))
    assert_same(found[0], found[1], atol=1e-4)
    unfitted = answered(name, small(name), torch.where(known, (x + level) * unit, 0.0), known)
    with pytest.raises(AssertionError):
        assert_same(unfitted, found[0], atol=1e-2)


@every_net
def test_half_precision_gives_nearly_the_same_answers(name: str) -> None:
    net, (x, known) = small(name), drawn(name)
    x[2], known[2] = 0.0, False
    whole = answered(name, net, x, known)
    with torch.autocast("cpu", torch.bfloat16):
        half = answered(name, net, x, known)
    for key, part in parts(half).items():
        torch.testing.assert_close(
            part.float(), parts(whole)[key], atol=0.03, rtol=0.03, equal_nan=True
        )
    spoken(half).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in net.parameters())


@every_net
def test_a_step_of_learning_can_itself_be_differentiated(name: str) -> None:
    """As meta-learning does (`torch.func`): the loss after a step, by the weights before it."""
    net, (x, known) = small(name), drawn(name)
    weights = {key: parameter.detach() for key, parameter in net.named_parameters()}

    def loss(given: dict[str, Tensor]) -> Tensor:
        output = functional_call(net, given, (x, known), graph(name, len(x)))
        return spoken(output)

    def after_a_step(given: dict[str, Tensor], size: float) -> Tensor:
        slope = grad(loss)(given)
        return loss({key: given[key] - size * slope[key] for key in given})

    whole = grad(lambda given: after_a_step(given, 0.02))(weights)
    no_step = grad(lambda given: after_a_step(given, 0.0))(weights)
    assert all(part.isfinite().all() for part in whole.values())
    assert any(not torch.equal(part, no_step[key]) for key, part in whole.items())


def pattern(x: Tensor) -> Tensor:
    """Whether the first feature rose from the fourth row from the end to the second."""
    return (x[..., -2, 0] > x[..., -4, 0]).float().unsqueeze(-1)


def noise(x: Tensor) -> Tensor:
    """A coin for each window, the same whenever it is asked for the same windows."""
    draw = torch.Generator().manual_seed(int(x.abs().sum().item() * 1e3))
    return torch.randint(0, 2, (*x.shape[:-2], 1), generator=draw).float()


def loss_of(output: Output, up: Tensor) -> Tensor:
    loss = torch.zeros(())
    if output.logit is not None:
        loss = loss + functional.binary_cross_entropy_with_logits(output.logit, up)
    if output.quantiles is not None and output.logit is None:
        middle = output.quantiles[..., output.quantiles.shape[-1] // 2]
        loss = loss + (middle - (2 * up - 1)).abs().mean()
    return loss


def auc_after_training(
    name: str, label: Any, steps: int, asked: int = 3_000, seed: int = 0
) -> float:
    """Area under the curve of `asked` fresh windows, after `steps` or one well explained batch."""
    net = small(name, seed, horizons=1).train()
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    for step in range(steps):
        x, known = drawn(name, 96, seed=step, missing=0.0)
        optimiser.zero_grad()
        loss = loss_of(answered(name, net, x, known), label(x))
        loss.backward()
        optimiser.step()
        if loss < 0.2:
            break
    x, known = drawn(name, asked, seed=10_000, missing=0.0)
    with torch.no_grad():
        output = answered(name, net.eval(), x, known)
    middle = output.logit if output.logit is not None else output.quantiles[..., 1]
    return float(roc_auc_score(label(x).flatten(), middle.flatten()))


@every_net
def test_a_planted_pattern_is_found(name: str) -> None:
    assert auc_after_training(name, pattern, steps=250) > 0.9


@every_net
def test_nothing_is_found_in_noise(name: str) -> None:
    # Of 14 000 windows with a coin each, the standard error of the area is .005: .02 is four.
    windows = 14_000 // (PAIRS if name in GROUPED else 1)
    found = auc_after_training(name, noise, steps=30, asked=windows)
    assert found == pytest.approx(0.5, abs=0.02)


def test_a_fifth_of_a_pattern_in_noise_is_more_than_noise() -> None:
    """What the law of noise allows is narrow enough to be broken by little."""

    def faint(x: Tensor) -> Tensor:
        draw = torch.Generator().manual_seed(int(x.abs().sum().item() * 1e3) + 1)
        honest = torch.rand((*x.shape[:-2], 1), generator=draw) < 0.2
        return torch.where(honest, pattern(x), noise(x))

    assert auc_after_training("nhits", faint, steps=60, asked=14_000) > 0.53
