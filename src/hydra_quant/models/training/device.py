"""Where the sums are done: CUDA, Apple's MPS or the CPU, said in one line."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from hydra_quant.models.training.options import Asked, Precision

logger = logging.getLogger(__name__)
# Windows that one thread answers as soon as several would: a live answer is one a pair.
FEW = 32


@dataclass(frozen=True)
class Device:
    """A chosen device.

    Attributes
    ----------
    kind : 'cuda', 'mps' or 'cpu'
    mixed : bool
        Whether forward passes are in bfloat16.
    line : str
        Which and why, for the log.
    """

    kind: str
    mixed: bool
    line: str

    @property
    def torch(self) -> torch.device:
        """As torch names it."""
        return torch.device(self.kind)


def choose(asked: Asked = "auto", precision: Precision = "auto") -> Device:
    """Pick the fastest device there is, or the one that is asked for.

    bfloat16 is used on CUDA alone, and there only where the chip computes in it natively: it has
    the range of float32, so no loss needs scaling.

    Raises
    ------
    ValueError
        When the device that is asked for is not there.
    """
    there = [kind for kind, is_there in _present().items() if is_there]
    if asked != "auto" and asked not in there:
        raise ValueError(f"device {asked!r} is not here; there is {', '.join(there)}")
    kind = there[0] if asked == "auto" else asked
    mixed = kind == "cuda" and precision == "auto" and _native_bfloat16()
    return Device(kind, mixed, f"{_named(kind)}, {'bfloat16' if mixed else 'float32'}")


def announce(device: Device, asked: Asked, what: str) -> None:
    """Say in one line of the log where `what` happens and who chose it."""
    why = "fastest here" if asked == "auto" else "asked for"
    logger.info("%s on %s (%s)", what, device.line, why)


@contextmanager
def one_thread_for_few(windows: int) -> Iterator[None]:
    """Let this thread alone answer a few windows, whatever torch's number of threads.

    Beside a training, helpers would have to wait for a core, and the answer for them. Other threads
    keep their number: torch holds one for each thread that has computed before.

    Parameters
    ----------
    windows : how many are to be answered; more than `FEW` are left to all threads
    """
    had = torch.get_num_threads()
    if had == 1 or windows > FEW:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(had)


def _present() -> dict[str, bool]:
    return {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }


def _native_bfloat16() -> bool:
    return torch.cuda.get_device_capability()[0] >= 8


def _named(kind: str) -> str:
    if kind == "cuda":
        return f"CUDA ({torch.cuda.get_device_name()})"
    if kind == "mps":
        return "Apple MPS"
    threads = torch.get_num_threads()
    return f"CPU ({threads} thread{'s' if threads > 1 else ''})"
