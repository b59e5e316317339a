"""What became of an attempt to fill something, in words that hold no key."""

from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.filling import Filled
from hydra_quant.memory import Series, StoreError

State = Literal["done", "failed", "skipped", "stopped"]


@dataclass(frozen=True)
class Outcome:
    """What became of one series, or of a whole source.

    Attributes
    ----------
    source : str
    series : Series or None
        None where the line is about the source itself.
    state : str
        ``'done'``, ``'failed'``, ``'skipped'`` (no key) or ``'stopped'`` (by the user).
    filled : Filled
        What was stored of a series that is done or stopped.
    why : str
        One line where something is not done.
    left : bool
        Whether the source did not answer and may still be at work: leave its collectors alone.
    """

    source: str
    series: Series | None
    state: State
    filled: Filled = field(default_factory=Filled)
    why: str = ""
    left: bool = False


@dataclass(frozen=True)
class Progress:
    """How far a source is: series done of all, and the share of the present one (0-1)."""

    source: str
    done: int
    total: int
    share: float
    series: Series | None


def plainly(error: Exception) -> str:
    """An error as one line that holds no key.

    The texts of `SourceError` and `StoreError` are made for users. Another exception is a mistake
    in the program, and its text may quote an address with its key: its name and place must do.
    """
    if isinstance(error, SourceError):
        return error.what
    if isinstance(error, StoreError):
        return str(error)
    if isinstance(error, SQLAlchemyError):
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        return f"the memory could not be used: {reason}"
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" in {place.tb_frame.f_code.co_qualname}, line {place.tb_lineno}" if place else ""
    return f"unexpected {type(error).__name__}{where}"
