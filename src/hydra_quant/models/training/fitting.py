"""Training any network: from windows and returns to a `Trained`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hydra_quant.models.fingerprint import canonical
from hydra_quant.models.nets import registry
from hydra_quant.models.nets.scaling_layers import RobustScaling
from hydra_quant.models.nets.windows import GroupedWindows
from hydra_quant.models.store import fingerprint
from hydra_quant.models.training import losses
from hydra_quant.models.training.batches import AnyWindows, Batches, Graph, as_target, usable
from hydra_quant.models.training.device import Device, announce, choose
from hydra_quant.models.training.job import Job
from hydra_quant.models.training.loop import Lesson
from hydra_quant.models.training.options import Training
from hydra_quant.models.training.origin import described, refuse_other
from hydra_quant.models.training.progress import Progress
from hydra_quant.models.training.randomness import repeatable
from hydra_quant.models.training.state import State
from hydra_quant.models.training.trained import Trained

Target = NDArray[np.floating] | Tensor


def fit(
    name: str,
    options: Mapping[str, Any],
    windows: AnyWindows,
    targets: Target,
    later_windows: AnyWindows | None,
    later_targets: Target | None,
    training: Training,
    *,
    folder: Path | None = None,
    start_from: Trained | None = None,
    stop: Callable[[], bool] | None = None,
    progress: Progress | None = None,
    graph: Graph | None = None,
) -> Trained:
    """Train a network and return it with the weights that were best on the later windows.

    Parameters
    ----------
    name, options : of the network, for `nets.registry.build`
        ``features``, ``length`` and ``horizons`` are those of windows and targets.
    windows, targets : what is learned from
        Returns of shape (n, horizons), with `GroupedWindows` (n, pair, horizons), NaN where not
        known. Robust scaling inside the network is fitted to the rows of these windows.
    later_windows, later_targets : what ends the training and picks the weights
        The purged tail: no return of `targets` may reach into it, which is the caller's to see to
        (`models.splitting.purged_split`). None trains to the last epoch.
    training : Training
    folder : where checkpoints are kept; None keeps none
    start_from : weights to start with instead of chance: continual learning
    stop : asked after each batch; True writes a checkpoint of the last whole epoch and returns
    progress : who is told; None shows a bar on a terminal
    graph : what else the network's ``forward`` wants for given rows of the panel, by argument name

    Raises
    ------
    Refused
        When `start_from` or the checkpoint is of something else, or damaged.
    Diverged
        When a loss is no number; the checkpoint of the last good epoch stays.
    Interrupted
        When asked to stop before the first epoch had ended.
    KeyboardInterrupt
        Ctrl-C: the last whole epoch is written first.
    """
    target = as_target(windows, targets, "training")
    if len(indices := usable(target, training.every)) == 0:
        raise ValueError("no training window has a known return")
    later = None
    if later_windows is not None and later_targets is not None and len(later_windows):
        later = (later_windows, as_target(later_windows, later_targets, "later"))
    whole = _complete(name, options, windows, target.shape[-1])
    if start_from is not None:
        refuse_other(start_from, name, whole, windows.panel.names)
    blocks = {"training": (windows, target), "later": later}
    made_from = described(name, whole, training, blocks, start_from)
    with repeatable(training.seed, training.threads):
        device = choose(training.device, training.mixed_precision)
        announce(device, training.device, f"{name} trains")
        net = _first(name, whole, windows, indices, start_from)
        state = State.fresh(training, device, net)
        taught = target[torch.from_numpy(indices)]
        lesson = Lesson(
            Batches(windows, target, device.torch, graph),
            indices,
            later and Batches(*later, device.torch, graph),
            _teacher(training, net, taught, device),
            stop or (lambda: False),
        )
        job = Job(state, lesson, folder, made_from)
        job.resume()
        ended = job.train(name, progress)
        health = job.health()
    return Trained(
        name,
        whole,
        tuple(windows.panel.names),
        state.best.weights,
        {"spread": losses.usual_size(taught)},
        fingerprint(canonical(made_from)),
        health,
        job.record(ended),
    )


def _complete(
    name: str, options: Mapping[str, Any], windows: AnyWindows, horizons: int
) -> dict[str, Any]:
    shape = {"features": len(windows.panel.names), "length": windows.length, "horizons": horizons}
    for key, value in shape.items():
        if options.get(key, value) != value:
            raise ValueError(f"{name} is to have {key} {options[key]}, the windows have {value}")
    return registry.options(name, {**options, **shape})


def _first(
    name: str,
    options: Mapping[str, Any],
    windows: AnyWindows,
    indices: NDArray[np.int64],
    start_from: Trained | None,
) -> nn.Module:
    net = registry.build(name, **options)
    if start_from is not None:
        net.load_state_dict(dict(start_from.weights))
        return net
    learned = windows.rows[indices]
    rows = slice(learned.min() - windows.length + 1, learned.max() + 1)
    values = windows.panel.values[rows]
    if not isinstance(windows, GroupedWindows):
        values = values[:, np.unique(windows.at[indices, 1])]
    for module in net.modules():
        if isinstance(module, RobustScaling):
            module.fit(values)
    return net


def _teacher(training: Training, net: nn.Module, target: Tensor, device: Device) -> losses.Teacher:
    return losses.Teacher(
        training.loss,
        losses.balance(target, training.class_weights).to(device.torch),
        losses.usual_size(target).to(device.torch),
        tuple(getattr(net, "levels", ())),
    )
