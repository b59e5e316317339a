"""Verdicts about past news, made afterwards and marked so."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from pandas import DataFrame

from hydra_quant.memory import Memory
from hydra_quant.memory.series import DAY_MS, MINUTE_MS
from hydra_quant.news.analyst import BUDGET, USUAL, Analyst, Question, Reading, Round
from hydra_quant.news.calls import ANSWERED, ASKED, BACKFILL
from hydra_quant.news.calls import KIND as CALLS
from hydra_quant.news.desk import OFFSET_MS
from hydra_quant.news.reading import Reader
from hydra_quant.news.tape import KIND
from hydra_quant.settings import Settings

FAILURES_IN_A_ROW = 3
HOPELESS = ("key", "refused")
"""Troubles that no repetition mends."""
AGAIN = ("unreachable", "slow", "rate", "overloaded")
LONGEST_WAIT_S = 60.0
Told = Callable[["Done"], None]


@dataclass(frozen=True)
class Done:
    """How far a backfill has come.

    Attributes
    ----------
    rounds, of : int
        Rounds looked at, and all of them.
    silent : int
        Rounds without news: nothing was asked.
    kept : int
        Rounds that an earlier run had done: nothing was asked.
    asked : int
        Rounds that were asked about and answered, in a readable form or not.
    verdicts, future : int
        Verdicts written, and those among them about times that the model may know.
    stopped : str
        Why it ended before the last round; empty when it did not.
    failed : bool
        Whether the provider is the reason.
    """

    rounds: int = 0
    of: int = 0
    silent: int = 0
    kept: int = 0
    asked: int = 0
    verdicts: int = 0
    future: int = 0
    stopped: str = ""
    failed: bool = False


def round_times(start_ms: int, end_ms: int, every_minutes: int) -> range:
    """When a bot would have begun its rounds in ``start <= time < end``, epoch ms."""
    every = every_minutes * MINUTE_MS
    first = -(-(start_ms - OFFSET_MS) // every) * every + OFFSET_MS
    return range(first, end_ms, every)


def walking(memory: Memory, pairs: Sequence[str], settings: Settings) -> Reading:
    """The usual reading, for times one after the other: each row of the memory is read once."""
    reader = Reader(memory, pairs, settings.news, settings.sentiment, ahead_ms=DAY_MS)
    return USUAL._replace(items=lambda memory, pairs, at_ms, *_: reader.read(at_ms))


class Backfill:
    """Asks about the news of past rounds, one after the other, and can go on where it ended.

    Each question holds what was known at its time and nothing later; its verdicts are known as
    long after it as the answer took. The *model* may know what came after that time: verdicts
    carry its cut-off, and a backtest leaves those before it out by default.

    Parameters
    ----------
    analyst : Analyst
        With `Calls` that have a `Budget` of their own.
    pairs : sequence of str
    times : sequence of int
        Of the rounds, epoch ms, as `round_times` gives them.
    sleep : callable
        Waits, seconds; before a question is asked again.

    Attributes
    ----------
    done : Done
        Up to date at any time, so that an interrupt loses nothing.
    """

    def __init__(
        self,
        analyst: Analyst,
        pairs: Sequence[str],
        times: Sequence[int],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._analyst, self._pairs, self._times, self._sleep = analyst, tuple(pairs), times, sleep
        self._earlier = Earlier.read(analyst.memory, analyst.provider.model)
        self._failures = 0
        self.done = Done(of=len(times))

    def run(self, told: Told = lambda done: None) -> Done:
        """Do what is left to do; what was done is written, whatever happens.

        Parameters
        ----------
        told : callable
            Hears of every round that is finished.

        Raises
        ------
        StoreError
            When the memory does not answer.
        """
        for at_ms in self._times:
            question = self._analyst.question(self._pairs, at_ms)
            if question is None:
                self._count(silent=1)
            elif self._earlier.has(question):
                self._count(kept=1)
            elif not self._answered(question):
                break
            self._count(rounds=1)
            told(self.done)
        return self.done

    def _answered(self, question: Question) -> bool:
        """Ask until there is an answer; False when the run must end."""
        while True:
            found = self._analyst.answer(question, BACKFILL)
            if found.trouble == BUDGET:
                self._count(stopped=found.why)
                return False
            if not found.trouble:
                self._failures = 0
                self._kept(found)
                return True
            self._failures += 1
            if found.trouble in HOPELESS or self._failures >= FAILURES_IN_A_ROW:
                self._count(stopped=found.why, failed=True)
                return False
            if found.trouble not in AGAIN:  # another question may be answered
                self._count(asked=1)
                return True
            self._sleep(min(max(found.after_s, 2.0**self._failures), LONGEST_WAIT_S))

    def _kept(self, found: Round) -> None:
        cutoff = self._analyst.cutoff_ms
        future = cutoff is None or found.at_ms < cutoff
        made = len(found.verdicts)
        self._count(asked=1, verdicts=made, future=made if future else 0)

    def _count(self, stopped: str = "", failed: bool = False, **more: int) -> None:
        counts = {
            name: getattr(self.done, name) + more.get(name, 0)
            for name in ("rounds", "silent", "kept", "asked", "verdicts", "future")
        }
        self.done = Done(of=self.done.of, stopped=stopped, failed=failed, **counts)


@dataclass(frozen=True)
class Earlier:
    """What earlier runs have done with a model.

    Attributes
    ----------
    rounds : set of (int, str)
        Time of the news and hash of the prompt, of verdicts on the tape.
    fruitless : set of str
        Hashes of prompts whose answers held no verdict.
    """

    rounds: frozenset[tuple[int, str]]
    fruitless: frozenset[str]

    @classmethod
    def read(cls, memory: Memory, model: str) -> "Earlier":
        """Read tape and calls; a call that has not ended may have left some of its verdicts out."""
        calls = _backfilled(memory, CALLS, ("model", "prompt_hash", "status"))
        calls = calls[calls["model"] == model].drop_duplicates("item", keep="last")
        ended = calls[calls["status"] == ANSWERED]
        unended = calls.loc[calls["status"] == ASKED, "item"]
        rows = _backfilled(memory, KIND, ("model", "prompt_hash", "call"))
        rows = rows[(rows["model"] == model) & ~rows["call"].isin(unended.tolist())]
        fruitless = ended.loc[~ended["item"].isin(rows["call"].tolist()), "prompt_hash"]
        rounds = zip(rows["event_time"].tolist(), rows["prompt_hash"].tolist(), strict=True)
        return cls(frozenset(rounds), frozenset(fruitless.tolist()))

    def has(self, question: Question) -> bool:
        """Whether nothing new could come of asking this."""
        told = question.prompt.hash
        return (question.at_ms, told) in self.rounds or told in self.fruitless


def _backfilled(memory: Memory, kind: str, columns: tuple[str, ...]) -> DataFrame:
    series = [found for found in memory.series(kind) if found.name == BACKFILL]
    parts = [memory.rows(found, columns) for found in series]
    if not parts:
        return DataFrame(columns=["event_time", "known_at", "item", *columns])
    return pd.concat(parts, ignore_index=True)
