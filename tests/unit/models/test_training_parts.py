"""The parts of a training by hand: options, rates, losses, scores, orders, chance."""

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from support.tiny_net import LENGTH, panel
from torch import Tensor, nn

from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.windows import GroupedWindows, Windows
from hydra_quant.models.training.batches import Batches, as_target, in_order, shuffled, usable
from hydra_quant.models.training.losses import Teacher, balance, direction_loss, usual_size
from hydra_quant.models.training.metrics import auc
from hydra_quant.models.training.options import Training
from hydra_quant.models.training.randomness import repeatable, restore, states
from hydra_quant.models.training.schedule import Plateau, rate
from hydra_quant.models.training.stopping import Best

NAN = float("nan")
PLAIN = torch.ones(2, 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"optimiser": "sgd"}, "optimiser is one of adamw, adam, not 'sgd'"),
        ({"mode": "fast"}, "mode is one of full, quick, resume"),
        ({"batch": 0}, "batch is at least 1, not 0"),
        ({"patience": 0}, "patience is at least 1"),
        ({"lr": 0.0}, "lr is above 0"),
        ({"clip_norm": NAN}, "clip_norm is above 0, not nan"),
        ({"weight_decay": -1.0}, "weight_decay is 0 or more"),
    ],
)
def test_options_out_of_range_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Training(**changes)


def test_what_weights_depend_on_leaves_out_what_they_do_not() -> None:
    usual = Training()
    free = replace(usual, mode="resume", threads=2, logs=Path("x"), checkpoint_every=3, epochs=9)
    assert usual.described() == free.described()
    # the length of a cycle shapes every step of it
    assert replace(usual, schedule="cosine").described()["epochs"] == 50
    assert replace(usual, batch=64).described() != usual.described()
    assert (usual.planned, usual.every) == (50, 1)
    quick = replace(usual, mode="quick")
    assert (quick.planned, quick.every) == (5, 4)
    assert replace(quick, epochs=2).planned == 2


def test_rates_by_hand() -> None:
    assert [rate("cosine", x) for x in (0, 0.5, 1, 2)] == pytest.approx([1, 0.5, 0, 0])
    cycle = [rate("onecycle", x) for x in (0, 0.15, 0.3, 0.65, 1)]
    half = (1 + 4e-6) / 2
    assert cycle == pytest.approx([0.04, 0.52, 1, half, 4e-6])
    assert {rate(kind, 0.7) for kind in ("none", "plateau")} == {1.0}


def test_one_cycle_is_that_of_torch() -> None:
    optimiser = torch.optim.AdamW([nn.Parameter(torch.zeros(1))], lr=1.0)
    torchs = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, 1.0, total_steps=101, cycle_momentum=False, pct_start=0.31
    )  # torch's warm-up ends at 0.31 · 101 − 1 = 30.31 steps, ours at 30
    for step in range(101):
        assert torchs.get_last_lr()[0] == pytest.approx(rate("onecycle", step / 100), abs=0.02)
        optimiser.step()
        if step < 100:
            torchs.step()


def test_a_plateau_halves_the_rate_as_torch_does() -> None:
    optimiser = torch.optim.AdamW([nn.Parameter(torch.zeros(1))], lr=1.0)
    torchs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, factor=0.5, patience=3, threshold=0.0
    )
    ours, losses = Plateau(), [5, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 9]
    factors = []
    for loss in losses:
        ours = ours.after(loss)
        torchs.step(loss)
        factors.append(ours.factor)
        assert ours.factor == optimiser.param_groups[0]["lr"]
    assert (factors[4], factors[5], factors[-1]) == (1.0, 0.5, 0.125)


