"""Who is told how an agent's training goes: a bar, log lines, TensorBoard, or nobody."""

import logging
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


@dataclass(frozen=True)
class Update:
    """How an update and the steps before it went.

    Attributes
    ----------
    update : counted from 1
    steps : of all environments together, since the beginning
    reward : mean over the last 100 episodes of the sum of rewards; None before the first ended
    drawdown : mean over them of the deepest fall from a peak, as a share
    length : mean over them, candles
    steps_per_s : in wall time, updates included
    losses : what the algorithm tells of itself
    """

    update: int
    steps: int
    reward: float | None
    drawdown: float | None
    length: float | None
    steps_per_s: float
    losses: Mapping[str, float] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """As JSON values, one level deep; None where not known."""
        flat = {name: value for name, value in asdict(self).items() if name != "losses"}
        known = {k: v if math.isfinite(v) else None for k, v in self.losses.items()}
        return {**flat, **known}

    def spoken(self) -> str:
        """In words."""
        words = [] if self.reward is None else [f"reward {self.reward:.4f}"]
        words += [] if self.drawdown is None else [f"drawdown {self.drawdown:.1%}"]
        return ", ".join([*words, f"{self.steps_per_s:.0f} steps/s"])


class Progress(Protocol):
    """Who wants to know. Calls come in this order; `close` also after a failure."""

    def begin(self, steps: int, done: int) -> None:
        """`done` of `steps` are done already, in a training that is resumed."""

    def update(self, told: Update) -> None:
        """An update ended."""

    def close(self) -> None:
        """The training ended, whatever the reason."""


class RichBar:
    """A bar of steps with reward, drawdown and speed beside it.

    Parameters
    ----------
    name : of the agent
    console : None writes to the standard error stream
    """

    def __init__(self, name: str, console: Console | None = None) -> None:
        self.bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} steps {task.fields[told]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
        )
        self.task = self.bar.add_task(name, total=None, told="", start=False)

    def begin(self, steps: int, done: int) -> None:
        """Show the bar."""
        self.bar.update(self.task, total=steps, completed=done)
        self.bar.start_task(self.task)
        self.bar.start()

    def update(self, told: Update) -> None:
        """Move it."""
        self.bar.update(self.task, completed=told.steps, told=told.spoken())

    def close(self) -> None:
        """Leave it as it is."""
        self.bar.stop()


class LogLines:
    """A log line an update.

    Parameters
    ----------
    name : of the agent
    logger : that is told, at INFO
    """

    def __init__(self, name: str, logger: logging.Logger) -> None:
        self.name, self.logger, self.steps = name, logger, 0

    def begin(self, steps: int, done: int) -> None:
        """Remember how many there may be."""
        self.steps = steps

    def update(self, told: Update) -> None:
        """Say how it went."""
        self.logger.info(f"{self.name}: step {told.steps}/{self.steps}, {told.spoken()}")

    def close(self) -> None:
        """Nothing is left to say."""


class Board:
    """TensorBoard scalars, one point an update, over steps.

    Parameters
    ----------
    folder : made when the training begins
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writer: Any = None

    def begin(self, steps: int, done: int) -> None:
        """Open the log; points of steps that are lived again are replaced."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(self.folder), purge_step=done + 1)

    def update(self, told: Update) -> None:
        """Write every number that is known."""
        for name, value in told.described().items():
            if name != "steps" and value is not None:
                self.writer.add_scalar(name, value, told.steps)

    def close(self) -> None:
        """Write what is left."""
        if self.writer is not None:
            self.writer.close()


class All:
    """Tells several."""

    def __init__(self, listeners: Sequence[Progress]) -> None:
        self.listeners = listeners

    def begin(self, steps: int, done: int) -> None:
        """Tell all."""
        for listener in self.listeners:
            listener.begin(steps, done)

    def update(self, told: Update) -> None:
        """Tell all."""
        for listener in self.listeners:
            listener.update(told)

    def close(self) -> None:
        """Tell all."""
        for listener in self.listeners:
            listener.close()


@contextmanager
def listeners(
    name: str, logs: Path | None, given: Progress | None, steps: int, done: int
) -> Iterator[Progress]:
    """Tell `given`, or a bar where a terminal is looking; and TensorBoard if `logs` are wanted."""
    shown: list[Progress] = [given] if given is not None else []
    if given is None and sys.stderr.isatty():
        shown = [RichBar(name)]
    told = All([*shown, *([Board(logs)] if logs is not None else [])])
    try:
        told.begin(steps, done)
        yield told
    finally:
        told.close()
