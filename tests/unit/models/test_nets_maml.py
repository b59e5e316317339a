"""Meta-learning: exact gradients, faster adaptation than plain training, and no look ahead."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from hydra_quant.models.nets.maml import (
    MetaLearning,
    adapt,
    inner_steps,
    meta_fit,
    meta_gradient,
    plain_fit,
)
from hydra_quant.models.nets.maml_compare import compare, judged
from hydra_quant.models.nets.maml_parts import direction_loss, learning_weights
from hydra_quant.models.nets.maml_tasks import Batch, Task, regime_tasks
from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.windows import Panel, Windows


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Linear(nn.Module):
    """One weight a feature of the last row."""

    def __init__(self, features: int = 2) -> None:
        super().__init__()
        self.layer = nn.Linear(features, 1, bias=False, dtype=torch.float64)

    def forward(self, x, known, **graph):
        return Output(self.layer(x[:, -1]), None, {})


class Small(nn.Module):
    """Two hidden layers on the last row, with dropout if wanted."""

    def __init__(self, width: int = 24, dropout: float = 0.0, norm: bool = False) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(1, width),
            nn.BatchNorm1d(width) if norm else nn.Identity(),
            nn.Tanh(),
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.Tanh(),
            nn.Linear(width, 1),
        )

    def forward(self, x, known, **graph):
        return Output(self.body(x[:, -1]), None, {})


class Recurrent(nn.Module):
    """An LSTM and attention: both have fused kernels without a second derivative."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 4, batch_first=True)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.out = nn.Linear(4, 1)

    def forward(self, x, known, **graph):
        hidden, _ = self.lstm(x)
        seen, _ = self.attention(hidden, hidden, hidden, need_weights=False)
        return Output(self.out(seen[:, -1]), None, {})


def squared(output: Output, target: torch.Tensor) -> torch.Tensor:
    return ((output.logit - target) ** 2).mean()


def task(x, y, x2, y2, name="t", **graph) -> Task:
    """A task of windows of one row."""

    def batch(x, y):
        return Batch(x[:, None, :], torch.ones_like(x[:, None, :]).bool(), y, graph)

    n, m = len(x), len(x2)
    return Task(name, batch(x, y), batch(x2, y2), np.arange(n), np.arange(n, n + m), 1)


def linear_task(seed: int) -> Task:
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(12, 2, generator=draw, dtype=torch.float64)
    y = x @ torch.randn(2, 1, generator=draw, dtype=torch.float64)
    return task(x[:6], y[:6], x[6:], y[6:], f"{seed}")


def waves(seed: int, count: int, shots: int = 10) -> list[Task]:
    """Sinusoids of Finn et al. (2017), section 5.1: amplitude .1 to 5, phase 0 to π."""
    draw, found = torch.Generator().manual_seed(seed), []
    for number in range(count):
        height = 0.1 + 4.9 * torch.rand(1, generator=draw)
        phase = torch.pi * torch.rand(1, generator=draw)
        x = 10 * torch.rand(2 * shots, 1, generator=draw) - 5
        y = height * torch.sin(x - phase)
        found.append(task(x[:shots] / 2, y[:shots], x[shots:] / 2, y[shots:], f"{number}"))
    return found


def test_second_order_gradient_is_exact_on_a_linear_model() -> None:
    net, one = Linear(), linear_task(0)
    settings = MetaLearning(inner_rate=0.1, inner_steps=3)
    at = learning_weights(net)
    found, value = meta_gradient(net, at, [one], settings, squared)
    x, y, x2, y2 = (
        t.double() for t in (one.support.x[:, 0], one.support.target, one.query.x[:, 0],
                             one.query.target)
    )  # fmt: skip
    # squares: a step is w ← w - α (H w - b), so that after k steps ∂w_k/∂w = (I - α H)^k
    hessian, w = 2 * x.T @ x / len(x), at["layer.weight"].T.clone()
    for _ in range(3):
        w = w - 0.1 * (hessian @ w - 2 * x.T @ y / len(x))
    last = 2 * x2.T @ (x2 @ w - y2) / len(x2)
    through = torch.linalg.matrix_power(torch.eye(2, dtype=torch.float64) - 0.1 * hessian, 3)
    torch.testing.assert_close(found["layer.weight"], (through @ last).T)
    assert value == pytest.approx(float(((x2 @ w - y2) ** 2).mean()))
    first, same = meta_gradient(net, at, [one], replace(settings, first_order=True), squared)
    torch.testing.assert_close(first["layer.weight"], last.T)
    assert same == pytest.approx(value)
    assert not torch.allclose(first["layer.weight"], found["layer.weight"], rtol=1e-2)


