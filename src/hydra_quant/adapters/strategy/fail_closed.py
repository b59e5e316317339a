"""freqtrade lets a trade through when an entry callback raises; HYDRA does not."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from hydra_quant.reasons import Reason

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")


def fail_closed(
    denied: R,
) -> Callable[[Callable[Concatenate[Any, P], R]], Callable[Concatenate[Any, P], R]]:
    """Decorate an entry callback: any exception is logged, noted as a reason, and denies the trade.

    Parameters
    ----------
    denied : what the callback returns to refuse: ``False`` for a confirmation, ``0.0`` for a stake

    Notes
    -----
    The callback must be called with keywords (freqtrade does) among them ``pair``,
    ``current_time`` and ``side``; its owner must have ``note_denial``.
    """

    def decorate(
        callback: Callable[Concatenate[Any, P], R],
    ) -> Callable[Concatenate[Any, P], R]:
        @wraps(callback)
        def guarded(self: Any, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return callback(self, *args, **kwargs)
            except Exception as error:
                name = getattr(callback, "__name__", "callback")
                logger.exception(
                    "%s failed for %s (%s): entry denied", name, kwargs.get("pair"), error
                )
                self.note_denial(
                    kwargs.get("pair"),
                    kwargs.get("current_time"),
                    kwargs.get("side"),
                    Reason.GATE_FAILED,
                )
                return denied

        return guarded

    return decorate
