"""Tries again, later and later, where a failure is a passing one."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, stop_after_attempt, wait_exponential_jitter

logger = logging.getLogger(__name__)

FIRST_S, LONGEST_S, JITTER_S = 1.0, 60.0, 1.0

T = TypeVar("T")


def patiently(
    source: str,
    call: Callable[[], T],
    wait: Callable[[BaseException], float | None],
    *,
    attempts: int = 5,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call until it succeeds, the failure is no passing one, or the attempts are used up.

    Parameters
    ----------
    source : str
        Who is asked; for the log.
    call : callable
    wait : callable
        Asked once about every failure. None: it will not pass; 0.0: it may, wait 1, 2, 4 … s (at
        most 60) and up to one more at random; above 0: the seconds that the source asks for.
    attempts : int
    sleep : callable
        Takes seconds.

    Returns
    -------
    What `call` returns.

    Raises
    ------
    Exception
        The last failure, as it was.
    """
    asked: list[float] = []
    backoff = wait_exponential_jitter(initial=FIRST_S, max=LONGEST_S, jitter=JITTER_S)

    def passes(state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, Exception):  # success, or Ctrl-C
            return False
        seconds = wait(error)
        asked[:] = [] if seconds is None else [seconds]
        return bool(asked)

    def pause(state: RetryCallState) -> float:
        return asked[0] or backoff(state)

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        # Not its text: an error of somebody else's client may quote an address with a key in it.
        logger.debug(
            "%s: %s, asked again in %.1f s", source, type(error).__name__, state.upcoming_sleep
        )

    retrying = Retrying(
        sleep=sleep,
        stop=stop_after_attempt(attempts),
        wait=pause,
        retry=passes,
        before_sleep=tell,
        reraise=True,
    )
    return retrying(call)
