"""Scores texts as they come in, in a thread of its own."""

import logging
from collections.abc import Callable
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError

from hydra_quant.memory import Memory, StoreError
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.sentiment.scorers import Scorer, make
from hydra_quant.sentiment.scoring import score_new
from hydra_quant.settings import Sentiment

logger = logging.getLogger(__name__)
EVERY_MS = MINUTE_MS


class Scoring:
    """Keeps the scores of the memory's texts up to date while somebody else collects them.

    Parameters
    ----------
    open_memory : callable
        Opens the memory, in the thread.
    settings : Sentiment
    """

    def __init__(self, open_memory: Callable[[], Memory], settings: Sentiment) -> None:
        self._open_memory, self._settings = open_memory, settings
        self._stop = Event()
        self._thread = Thread(target=self._run, name="score", daemon=True)
        self._memory: Memory | None = None
        self._scorer: Scorer | None = None
        self._since_ms = self._next_ms = 0
        self._failed = False

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End, waiting no longer than that; a batch that is being scored is finished later."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def step(self, now_ms: int) -> None:
        """Score what is new, if a minute has passed; an error is said once and met by a retry."""
        if now_ms < self._next_ms:
            return
        self._next_ms = now_ms + EVERY_MS
        try:
            self._score(now_ms)
        except (SQLAlchemyError, StoreError, OSError) as error:
            (logger.debug if self._failed else logger.error)("texts are not scored: %s", error)
            self._failed = True
        else:
            self._failed = False

    def _score(self, now_ms: int) -> None:
        if self._memory is None or self._scorer is None:
            self._memory = self._memory or self._open_memory()
            self._scorer = make(self._settings)[0]
            self._since_ms = self._since_ms or now_ms
        score_new(
            self._memory,
            self._scorer,
            self._settings,
            since_ms=now_ms - self._settings.window_minutes * MINUTE_MS,
            following_since=self._since_ms,
        )

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.step(self._clock())
                self._stop.wait(5.0)
        except Exception as error:  # its own text may quote a stranger's
            name = type(error).__name__
            logger.error("texts are no longer scored (%s); the bot trades on", name)
            logger.debug("scoring failed", exc_info=True)
        finally:
            if self._memory is not None:
                self._memory.close()

    def _clock(self) -> int:
        if self._memory is None:
            self._memory = self._open_memory()
        return self._memory.clock()
