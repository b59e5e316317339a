"""Everything that the rest of a training depends on, and its way into a file and back."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, AdamW

from hydra_quant.models.training import randomness
from hydra_quant.models.training.device import Device
from hydra_quant.models.training.options import Training
from hydra_quant.models.training.schedule import Plateau, rate
from hydra_quant.models.training.stopping import Best, copied


@dataclass(frozen=True)
class Snapshot:
    """A training between two epochs: nothing in it is changed by what follows.

    Attributes
    ----------
    beside : dict
        JSON values.
    tensors : dict of str to Tensor
        Copies on the CPU.
    """

    beside: Mapping[str, Any]
    tensors: Mapping[str, Tensor]


@dataclass
class State:
    """A training that goes on.

    Attributes
    ----------
    net, optimiser : on the device
    order : what the order of windows is drawn from
    best : Best
    plateau : Plateau
    done : epochs that ended
    history : how each of them went, JSON values
    """

    training: Training
    device: Device
    net: nn.Module
    optimiser: Adam
    order: torch.Generator
    best: Best
    plateau: Plateau = field(default_factory=Plateau)
    done: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def fresh(cls, training: Training, device: Device, net: nn.Module) -> "State":
        """Return the state before the first epoch of a network with its first weights."""
        net = net.to(device.torch)
        order = torch.Generator().manual_seed(training.seed)
        best = Best(math.inf, 0, copied(net))
        return cls(training, device, net, _optimiser(training, device, net), order, best)

    def set_rate(self, batch: int, batches: int) -> float:
        """Set and return the learning rate of a batch of the running epoch."""
        share = (self.done + batch / batches) / self.training.planned
        lr = self.training.lr * rate(self.training.schedule, share) * self.plateau.factor
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        return lr

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to do."""
        return self.done >= self.training.planned or self.best.is_over(self.training.patience)

    def snapshot(self) -> Snapshot:
        """Return a copy of all of it."""
        drawn, beside_drawn = randomness.states(self.device.kind)
        optimiser = self.optimiser.state_dict()
        tensors = {f"net.{name}": value for name, value in copied(self.net).items()}
        tensors |= {f"best.{name}": value for name, value in self.best.weights.items()}
        tensors |= {f"random.{name}": value for name, value in drawn.items()}
        tensors["order"] = self.order.get_state()
        for index, values in optimiser["state"].items():
            for name, value in values.items():
                tensors[f"optimiser.{index}.{name}"] = value.detach().cpu().clone().contiguous()
        beside = {
            "done": self.done,
            "history": list(self.history),
            "random": beside_drawn,
            "groups": [dict(group) for group in optimiser["param_groups"]],
            "best": [_finite(self.best.loss), self.best.epoch, self.best.waited],
            "plateau": [self.plateau.factor, _finite(self.plateau.best), self.plateau.waited],
        }
        return Snapshot(beside, tensors)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from there.

        Raises
        ------
        RuntimeError, ValueError, KeyError
            When it is of another network or optimiser.
        """
        beside, tensors = snapshot.beside, snapshot.tensors
        self.net.load_state_dict(_below("net.", tensors))
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _below("optimiser.", tensors).items():
            index, _, key = name.partition(".")
            state.setdefault(int(index), {})[key] = value
        self.optimiser.load_state_dict({"state": state, "param_groups": beside["groups"]})
        self.order.set_state(tensors["order"])
        randomness.restore(_below("random.", tensors), beside["random"], self.device.kind)
        loss, epoch, waited = beside["best"]
        self.best = Best(_infinite(loss), epoch, _below("best.", tensors), waited)
        factor, lowest, waited = beside["plateau"]
        self.plateau = Plateau(factor, _infinite(lowest), waited)
        self.done, self.history = beside["done"], list(beside["history"])


def _optimiser(training: Training, device: Device, net: nn.Module) -> Adam:
    kind = AdamW if training.optimiser == "adamw" else Adam
    return kind(net.parameters(), lr=training.lr, weight_decay=training.weight_decay, fused=True)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found = {k: v for k, v in tensors.items() if k.startswith(prefix)}
    return {name.removeprefix(prefix): value for name, value in found.items()}


def _finite(value: float) -> float | None:
    """None for infinity, which JSON does not know."""
    return value if math.isfinite(value) else None


def _infinite(value: float | None) -> float:
    return math.inf if value is None else value