@pytest.mark.parametrize("vectorised", [False, True])
def test_gradient_is_that_of_autograd_by_hand(vectorised: bool) -> None:
    net, tasks = Small(4), waves(1, 3)
    settings = MetaLearning(inner_steps=2, vectorised=vectorised)
    found, value = meta_gradient(net, learning_weights(net), tasks, settings, squared)
    start = {k: v.clone().requires_grad_() for k, v in learning_weights(net).items()}

    def answer(weights, batch):
        out = torch.func.functional_call(net, weights, (batch.x, batch.known))
        return squared(out, batch.target)

    total = torch.zeros(())
    for one in tasks:
        weights = start
        for _ in range(2):
            slopes = torch.autograd.grad(
                answer(weights, one.support), list(weights.values()), create_graph=True
            )
            weights = {k: w - 0.01 * s for (k, w), s in zip(weights.items(), slopes, strict=True)}
        total = total + answer(weights, one.query) / 3
    total.backward()
    assert value == pytest.approx(float(total.detach()), rel=1e-5)
    for name, weight in start.items():
        torch.testing.assert_close(found[name], weight.grad, rtol=1e-4, atol=1e-6)


def test_meta_learned_waves_adapt_better_than_plainly_trained_ones() -> None:
    torch.manual_seed(0)
    settings = MetaLearning(
        inner_rate=0.03, inner_steps=3, outer_rate=0.02, epochs=8, tasks_a_step=10, clip=10,
        vectorised=True,
    )  # fmt: skip
    found = compare(Small(), waves(0, 100), waves(99, 20), settings, loss=squared)
    meta, plain = np.array(found.meta), np.array(found.plain)
    assert meta.mean() < 0.8 * plain.mean()
    assert (meta < plain).mean() >= 0.65
    # it is the adapting that makes the difference, not a better start
    assert meta.mean() < 0.8 * np.mean(found.meta_before)
    assert np.mean(found.plain_before) < 1.2 * np.mean(found.meta_before)
    assert plain.mean() > 0.8 * np.mean(found.plain_before)  # the same steps help that one little


def test_fitting_repeats_itself_and_changes_neither_net_nor_generator() -> None:
    torch.manual_seed(3)
    net, tasks = Small(6, dropout=0.3).eval(), waves(2, 4)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    settings = MetaLearning(epochs=2, outer_rate=1e-2, tasks_a_step=2)
    drawn = torch.get_rng_state()
    first = meta_fit(net, tasks, settings, loss=squared)
    torch.manual_seed(77)
    second = meta_fit(net, tasks, settings, loss=squared)
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = meta_fit(net, tasks, replace(settings, seed=1), loss=squared)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    assert any(not torch.equal(first[name], before[name]) for name in first)
    torch.set_rng_state(drawn)
    adapt(net, tasks[0].support, settings, loss=squared)
    compare(net, tasks, tasks, settings, loss=squared)
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not any(module.training for module in net.modules())


def test_the_fit_is_followed_and_loses_less() -> None:
    torch.manual_seed(1)
    seen: list[tuple[int, float]] = []
    settings = MetaLearning(epochs=10, outer_rate=1e-2)
    meta_fit(Small(8), waves(3, 8), settings, loss=squared, follow=lambda *at: seen.append(at))
    assert [epoch for epoch, _ in seen] == list(range(10))
    assert seen[-1][1] < seen[0][1]


def test_adapting_takes_the_steps_of_plain_gradient_descent() -> None:
    net, one = Linear(), linear_task(4)
    found = adapt(net, one.support, MetaLearning(inner_rate=0.05, inner_steps=4), loss=squared)
    by_hand = Linear()
    by_hand.load_state_dict(net.state_dict())
    descent = torch.optim.SGD(by_hand.parameters(), lr=0.05)
    for _ in range(4):
        descent.zero_grad()
        squared(by_hand(one.support.x, one.support.known), one.support.target).backward()
        descent.step()
    torch.testing.assert_close(found, dict(by_hand.state_dict()))


