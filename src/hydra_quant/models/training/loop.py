"""Epochs: learning from the training windows, judging on the later ones."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from hydra_quant.models.nets.output import Output
from hydra_quant.models.training.batches import Batches, Ints, in_order, shuffled
from hydra_quant.models.training.losses import Teacher
from hydra_quant.models.training.metrics import auc
from hydra_quant.models.training.progress import Epoch, Progress
from hydra_quant.models.training.state import State

# No more than a usual training's batch: more take longer on a CPU, and set the peak of memory.
JUDGED_AT_ONCE = 128


class Diverged(RuntimeError):
    """A loss or gradient that is no number; the text says where, and what is left."""


@dataclass(frozen=True)
class Lesson:
    """What is learned from and judged on.

    Attributes
    ----------
    batches : Batches
    indices : of the windows that are learned from
    later : Batches or None
    teacher : Teacher
    stop : asked after each batch whether to leave off
    """

    batches: Batches
    indices: Ints
    later: Batches | None
    teacher: Teacher
    stop: Callable[[], bool]


@dataclass
class _Sums:
    loss: float = 0.0
    norm: float = 0.0
    steps: int = 0
    lr: float = 0.0


def epoch(state: State, lesson: Lesson, told: Progress) -> Epoch | None:
    """Learn from every window once and judge; `state` is one epoch further then.

    Returns
    -------
    Epoch or None
        None when asked to stop in the middle of it: weights have moved, `state.done` has not.

    Raises
    ------
    Diverged
        When a loss or a gradient is not finite; the step that it would have led to is not taken.
    """
    since, waited = perf_counter(), lesson.batches.seconds
    sums = _learn(state, lesson, told)
    if sums is None:
        return None
    seconds = perf_counter() - since
    later_loss, ranked = _judge(state, lesson)
    if later_loss is not None and not math.isfinite(later_loss):
        raise Diverged(f"the loss on the later windows is {later_loss} after {_at(state)}")
    state.done += 1
    state.best = state.best.after(state.done, later_loss, state.net)
    if state.training.schedule == "plateau":
        heard = sums.loss / sums.steps if later_loss is None else later_loss
        state.plateau = state.plateau.after(heard)
    found = Epoch(
        epoch=state.done,
        loss=sums.loss / sums.steps,
        later_loss=later_loss,
        auc=ranked,
        lr=sums.lr,
        grad_norm=sums.norm / sums.steps,
        samples_per_s=len(lesson.indices) / seconds,
        loading_share=(lesson.batches.seconds - waited) / seconds,
    )
    state.history.append(found.described())
    return found


def _learn(state: State, lesson: Lesson, told: Progress) -> _Sums | None:
    state.net.train()
    parts = list(shuffled(lesson.indices, state.training.batch, state.order))
    sums = _Sums()
    for number, part in enumerate(parts):
        sums.lr = state.set_rate(number, len(parts))
        where = f"{_at(state)}, batch {number + 1} of {len(parts)}"
        loss, norm = _step(state, lesson, part, where)
        sums.loss, sums.norm, sums.steps = sums.loss + loss, sums.norm + norm, sums.steps + 1
        told.advance((number + 1) / len(parts))
        if lesson.stop():
            return None
    return sums


def _step(state: State, lesson: Lesson, part: Ints, where: str) -> tuple[float, float]:
    batch = lesson.batches.batch(part)
    state.optimiser.zero_grad(set_to_none=True)
    with torch.autocast(state.device.kind, torch.bfloat16, enabled=state.device.mixed):
        output = state.net(batch.x, batch.known, **batch.graph)
    loss = lesson.teacher(output, batch.target)
    if not math.isfinite(value := loss.item()):
        raise Diverged(f"the loss is {value} in {where}")
    loss.backward()  # type: ignore[no-untyped-call]
    limit = state.training.clip_norm
    norm = clip_grad_norm_(state.net.parameters(), math.inf if limit is None else limit).item()
    if not math.isfinite(norm):
        raise Diverged(f"the norm of the gradient is {norm} in {where}")
    state.optimiser.step()
    return value, norm


def _judge(state: State, lesson: Lesson) -> tuple[float | None, float | None]:
    if lesson.later is None:
        return None, None
    output = answers(state.net, lesson.later, mixed=state.device.mixed)
    loss = lesson.teacher(output, lesson.later.target.to(state.device.torch)).item()
    ranked = ranking(output, lesson.later.target)
    return loss, None if np.isnan(ranked).all() else float(np.nanmean(ranked))


def answers(
    net: nn.Module, batches: Batches, *, size: int = JUDGED_AT_ONCE, mixed: bool = False
) -> Output:
    """Return what the network says to all windows, in their order, without gradients.

    Shapes:
        as of `Output`; ``weights`` are left out
    """
    if net.training:  # walking through all modules takes a tenth of an answer to one window
        net.eval()
    parts: list[Output] = []
    kind = batches.device.type
    with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=mixed):
        for part in in_order(len(batches.windows), size):
            batch = batches.batch(part)
            parts.append(net(batch.x, batch.known, **batch.graph))
    return Output(
        _joined([part.logit for part in parts]), _joined([part.quantiles for part in parts]), {}
    )


def ranking(output: Output, target: Tensor) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the AUC at each horizon, by direction or else by the middle quantile."""
    flat = target.reshape(-1, target.shape[-1])
    score = output.logit
    if score is None and output.quantiles is not None:
        score = output.quantiles[..., output.quantiles.shape[-1] // 2]
    if score is None:
        return np.full(flat.shape[-1], np.nan)
    return auc(score.float().cpu().reshape(flat.shape).numpy(), flat.numpy())


def _joined(parts: list[Tensor | None]) -> Tensor | None:
    there = [part for part in parts if part is not None]
    return torch.cat(there) if there else None


def _at(state: State) -> str:
    return f"epoch {state.done + 1}"
