"""How a network is trained, as one frozen value."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

Optimiser = Literal["adamw", "adam"]
Schedule = Literal["none", "cosine", "plateau", "onecycle"]
Loss = Literal["direction", "quantile", "both"]
Mode = Literal["full", "quick", "resume"]
Asked = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "off"]

QUICK_EPOCHS = 5
QUICK_EVERY = 4
# What may change between a run and its resumption: none of these changes what is learned.
_FREE = ("mode", "checkpoint_every", "logs", "threads", "device")
_CHOICES: dict[str, tuple[str, ...]] = {
    "optimiser": get_args(Optimiser),
    "schedule": get_args(Schedule),
    "loss": get_args(Loss),
    "mode": get_args(Mode),
    "device": get_args(Asked),
    "mixed_precision": get_args(Precision),
}


@dataclass(frozen=True)
class Training:
    """Options of one training.

    Attributes
    ----------
    epochs : int
        Passes over the training windows, at most. ``quick`` does no more than 5.
    batch : int
        Windows a step; rows with `GroupedWindows`.
    optimiser : 'adamw' or 'adam'
    lr, weight_decay : float
    schedule : 'none', 'cosine', 'plateau' or 'onecycle'
        See `schedule.rate` and `schedule.Plateau`.
    class_weights : bool
        Weigh up and down so that both count the same at each horizon.
    patience : int or None
        Epochs without a lower loss on the later windows before it ends; None never ends early.
    clip_norm : float or None
        Largest norm of the gradient.
    mixed_precision : 'auto' or 'off'
        bfloat16 where the device computes in it natively.
    checkpoint_every : int
        Epochs between checkpoints; one more is written at the end and when interrupted.
    mode : 'full', 'quick' or 'resume'
        ``quick`` learns from every fourth window; ``resume`` goes on from the folder's checkpoint.
    seed : int
    threads : int or None
        Of the CPU; None leaves torch's own choice. Sums, and so the last bits, depend on it.
    device : 'auto', 'cpu', 'cuda' or 'mps'
    logs : Path or None
        Folder of the TensorBoard scalars.
    loss : 'direction', 'quantile' or 'both'

    Raises
    ------
    ValueError
        When a value is none of the choices or out of range.
    """

    epochs: int = 50
    batch: int = 128
    optimiser: Optimiser = "adamw"
    lr: float = 1e-4
    weight_decay: float = 1e-2
    schedule: Schedule = "none"
    class_weights: bool = True
    patience: int | None = 10
    clip_norm: float | None = 1.0
    mixed_precision: Precision = "auto"
    checkpoint_every: int = 10
    mode: Mode = "full"
    seed: int = 0
    threads: int | None = None
    device: Asked = "auto"
    logs: Path | None = None
    loss: Loss = "direction"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if (value := getattr(self, name)) not in choices:
                raise ValueError(f"{name} is one of {', '.join(choices)}, not {value!r}")
        for name in ("epochs", "batch", "checkpoint_every", "patience", "threads"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"{name} is at least 1, not {value}")
        for name in ("lr", "clip_norm"):
            if (value := getattr(self, name)) is not None and not value > 0:
                raise ValueError(f"{name} is above 0, not {value}")
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay is 0 or more, not {self.weight_decay}")

    @property
    def planned(self) -> int:
        """Epochs at most."""
        return min(self.epochs, QUICK_EPOCHS) if self.mode == "quick" else self.epochs

    @property
    def every(self) -> int:
        """Of how many training windows one is learned from."""
        return QUICK_EVERY if self.mode == "quick" else 1

    def described(self) -> dict[str, Any]:
        """Return what the weights depend on, as JSON values.

        The number of epochs is part of it only where the schedule depends on it: without that, a
        run may be resumed for more epochs.
        """
        left_out = {*_FREE} | ({"epochs"} if self.schedule in ("none", "plateau") else set())
        kept = {f.name for f in fields(self)} - left_out
        return {name: value for name, value in asdict(self).items() if name in kept}