def test_the_query_does_not_matter_to_adapting() -> None:
    net, one = Linear(), linear_task(5)
    changed = replace(one, query=one.query._replace(target=one.query.target * 100))
    for settings in (MetaLearning(), MetaLearning(first_order=True)):
        at = learning_weights(net)
        here = inner_steps(net, at, one.support, settings, squared)
        torch.testing.assert_close(here, inner_steps(net, at, changed.support, settings, squared))
    assert judged(net, changed.query, squared) != judged(net, one.query, squared)


def test_recurrent_and_attention_nets_have_their_second_order() -> None:
    torch.manual_seed(0)
    net, draw = Recurrent(), torch.Generator().manual_seed(0)
    x = torch.randn(8, 5, 2, generator=draw)
    half = [Batch(x[at], torch.ones_like(x[at]).bool(), x[at, -1, :1]) for at in
            (slice(0, 4), slice(4, 8))]  # fmt: skip
    one = Task("t", *half, np.arange(4), np.arange(4, 8), 1)
    settings = MetaLearning(epochs=1, outer_rate=1e-2)
    cudnn = []

    def watched(output, target):
        cudnn.append(torch.backends.cudnn.enabled)
        return direction_loss(output, target)

    found = meta_fit(net, [one], settings, loss=watched)
    assert set(cudnn) == {False}  # its LSTM has no second derivative
    assert torch.backends.cudnn.enabled  # as before
    state = net.state_dict()
    moved = [name for name in state if not torch.equal(found[name], state[name])]
    assert {"lstm.weight_ih_l0", "lstm.weight_hh_l0", "attention.in_proj_weight"} <= set(moved)
    assert judged(net, one.query) == pytest.approx(float(direction_loss(
        net(one.query.x, one.query.known), one.query.target).detach()))  # fmt: skip


def test_frozen_and_shared_weights_stay_what_they_are() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.frozen = nn.Linear(1, 1), nn.Linear(1, 1)
            self.two = self.one
            self.frozen.requires_grad_(False)

        def forward(self, x, known, **graph):
            return Output(self.two(self.one(x[:, -1])) + self.frozen(x[:, -1]), None, {})

    net = Tied()
    found = adapt(net, waves(5, 1)[0].support, loss=squared)
    assert set(found) == set(net.state_dict())
    assert torch.equal(found["one.weight"], found["two.weight"])
    assert not torch.equal(found["one.weight"], net.one.weight)
    assert torch.equal(found["frozen.weight"], net.frozen.weight)


def test_further_arguments_reach_the_net() -> None:
    class Scaled(Linear):
        def forward(self, x, known, *, scale):
            return Output(self.layer(x[:, -1]) * scale, None, {})

    one = linear_task(6)
    graph = {"scale": torch.tensor(0.0, dtype=torch.float64)}
    still = replace(one, support=one.support._replace(graph=graph))
    net = Scaled()
    same = adapt(net, still.support, loss=squared)
    assert torch.equal(same["layer.weight"], net.layer.weight)
    moved = adapt(net, one.support._replace(graph={"scale": torch.ones(())}), loss=squared)
    assert not torch.equal(moved["layer.weight"], net.layer.weight)


def test_direction_loss_leaves_out_what_is_not_known() -> None:
    logit = torch.tensor([[0.3, -2.0], [1.0, 0.5]])
    target = torch.tensor([[0.01, torch.nan], [-0.02, 0.0]])
    wanted = (softplus(torch.tensor(-0.3)) + softplus(torch.tensor(1.0))
              + softplus(torch.tensor(0.5))) / 3  # fmt: skip
    torch.testing.assert_close(direction_loss(Output(logit, None, {}), target), wanted)
    nothing = direction_loss(Output(logit, None, {}), torch.full((2, 2), torch.nan))
    assert float(nothing) == 0.0
    with pytest.raises(ValueError, match="no direction"):
        direction_loss(Output(None, None, {}), target)


def test_a_net_that_normalises_over_its_batch_is_refused() -> None:
    tasks = waves(6, 2)
    for fit in (meta_fit, plain_fit):
        with pytest.raises(ValueError, match=r"body\.1 normalises over its batch"):
            fit(Small(norm=True), tasks, loss=squared)
    with pytest.raises(ValueError, match="normalises"):
        adapt(Small(norm=True), tasks[0].support, loss=squared)
    with pytest.raises(ValueError, match="no task"):
        meta_fit(Small(), [], loss=squared)


