"""The news desk: rounds of analysis beside a bot, which never waits for them."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from threading import Event, Thread

from hydra_quant.memory import Memory
from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS
from hydra_quant.memory.store import now_ms
from hydra_quant.news.analyst import USUAL, Analyst, Reading, Round
from hydra_quant.news.gate import is_standing
from hydra_quant.news.providers.protocol import Provider
from hydra_quant.news.tape import KIND, LIVE, Tape
from hydra_quant.news.verdict import Verdict
from hydra_quant.settings import News, Sentiment

logger = logging.getLogger(__name__)
OFFSET_MS = 20_000
"""A round begins so long after its time on the clock: news of the last seconds is in by then."""
RETRY_MS = MINUTE_MS
LONGEST_WAIT_MS = HOUR_MS
# No verdict stands longer than two days (`valid_minutes`) after its answer.
READ_BACK_MS = 3 * DAY_MS


def slot(at_ms: int, every_minutes: int) -> int:
    """Number of the round that is due at a time; each begins `OFFSET_MS` after a whole multiple."""
    return (at_ms - OFFSET_MS) // (every_minutes * MINUTE_MS)


def begins(number: int, every_minutes: int) -> int:
    """When a round begins, epoch ms."""
    return number * every_minutes * MINUTE_MS + OFFSET_MS


class Desk:
    """Keeps the newest verdict of each pair at hand.

    Whatever fails here is logged once when it begins, and never raised into the bot; there is no
    verdict then, and the gate's ``no_analysis`` holds. Verdicts are those of the tape, so that a
    restart keeps them and another process's are seen.

    Parameters
    ----------
    open_memory : callable
        Opens the memory, in the desk's thread.
    make_provider : callable
        Makes the provider, in the desk's thread; a ValueError says in one line why it cannot.
    pairs : sequence of str
        May be replaced at any time (`Desk.pairs`).
    settings : News
    sentiment : Sentiment
    reading : Reading, optional
        How news becomes a prompt.
    clock : callable
        The present, epoch ms; the memory's clock has to show the same.
    tick_s : float
        The longest wait between two looks at the clock, which may be moved by hand (seconds).

    Attributes
    ----------
    why : str
        Why the newest round gave no verdict; empty when it gave some.
    """

    def __init__(
        self,
        open_memory: Callable[[], Memory],
        make_provider: Callable[[], Provider],
        pairs: Sequence[str],
        settings: News,
        sentiment: Sentiment,
        *,
        reading: Reading = USUAL,
        clock: Callable[[], int] = now_ms,
        tick_s: float = 1.0,
    ) -> None:
        self.pairs, self.why = tuple(pairs), "no analysis yet"
        self._open_memory, self._make_provider = open_memory, make_provider
        self._settings, self._sentiment, self._reading = settings, sentiment, reading
        self._clock, self._tick_s = clock, tick_s
        self._memory: Memory | None = None
        self._analyst: Analyst | None = None
        self._latest: Mapping[str, Verdict] = {}
        self._exits: deque[Verdict] = deque()
        self._slot: int | None = None
        self._not_before = 0
        self._failed = ""
        self._stop = Event()
        self._thread = Thread(target=self._run, name="news desk", daemon=True)

    # --- the bot's side -----------------------------------------------------------------------

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End, waiting no longer than `timeout_s`; whether it has ended.

        A call that hangs is left behind: its thread ends with the process.
        """
        self._stop.set()
        if self._thread.ident is None:  # stepped by hand
            self._close()
        else:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def latest(self, pair: str) -> Verdict | None:
        """The newest verdict on a pair; answers at once, whatever the desk does.

        It stood when the desk last looked, and may have expired since.
        """
        return self._latest.get(pair)

    def changed_to_exit(self) -> list[Verdict]:
        """Verdicts that said exit where the one before did not, each once, oldest first."""
        found = []
        while self._exits:
            found.append(self._exits.popleft())
        return found

    # --- the desk's side ----------------------------------------------------------------------

    def step(self, now_ms: int) -> Round | None:
        """Do the round that is due at `now_ms`, here and now; None when none is.

        One that was missed is not made up for. The first is due at once, unless the tape holds a
        verdict of this very round (the bot was restarted). Never raises.
        """
        if now_ms < self._not_before:
            return None
        try:
            return self._round(now_ms)
        except Exception as error:  # the bot trades on
            self._fail(error, now_ms)
            return None

    def _round(self, now_ms: int) -> Round | None:
        memory = self._memory = self._memory or self._open_memory()
        due = slot(now_ms, self._settings.every_minutes)
        if self._slot is None:
            self._latest = self._read(memory)
            self._slot = self._done(memory, now_ms)
        if due <= self._slot:
            return None
        self._slot = due
        found = self._ready(memory).round(self.pairs, now_ms)
        wait_ms = min(found.after_s * 1000, LONGEST_WAIT_MS) if found.after_s > 0 else 0
        self._not_before = now_ms + round(wait_ms)
        self._publish(self._read(memory), memory.clock())
        if self._failed:
            logger.info("the news desk works again")
        self.why, self._failed = found.why, ""
        return found

    def _ready(self, memory: Memory) -> Analyst:
        if self._analyst is None:
            self._analyst = Analyst(
                memory,
                self._make_provider(),
                self._settings,
                self._sentiment,
                reading=self._reading,
            )
        return self._analyst

    def _done(self, memory: Memory, now_ms: int) -> int:
        """The newest round of which the tape holds a live verdict; -1 without one."""
        live = [series for series in memory.series(KIND) if series.name == LIVE]
        times = [memory.newest(series, now_ms) for series in live if series.subject in self.pairs]
        newest = max((time for time in times if time is not None), default=None)
        return -1 if newest is None else slot(newest, self._settings.every_minutes)

    def _read(self, memory: Memory) -> dict[str, Verdict]:
        now, found = memory.clock(), {}
        for pair in self.pairs:
            tape = Tape.read(memory, pair, self._settings, now - READ_BACK_MS)
            if (verdict := tape.standing(pair, now)) is not None:
                found[pair] = verdict
        return found

    def _publish(self, found: Mapping[str, Verdict], now_ms: int) -> None:
        """Replace what the bot sees, at once and whole."""
        before, self._latest = self._latest, found
        for pair, verdict in found.items():
            old = before.get(pair)
            stood = old is not None and old.action == "exit" and is_standing(old, verdict.known_ms)
            if verdict.action == "exit" and is_standing(verdict, now_ms) and not stood:
                self._exits.append(verdict)

    def _fail(self, error: Exception, now_ms: int) -> None:
        """Log one line of what HYDRA itself wrote, and nothing that a stranger may have."""
        self._not_before = now_ms + RETRY_MS
        ours = isinstance(error, ValueError | OSError) and type(error).__module__.startswith(
            "hydra"
        )
        self.why = str(error) if ours else f"the news desk fails: {type(error).__name__}"
        loud = self.why != self._failed
        logger.log(logging.WARNING if loud else logging.DEBUG, "no news analysis: %s", self.why)
        logger.debug("the news desk failed", exc_info=True)
        self._failed = self.why

    # --- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            self.step(self._clock())
            self._stop.wait(self._tick_s)
        self._close()

    def _close(self) -> None:
        analyst, self._analyst = self._analyst, None
        memory, self._memory = self._memory, None
        if analyst is not None:
            analyst.provider.close()
        if memory is not None:
            memory.close()