def test_direction_loss_by_hand() -> None:
    logit = torch.tensor([[0.0], [2.0], [-1.0], [NAN]], requires_grad=True)
    target = torch.tensor([[0.01], [-0.01], [0.0], [NAN]])  # unchanged is not up
    weights = torch.tensor([[3.0], [0.5]])
    by_hand = (3 * math.log(2) + 0.5 * math.log1p(math.e**2) + 0.5 * math.log1p(1 / math.e)) / 3
    loss = direction_loss(logit, target, weights)
    assert loss.item() == pytest.approx(by_hand)
    (gradient,) = torch.autograd.grad(loss, logit)
    assert gradient.isfinite().all()
    assert gradient[3] == 0


def test_a_known_return_beside_an_answer_that_is_no_number_is_no_loss() -> None:
    assert direction_loss(torch.tensor([[NAN]]), torch.tensor([[1.0]]), PLAIN).isnan()
    assert direction_loss(torch.tensor([[NAN]]), torch.tensor([[NAN]]), PLAIN) == 0


def test_both_losses_are_their_sum() -> None:
    logit, quantiles = torch.zeros(2, 1), torch.tensor([[[-1.0, 1.0]], [[0.0, 4.0]]])
    output, target = Output(logit, quantiles, {}), torch.tensor([[1.0], [NAN]])
    spread, levels = torch.tensor([2.0]), (0.1, 0.5)
    direction = Teacher("direction", PLAIN, spread, levels)(output, target)
    quantile = Teacher("quantile", PLAIN, spread, levels)(output, target)
    assert direction.item() == pytest.approx(math.log(2))
    assert quantile.item() == pytest.approx(0.1 * 2 / 2 / 2)  # (0.1 · 2 + 0.5 · 0) / 2 levels / 2
    assert Teacher("both", PLAIN, spread, levels)(output, target) == direction + quantile
    with pytest.raises(ValueError, match="gives no direction"):
        Teacher("both", PLAIN, spread, levels)(output._replace(logit=None), target)


def test_weights_balance_the_classes() -> None:
    target = torch.tensor([[1.0, 1, 1], [1, NAN, 1], [1, -1, NAN], [0, NAN, 1]])
    weights = balance(target, wanted=True)
    assert weights[:, 0].tolist() == pytest.approx([4 / 6, 4 / 2])
    assert weights[:, 1].tolist() == [1, 1]
    assert weights[:, 2].tolist() == [1, 1]  # nothing but up
    assert (balance(target, wanted=False) == 1).all()


def test_the_usual_size_of_a_return() -> None:
    drawn = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(0)) * 0.03
    target = torch.cat([drawn, torch.zeros_like(drawn), torch.full_like(drawn, NAN)], 1)
    target[:100, 0] = 1e6
    assert usual_size(target).tolist() == pytest.approx([0.03, 1, 1], rel=0.03)


@given(seed=st.integers(0, 10_000), levels=st.integers(2, 9))
def test_auc_is_that_of_scikit_learn(seed: int, levels: int) -> None:
    drawn = np.random.default_rng(seed)
    score, target = drawn.integers(levels, size=(40, 2)) / 7, drawn.normal(size=(40, 2))
    target[:5, 1] = NAN
    known = ~np.isnan(target[:, 1])
    expected = [
        roc_auc_score(target[:, 0] > 0, score[:, 0]),
        roc_auc_score(target[known, 1] > 0, score[known, 1]),
    ]
    assert auc(score, target) == pytest.approx(expected)


def test_auc_of_one_class_is_not_known() -> None:
    score = np.arange(4.0)[:, None]
    assert np.isnan(auc(score, np.ones((4, 1)))).all()
    assert auc(score, np.array([[-1.0], [0.0], [1.0], [NAN]])).tolist() == [1.0]


@given(count=st.integers(1, 300), size=st.integers(1, 64), seed=st.integers(0, 99))
def test_an_epoch_sees_every_window_once(count: int, size: int, seed: int) -> None:
    indices = np.arange(count, dtype=np.int64) * 3
    parts = list(shuffled(indices, size, torch.Generator().manual_seed(seed)))
    assert np.sort(np.concatenate(parts)).tolist() == indices.tolist()
    sizes = [len(part) for part in parts]
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    assert all((np.diff(part) > 0).all() for part in parts)
    assert np.concatenate([*in_order(count, size)]).tolist() == list(range(count))


