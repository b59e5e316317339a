"""Meta-learning: weights from which a few steps lead to a net for the regime at hand.

Source: Finn, Abbeel & Levine, "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks",
ICML 2017, algorithm 1 and, for the first-order variant, section 5.2.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import grad, grad_and_value, vmap

from hydra_quant.models.nets.maml_parts import (
    Loss,
    Weights,
    direction_loss,
    in_mode,
    learning_weights,
    loss_at,
    refuse_batch_norm,
    seeded,
    stacked,
    twice_differentiable,
    whole_state,
)
from hydra_quant.models.nets.maml_tasks import Batch, Task, together


@dataclass(frozen=True)
class MetaLearning:
    """Options of `meta_fit`, `plain_fit` and `adapt`.

    Attributes
    ----------
    inner_rate : float
        Step size of the plain gradient steps on a task's support.
    outer_rate : float
        Of Adam, which moves the weights that every task starts from.
    inner_steps : int
    epochs : int
        Passes over the tasks.
    tasks_a_step : int
        Tasks whose query losses are averaged for one step of Adam.
    first_order : bool
        Take the adapted weights' gradient for that of the initial ones: cheaper, not exact.
    vectorised : bool
        Adapt the tasks of a step at once (`torch.func.vmap`): they must have the same shapes, and
        the net no branch on its data and no operation that vmap does not know (an LSTM is one).
    clip : float
        Largest norm of the gradient that Adam sees.
    seed : int
        Of the order of tasks and of dropout.
    """

    inner_rate: float = 0.01
    outer_rate: float = 1e-4
    inner_steps: int = 5
    epochs: int = 20
    tasks_a_step: int = 4
    first_order: bool = False
    vectorised: bool = False
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.inner_rate, self.outer_rate, self.clip) <= 0:
            raise ValueError("rates and clip must be above 0")
        if min(self.inner_steps, self.epochs, self.tasks_a_step) < 1:
            raise ValueError("inner_steps, epochs and tasks_a_step must be at least 1")


def inner_steps(
    net: nn.Module, weights: Weights, support: Batch, settings: MetaLearning, loss: Loss
) -> Weights:
    """Weights after plain gradient steps on a support, differentiable in the first ones.

    θ ← θ - α ∇θ L(support), `inner_steps` times. With `first_order` the gradients count as
    constants.
    """
    for _ in range(settings.inner_steps):
        slopes = grad(lambda at: loss_at(net, at, support, loss))(weights)
        if settings.first_order:
            slopes = {name: slope.detach() for name, slope in slopes.items()}
        weights = {name: w - settings.inner_rate * slopes[name] for name, w in weights.items()}
    return weights


def meta_gradient(
    net: nn.Module, weights: Weights, tasks: Sequence[Task], settings: MetaLearning, loss: Loss
) -> tuple[Weights, float]:
    """Gradient of the mean query loss after adapting, in the weights before; and that loss."""

    def after(at: Weights, support: Batch, query: Batch) -> Tensor:
        return loss_at(net, inner_steps(net, at, support, settings, loss), query, loss)

    if settings.vectorised:
        slope = vmap(grad_and_value(after), in_dims=(None, 0, 0), randomness="different")
        parts = [stacked([getattr(t, part) for t in tasks]) for part in ("support", "query")]
        slopes, losses = slope(weights, *parts)
        return {name: s.mean(0) for name, s in slopes.items()}, float(losses.mean())
    total, value = {name: torch.zeros_like(w) for name, w in weights.items()}, 0.0
    for task in tasks:  # one at a time: what is kept for the second order is freed after each
        slopes, lost = grad_and_value(after)(weights, task.support, task.query)
        total = {name: total[name] + slopes[name] / len(tasks) for name in total}
        value += float(lost) / len(tasks)
    return total, value


def meta_fit(
    net: nn.Module,
    tasks: Sequence[Task],
    settings: MetaLearning | None = None,
    *,
    loss: Loss = direction_loss,
    follow: Callable[[int, float], None] | None = None,
) -> Weights:
    """Learn weights that adapt well.

    Parameters
    ----------
    net : nn.Module
        Any network of this package; it is not changed.
    tasks : of the training window
    settings : MetaLearning, optional
    loss : of an output and its targets
    follow : told epoch and mean query loss after adapting, epoch by epoch

    Returns
    -------
    dict of str to Tensor
        A state dict of `net`.

    Raises
    ------
    ValueError
        Without tasks, or when the net normalises over its batch: statistics of one task would
        leak into another's, and into the query's from the query itself.
    FloatingPointError
        When the loss is no longer a number.
    """
    settings = settings or MetaLearning()

    def gradient(weights: Weights, chosen: Sequence[Task]) -> tuple[Weights, float]:
        return meta_gradient(net, weights, chosen, settings, loss)

    return _descend(net, list(tasks), settings, gradient, follow)


def plain_fit(
    net: nn.Module,
    tasks: Sequence[Task],
    settings: MetaLearning | None = None,
    *,
    loss: Loss = direction_loss,
    follow: Callable[[int, float], None] | None = None,
) -> Weights:
    """Learn from the rows of the same tasks, in as many steps of Adam, without adapting.

    Parameters, returns and errors as for `meta_fit`.
    """
    settings = settings or MetaLearning()

    def gradient(weights: Weights, chosen: Sequence[Task]) -> tuple[Weights, float]:
        batches = together(chosen)
        slopes, lost = grad_and_value(
            lambda at: torch.stack([loss_at(net, at, part, loss) for part in batches]).mean()
        )(weights)
        return slopes, float(lost)

    return _descend(net, list(tasks), settings, gradient, follow)


def adapt(
    net: nn.Module,
    support: Batch,
    settings: MetaLearning | None = None,
    *,
    loss: Loss = direction_loss,
) -> Weights:
    """Return a state dict of `net` after `inner_steps` on a support; the net is not changed.

    Dropout is that of training, drawn from the seed.
    """
    settings = settings or MetaLearning()
    refuse_batch_norm(net)
    with seeded(settings.seed), in_mode(net, True), twice_differentiable():
        found = inner_steps(net, learning_weights(net), support, settings, loss)
    return whole_state(net, found)


def _descend(
    net: nn.Module,
    tasks: list[Task],
    settings: MetaLearning,
    gradient: Callable[[Weights, Sequence[Task]], tuple[Weights, float]],
    follow: Callable[[int, float], None] | None,
) -> Weights:
    if not tasks:
        raise ValueError("there is no task to learn from")
    refuse_batch_norm(net)
    weights = learning_weights(net)
    optimiser = torch.optim.Adam(list(weights.values()), lr=settings.outer_rate)
    with seeded(settings.seed), in_mode(net, True), twice_differentiable():
        for epoch in range(settings.epochs):
            order, mean = torch.randperm(len(tasks)).tolist(), 0.0
            for begin in range(0, len(order), settings.tasks_a_step):
                chosen = [tasks[at] for at in order[begin : begin + settings.tasks_a_step]]
                slopes, lost = gradient(weights, chosen)
                if not math.isfinite(lost):
                    raise FloatingPointError(
                        f"the loss is {lost} in epoch {epoch}: lower the rates"
                    )
                for name, weight in weights.items():
                    weight.grad = slopes[name]
                nn.utils.clip_grad_norm_(list(weights.values()), settings.clip)
                optimiser.step()
                mean += lost * len(chosen) / len(tasks)
            if follow is not None:
                follow(epoch, mean)
    return whole_state(net, weights)
