"""Who is told how a training goes: a bar on a terminal, TensorBoard, or nobody."""

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


@dataclass(frozen=True)
class Epoch:
    """How an epoch went.

    Attributes
    ----------
    epoch : counted from 1
    loss : mean over the batches that were learned from
    later_loss, auc : on the later windows; None without them, or without both directions
    lr : at the end of the epoch
    grad_norm : mean over the batches, before clipping
    samples_per_s : windows learned from in a second of learning
    loading_share : share of that time that went into gathering batches
    """

    epoch: int
    loss: float
    later_loss: float | None
    auc: float | None
    lr: float
    grad_norm: float
    samples_per_s: float
    loading_share: float

    def described(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


class Progress(Protocol):
    """Who wants to know. Calls come in this order; `close` also after a failure."""

    def begin(self, epochs: int, done: int) -> None:
        """`done` of `epochs` are done already, in a training that is resumed."""

    def advance(self, share: float) -> None:
        """This share of the running epoch is done."""

    def epoch(self, told: Epoch) -> None:
        """An epoch ended."""

    def close(self) -> None:
        """The training ended, whatever the reason."""


class RichBar:
    """A bar with the losses beside it.

    Parameters
    ----------
    name : of the network
    console : None writes to the standard error stream
    """

    def __init__(self, name: str, console: Console | None = None) -> None:
        self.bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.1f}/{task.total:.0f} epochs {task.fields[told]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
        )
        self.task = self.bar.add_task(name, total=None, told="", start=False)
        self.done = 0

    def begin(self, epochs: int, done: int) -> None:
        """Show the bar."""
        self.done = done
        self.bar.update(self.task, total=epochs, completed=done)
        self.bar.start_task(self.task)
        self.bar.start()

    def advance(self, share: float) -> None:
        """Move it."""
        self.bar.update(self.task, completed=self.done + share)

    def epoch(self, told: Epoch) -> None:
        """Show the losses."""
        self.done = told.epoch
        self.bar.update(self.task, completed=self.done, told=spoken(told))

    def close(self) -> None:
        """Leave it as it is."""
        self.bar.stop()


class LogLines:
    """A log line an epoch.

    Parameters
    ----------
    name : of the network
    logger : that is told, at INFO
    """

    def __init__(self, name: str, logger: logging.Logger) -> None:
        self.name, self.logger, self.epochs = name, logger, 0

    def begin(self, epochs: int, done: int) -> None:
        """Remember how many there may be."""
        self.epochs = epochs

    def advance(self, share: float) -> None:
        """Nothing is said within an epoch."""

    def epoch(self, told: Epoch) -> None:
        """Say how it went."""
        self.logger.info(
            f"{self.name}: epoch {told.epoch}/{self.epochs}, {spoken(told)}, "
            f"{told.samples_per_s:.0f} windows/s"
        )

    def close(self) -> None:
        """Nothing is left to say."""


def spoken(told: Epoch) -> str:
    """The losses of an epoch in words."""
    words = [f"loss {told.loss:.4f}"]
    words += [] if told.later_loss is None else [f"later {told.later_loss:.4f}"]
    words += [] if told.auc is None else [f"AUC {told.auc:.3f}"]
    return ", ".join(words)


class Board:
    """TensorBoard scalars, one point an epoch.

    Parameters
    ----------
    folder : made when the training begins
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writer: Any = None

    def begin(self, epochs: int, done: int) -> None:
        """Open the log; points of epochs that are learned again are replaced."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(self.folder), purge_step=done + 1)

    def advance(self, share: float) -> None:
        """Nothing is written within an epoch."""

    def epoch(self, told: Epoch) -> None:
        """Write every number that is known."""
        for name, value in told.described().items():
            if name != "epoch" and value is not None:
                self.writer.add_scalar(name, value, told.epoch)

    def close(self) -> None:
        """Write what is left."""
        if self.writer is not None:
            self.writer.close()


class All:
    """Tells several."""

    def __init__(self, listeners: Sequence[Progress]) -> None:
        self.listeners = listeners

    def begin(self, epochs: int, done: int) -> None:
        """Tell all."""
        for listener in self.listeners:
            listener.begin(epochs, done)

    def advance(self, share: float) -> None:
        """Tell all."""
        for listener in self.listeners:
            listener.advance(share)

    def epoch(self, told: Epoch) -> None:
        """Tell all."""
        for listener in self.listeners:
            listener.epoch(told)

    def close(self) -> None:
        """Tell all."""
        for listener in self.listeners:
            listener.close()


@contextmanager
def listeners(
    name: str, logs: Path | None, given: Progress | None, epochs: int, done: int
) -> Iterator[Progress]:
    """Tell `given`, or a bar where a terminal is looking; and TensorBoard if `logs` are wanted."""
    shown: list[Progress] = [given] if given is not None else []
    if given is None and sys.stderr.isatty():
        shown = [RichBar(name)]
    told = All([*shown, *([Board(logs)] if logs is not None else [])])
    try:
        told.begin(epochs, done)
        yield told
    finally:
        told.close()
