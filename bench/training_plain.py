"""The same trainings as other people write them: a plain PyTorch loop, and FreqAI's own trainer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bench.training_nets import Task, seeded
from hydra_quant.models.nets.scaling_layers import fit_scaling
from hydra_quant.models.nets.windows import GroupedWindows
from hydra_quant.models.training.losses import Teacher, balance, usual_size

Step = tuple[Tensor, Mapping[str, Tensor], Tensor]


class Copied(TensorDataset):
    """Every window as a copy of its own, NaN where not known, beside its target and its graph."""

    def __init__(self, task: Task) -> None:
        windows, rows = task.windows, task.windows.rows
        values = task.panel.values
        if not isinstance(windows, GroupedWindows):
            pairs = windows.at[:, 1]
            found = [
                values[r - windows.length + 1 : r + 1, p] for r, p in zip(rows, pairs, strict=True)
            ]
        else:
            found = [values[r - windows.length + 1 : r + 1].swapaxes(0, 1) for r in rows]
        graph = {} if task.graph is None else task.graph(rows)
        self.names = tuple(graph)
        target = torch.from_numpy(task.targets.astype(np.float32))
        super().__init__(torch.from_numpy(np.stack(found)), target, *graph.values())


def loaded(data: Copied, batch: int, shuffle: bool = True) -> Iterator[Step]:
    """Yield batches of a ``DataLoader``: windows with NaN, graph, targets."""
    for x, target, *graph in DataLoader(data, batch_size=batch, shuffle=shuffle):
        yield x, dict(zip(data.names, graph, strict=True)), target


def network(task: Task) -> nn.Module:
    """Return the network with its first weights, scaled by the rows that it learns from."""
    net = seeded(task.name, task.training.seed, **task.options)
    rows = task.windows.rows[~np.isnan(task.targets.reshape(len(task.windows), -1)).all(1)]
    fit_scaling(net, task.panel.values[rows.min() - task.windows.length + 1 : rows.max() + 1])
    return net


def teacher(task: Task, net: nn.Module) -> Teacher:
    """Return the loss that HYDRA's trainer uses."""
    target = torch.from_numpy(task.targets.astype(np.float32))
    weights = balance(target, task.training.class_weights)
    return Teacher(task.training.loss, weights, usual_size(target), getattr(net, "levels", ()))


def optimiser(task: Task, net: nn.Module) -> torch.optim.Optimizer:
    chosen = task.training
    kind = torch.optim.AdamW if chosen.optimiser == "adamw" else torch.optim.Adam
    return kind(net.parameters(), lr=chosen.lr, weight_decay=chosen.weight_decay)


def learn(task: Task, net: nn.Module, steps: Iterable[Step]) -> list[float]:
    """Learn from every batch and return the losses."""
    criterion, moves = teacher(task, net), optimiser(task, net)
    losses = []
    net.train()
    for x, graph, target in steps:
        moves.zero_grad()
        output = net(x.nan_to_num(0.0), ~x.isnan(), **graph)
        loss = criterion(output, target)
        loss.backward()
        if task.training.clip_norm is not None:
            nn.utils.clip_grad_norm_(net.parameters(), task.training.clip_norm)
        moves.step()
        losses.append(loss.item())
    return losses


def train(task: Task, later: Task | None = None, updates: int | None = None) -> list[float]:
    """Train once through the windows, or `updates` batches; judge on the `later` ones."""
    net = network(task)
    losses = learn(task, net, islice(loaded(Copied(task), task.training.batch), updates))
    if later is not None:
        criterion = teacher(later, net)
        net.eval()
        with torch.no_grad():
            for x, graph, target in loaded(Copied(later), task.training.batch, shuffle=False):
                criterion(net(x.nan_to_num(0.0), ~x.isnan(), **graph), target).item()
    return losses


def only_load(task: Task) -> int:
    """Copy all windows and go through the batches without a network; return how many."""
    count = 0
    for x, _, _ in loaded(Copied(task), task.training.batch):
        x.nan_to_num(0.0), ~x.isnan()
        count += 1
    return count


# --- stock -------------------------------------------------------------------------------------


class Answering(nn.Module):
    """A network as FreqAI's trainer calls it: with one tensor, NaN where not known."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Any:
        return self.net(x.nan_to_num(0.0), ~x.isnan())


class Series(dict[str, pd.DataFrame]):
    """Features and labels of one pair, as FreqAI hands them to its trainer: as many windows."""

    def __init__(self, task: Task) -> None:
        rows = len(task.windows) + task.windows.length
        values = np.concatenate(list(task.panel.values.swapaxes(0, 1)))
        told = np.resize(task.targets[:, 0], rows)
        super().__init__(
            train_features=pd.DataFrame(np.resize(values, (rows, values.shape[1]))),
            train_labels=pd.DataFrame({"&-return": told}),
        )


def train_stock(task: Task) -> int:
    """Train as often with FreqAI's ``PyTorchTransformerTrainer``; return the number of updates.

    Its windows are those of one series, in their order; it clips no gradients.
    """
    from freqtrade.freqai.tensorboard.base_tensorboard import BaseTensorboardLogger
    from freqtrade.freqai.torch.PyTorchDataConvertor import DefaultPyTorchDataConvertor
    from freqtrade.freqai.torch.PyTorchModelTrainer import PyTorchTransformerTrainer

    net = network(task)
    criterion = teacher(task, net)

    def judge(output: Any, target: Tensor) -> Tensor:
        return criterion(output, target.squeeze(1))  # (batch, 1, labels)

    class Counting(BaseTensorboardLogger):
        updates = 0

        def log_scalar(self, tag: str, scalar_value: Any, step: int) -> None:
            self.updates += 1

    counting = Counting(None)
    trainer = PyTorchTransformerTrainer(
        model=Answering(net),
        optimizer=optimiser(task, net),
        criterion=judge,
        device="cpu",
        data_convertor=DefaultPyTorchDataConvertor(target_tensor_type=torch.float),
        window_size=task.windows.length,
        tb_logger=counting,
        n_epochs=1,
        batch_size=task.training.batch,
    )
    trainer.fit(Series(task), ["train"])
    return counting.updates