def test_a_loss_that_is_no_number_stops_the_fit() -> None:
    with pytest.raises(FloatingPointError, match="epoch 0: lower the rates"):
        meta_fit(Linear(), [linear_task(8)], MetaLearning(inner_rate=1e80), loss=squared)


@pytest.mark.parametrize("option", ["inner_rate", "outer_rate", "inner_steps", "tasks_a_step"])
def test_options_that_cannot_be_are_refused(option: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        MetaLearning(**{option: 0})


def test_a_query_before_the_supports_targets_are_known_is_refused() -> None:
    one = linear_task(7)
    ends = np.arange(6)
    for begin, reach in ((5, 0), (6, 2), (3, 1), (-9, 1)):
        with pytest.raises(ValueError, match="query begins at row"):
            Task("t", one.support, one.query, ends, np.arange(begin, begin + 6), reach)
    assert Task("t", one.support, one.query, ends, np.arange(7, 13), 2).reach == 2
    with pytest.raises(ValueError, match="does not fit"):
        Task("t", one.support, one.query, ends[:5], np.arange(7, 13), 2)
    with pytest.raises(ValueError, match="cannot reach"):
        Task("t", one.support, one.query, ends, np.arange(7, 13), -1)


def panel_windows(rows: int = 400):
    draw = np.random.default_rng(0)
    values = draw.standard_normal((rows, 2, 3)).astype(np.float32)
    panel = Panel(values, np.arange(rows) * 3_600_000, ("A", "B"), ("a", "b", "c"))
    at = np.array([(row, pair) for row in range(7, rows - 4) for pair in (0, 1)])
    return Windows(panel, 8, at), draw.standard_normal((len(at), 2))


def test_tasks_are_stretches_and_regimes_in_the_order_of_time() -> None:
    windows, targets = panel_windows()
    made = regime_tasks(windows, targets, reach=4, rows_a_day=24, days=4, most=40)
    assert len(made) == 4
    assert all(one.query_rows.min() >= one.support_rows.max() + 4 for one in made)
    assert all(len(one.support.x) == len(one.query.x) == 40 for one in made)
    assert made[0].query_rows.max() < made[1].support_rows.min()
    rows, at = windows.rows, 13
    first = int(np.flatnonzero(rows == made[1].query_rows[at])[0])
    pair = int(torch.equal(made[1].query.x[at], windows.batch([first + 1])[0][0]))
    torch.testing.assert_close(made[1].query.x[at], windows.batch([first + pair])[0][0])
    torch.testing.assert_close(
        made[1].query.target[at].double(), torch.from_numpy(targets[first + pair]), rtol=1e-6,
        atol=1e-6,
    )  # fmt: skip
    regimes = (rows // 24) % 2
    split = regime_tasks(
        windows, targets, reach=4, rows_a_day=24, days=8, regimes=regimes, fewest=10
    )
    assert [one.name for one in split] == ["0 0", "0 1", "1 0", "1 1"]
    for one in split:
        kinds = np.r_[one.support_rows, one.query_rows] // 24 % 2
        assert set(kinds) == {int(one.name[-1])}


def test_later_windows_change_no_earlier_task_and_small_ones_are_left_out() -> None:
    windows, targets = panel_windows()
    whole = regime_tasks(windows, targets, reach=4, rows_a_day=24, days=4)
    part = Windows(windows.panel, 8, windows.at[:500])
    fewer = regime_tasks(part, targets[:500], reach=4, rows_a_day=24, days=4)
    assert len(fewer) < len(whole)
    for one, other in zip(fewer[:2], whole, strict=False):
        assert np.array_equal(one.query_rows, other.query_rows)
        assert torch.equal(one.support.x, other.support.x)
    assert regime_tasks(windows, targets, reach=90, rows_a_day=24, days=4) == []
    none = Windows(windows.panel, 8, windows.at[:0])
    assert regime_tasks(none, targets[:0], reach=4, rows_a_day=24) == []
    with pytest.raises(ValueError, match="targets"):
        regime_tasks(windows, targets[:-1], reach=4, rows_a_day=24)
    with pytest.raises(ValueError, match="regimes"):
        regime_tasks(windows, targets, reach=4, rows_a_day=24, regimes=np.zeros(3))