def test_every_epoch_has_another_order() -> None:
    generator, indices = torch.Generator().manual_seed(0), np.arange(100, dtype=np.int64)
    first, second = (np.concatenate([*shuffled(indices, 10, generator)]) for _ in range(2))
    assert first.tolist() != second.tolist()
    assert np.concatenate([*in_order(100, 10)]).tolist() != first.tolist()


def test_windows_that_can_be_learned_from() -> None:
    target = torch.full((6, 2, 1), NAN)
    target[[0, 2, 3, 5], 1] = 1.0
    assert usable(target).tolist() == [0, 2, 3, 5]
    assert usable(target, 2).tolist() == [0, 3]


def test_targets_of_what_has_no_candle_are_not_known() -> None:
    seen = panel()
    seen.values[10, 1], seen.values[11, 0, :2] = NAN, NAN
    seen.values[11, 0, 2] = 1.0
    at = np.array([(10, 0), (10, 1), (11, 0), (11, 1)])
    given_targets = np.ones((4, 2))
    target = as_target(Windows(seen, LENGTH, at), given_targets, "training")
    assert target.isnan().any(1).tolist() == [False, True, False, False]
    assert (given_targets == 1).all()
    grouped = as_target(GroupedWindows(seen, LENGTH, [10, 11]), np.ones((2, 2, 2)), "training")
    assert torch.equal(grouped.isnan().reshape(4, 2), target.isnan())


def test_a_batch_is_what_was_asked_for_and_time_is_kept() -> None:
    windows = Windows(panel(), LENGTH, [(20 + i, i % 2) for i in range(10)])
    target = torch.arange(20.0).reshape(10, 2)

    def graph(rows: np.ndarray) -> dict[str, Tensor]:
        return {"row": torch.from_numpy(rows)}

    batches = Batches(windows, target, torch.device("cpu"), graph)
    batch = batches.batch(np.array([1, 4]))
    x, known = windows.batch([1, 4])
    assert torch.equal(batch.x, x)
    assert torch.equal(batch.known, known)
    assert batch.target.tolist() == [[2, 3], [8, 9]]
    assert batch.graph["row"].tolist() == [21, 24]
    assert batches.seconds > 0


def test_the_best_is_kept_as_a_copy() -> None:
    net = nn.Linear(1, 1)
    best = Best(math.inf, 0, {}).after(1, 0.5, net)
    with torch.no_grad():
        net.weight.add_(1.0)
    worse = best.after(2, 0.6, net)
    assert (worse.epoch, worse.waited) == (1, 1)
    assert torch.equal(worse.weights["weight"], net.weight - 1.0)
    assert (worse.is_over(2), worse.is_over(1), worse.is_over(None)) == (False, True, False)
    assert worse.after(3, 0.4, net).waited == 0
    assert worse.after(3, None, net).epoch == 3


def test_chance_goes_on_where_it_stood() -> None:
    def drawn() -> list[float]:
        # normal: numpy and Python keep the second of a pair for later
        return [torch.rand(1).item(), float(np.random.normal()), random.gauss(0, 1)]  # noqa: NPY002

    with repeatable(3, None):
        drawn()
        tensors, beside = states("cpu")
        expected = [drawn() for _ in range(3)]
        assert [drawn() for _ in range(3)] != expected
        restore(tensors, beside, "cpu")
        assert [drawn() for _ in range(3)] == expected


def test_seeding_is_undone() -> None:
    threads = torch.get_num_threads()
    random.seed(1)
    expected = random.random()
    random.seed(1)

    def failing() -> None:
        with repeatable(3, threads + 1):
            assert torch.are_deterministic_algorithms_enabled()
            assert torch.get_num_threads() == threads + 1
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        failing()
    assert random.random() == expected
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()
