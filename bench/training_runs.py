"""What the children of `training` run: HYDRA's trainer and the others, for speed and for memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch

from bench import training_plain as plain
from bench.training_nets import UPDATES, Quiet, Task, panel
from bench.training_nets import task as made
from hydra_quant.models.nets import registry
from hydra_quant.models.training.batches import Batches, as_target, shuffled, usable
from hydra_quant.models.training.fitting import fit
from hydra_quant.models.training.trained import Trained

LATER, MEMORY_UPDATES = 240, 2
Job = Callable[[], dict[str, float]]


def speed(name: str, rounds: str, share: str) -> Job:
    """Time every way of training `name`, `rounds` times, on a share of the usual updates."""
    torch.set_num_threads(1)
    whole = made(name, max(1, round(UPDATES[name] * float(share))))
    for _, way in _ways(made(name, 1, batch=8)):
        way()

    def job() -> dict[str, float]:
        found: dict[str, float] = {"samples": whole.samples}
        for number in range(int(rounds)):
            for label, way in list(_ways(whole))[:: 1 if number % 2 == 0 else -1]:
                cpu, wall = time.process_time(), time.perf_counter()
                said = way()
                found[f"{label} cpu {number}"] = time.process_time() - cpu
                found[f"{label} wall {number}"] = time.perf_counter() - wall
                found[f"{label} said {number}"] = said
        return found

    return job


def _ways(task: Task) -> Iterator[tuple[str, Callable[[], float]]]:
    yield "ours", lambda: fitted(task).record["loading_share"]
    yield "ours loading", lambda: gathered(task)
    yield "plain", lambda: float(np.mean(plain.train(task)))
    yield "plain loading", lambda: plain.only_load(task)
    if task.name not in registry.GROUPED:
        yield "stock", lambda: plain.train_stock(task)


def fitted(task: Task, later: Task | None = None) -> Trained:
    """Train as HYDRA does."""
    judged = (None, None) if later is None else (later.windows, later.targets)
    lesson = (task.windows, task.targets, *judged, task.training)
    return fit(task.name, task.given, *lesson, progress=Quiet(), graph=task.graph)


def gathered(task: Task) -> int:
    """Gather all batches of an epoch and return how many."""
    target = as_target(task.windows, task.targets, "training")
    batches = Batches(task.windows, target, torch.device("cpu"), task.graph)
    order = torch.Generator().manual_seed(0)
    parts = shuffled(usable(target), task.training.batch, order)
    return sum(1 for _ in map(batches.batch, parts))


def memory_ours(name: str, rows: str) -> Job:
    whole, later = _memory_tasks(name, int(rows))
    return lambda: {"loss": fitted(whole, later).record["history"][0]["loss"]}


def memory_plain(name: str, rows: str) -> Job:
    whole, later = _memory_tasks(name, int(rows))
    taught = MEMORY_UPDATES
    return lambda: {"loss": float(np.mean(plain.train(whole, later, taught)))}


def _memory_tasks(name: str, rows: int) -> tuple[Task, Task]:
    torch.set_num_threads(1)
    small = made(name, 1, batch=2)
    for label, way in _ways(small):  # whatever a first time loads is there before
        if label in ("ours", "plain"):
            way()
    of = panel(rows)
    judged = panel(LATER, seed=8)
    return made(name, MEMORY_UPDATES, of=of, whole=True), made(name, 1, of=judged, whole=True)
