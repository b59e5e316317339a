"""Is meta-learning worth it: against plain training and fine-tuning on the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from hydra_quant.models.nets.maml import MetaLearning, adapt, meta_fit, plain_fit
from hydra_quant.models.nets.maml_parts import Loss, direction_loss, in_mode
from hydra_quant.models.nets.maml_tasks import Batch, Task


@dataclass(frozen=True)
class Comparison:
    """Mean query losses over held-out tasks, each net adapted on their support.

    Attributes
    ----------
    meta, plain : tuple of float
        Loss on each task's query of the net that was meta-learned, and of one that was trained
        on the same rows in as many steps without regard to tasks and then fine-tuned alike.
    meta_before, plain_before : tuple of float
        The same before adapting.
    """

    meta: tuple[float, ...]
    plain: tuple[float, ...]
    meta_before: tuple[float, ...]
    plain_before: tuple[float, ...]


def compare(
    net: nn.Module,
    tasks: Sequence[Task],
    held_out: Sequence[Task],
    settings: MetaLearning | None = None,
    *,
    loss: Loss = direction_loss,
) -> Comparison:
    """Meta-learn and plainly train on `tasks`, fine-tune both on `held_out`, judge on its query.

    Both start from the net's weights and take as many steps with the same rates; meta-learning
    computes `inner_steps` further gradients for each of its own.

    Parameters
    ----------
    net : nn.Module, not changed
    tasks : to learn from
    held_out : later ones
    settings, loss : as for `meta_fit`
    """
    settings = settings or MetaLearning()
    kept = {name: value.clone() for name, value in net.state_dict().items()}
    losses: list[tuple[float, ...]] = []
    try:
        for fit in (meta_fit, plain_fit):
            start = fit(net, tasks, settings, loss=loss)
            before, after = [], []
            for task in held_out:
                net.load_state_dict(start)
                before.append(judged(net, task.query, loss))
                net.load_state_dict(adapt(net, task.support, settings, loss=loss))
                after.append(judged(net, task.query, loss))
            losses += [tuple(after), tuple(before)]
            net.load_state_dict(kept)
    finally:
        net.load_state_dict(kept)
    meta, meta_before, plain, plain_before = losses
    return Comparison(meta, plain, meta_before, plain_before)


def judged(net: nn.Module, query: Batch, loss: Loss = direction_loss) -> float:
    """Loss of a net on a query, without dropout."""
    with torch.no_grad(), in_mode(net, False):
        return float(loss(net(query.x, query.known, **query.graph), query.target))
