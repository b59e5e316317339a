"""Who takes part: a member that fails drops out, once, by name and with the reason."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

logger = logging.getLogger(__name__)
Made = TypeVar("Made")


class Roll:
    """The members of one training.

    Parameters
    ----------
    names : of all members
    pass_on : errors that are nobody's failure and end the training
    """

    def __init__(self, names: Iterable[str], pass_on: tuple[type[BaseException], ...] = ()) -> None:
        self.names, self.pass_on = list(names), pass_on
        self.dropped: dict[str, str] = {}

    @property
    def present(self) -> list[str]:
        """Members that have not failed, in their order."""
        return [name for name in self.names if name not in self.dropped]

    def attempt(self, name: str, what: str, make: Callable[[], Made]) -> Made | None:
        """Return what `make` makes, or None and drop the member where it fails."""
        try:
            return make()
        except self.pass_on:
            raise
        except Exception as error:  # whatever a member raises, the others go on
            self.drop(name, f"{what} failed ({reason(error)})")
            return None

    def drop(self, name: str, why: str) -> None:
        """Leave a member out from here on, and say so."""
        self.dropped[name] = why
        left = ", ".join(self.present) or "nobody"
        logger.warning(f"ensemble: {name} drops out, its {why}; {left} goes on.")


def reason(error: BaseException) -> str:
    """Return an error in one line of at most 200 characters."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
