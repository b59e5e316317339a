"""freqtrade lets a trade through when an entry callback raises; HYDRA does not."""

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from hydra_quant.reasons import Reason

logger = logging.getLogger(__name__)
Gate = TypeVar("Gate", bound=Callable[..., Any])


def fail_closed(denied: object) -> Callable[[Gate], Gate]:
    """Decorate an entry callback: any exception is logged, noted as a reason, and denies the trade.

    Parameters
    ----------
    denied : what the callback returns to refuse: ``False`` for a confirmation, ``0.0`` for a stake

    Notes
    -----
    The callback must be called with keywords (freqtrade does) among them ``pair``,
    ``current_time`` and ``side``; its owner must have ``note_denial``. Whatever goes wrong with the
    note, the trade is denied.
    """

    def decorate(callback: Gate) -> Gate:
        @wraps(callback)
        def guarded(self: Any, *args: Any, **call: Any) -> Any:
            try:
                return callback(self, *args, **call)
            except Exception as error:
                name = getattr(callback, "__name__", "gate")
                logger.exception("%s failed for %s (%s): denied", name, call.get("pair"), error)
                _note(self, call)
                return denied

        return cast(Gate, guarded)

    return decorate


def _note(owner: Any, call: Mapping[str, Any]) -> None:
    """Note the failed gate; a note that cannot be kept must not let the trade through either."""
    try:
        owner.note_denial(call["pair"], call["current_time"], call["side"], Reason.GATE_FAILED)
    except Exception as error:
        logger.error("the failed gate could not be noted as a reason: %r", error)
