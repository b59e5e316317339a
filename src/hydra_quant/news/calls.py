"""How often the model may still be asked, and the record of every time that it was."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pandas import DataFrame

from hydra_quant.memory import Memory, Series, StoreError
from hydra_quant.memory.series import HOUR_MS
from hydra_quant.news.providers.costs import cost_usd
from hydra_quant.news.providers.protocol import Answer, Prompt, Provider
from hydra_quant.settings import News

KIND = "llm_calls"
LIVE, BACKFILL, CHECK = "live", "backfill", "check"
ASKED, ANSWERED, NOT_ASKED, UNREADABLE = "asked", "answered", "not asked", "unreadable"
HOURLY = (LIVE, CHECK)
"""Purposes that share the hourly budget; a backfill has one of its own."""


class OverBudget(Exception):
    """Nothing was asked; one line that says which budget is spent."""


@dataclass(frozen=True)
class Spent:
    """What calls have cost.

    Attributes
    ----------
    calls, tokens : int
    usd : float or None
        None where a call's price is not known.
    """

    calls: int = 0
    tokens: int = 0
    usd: float | None = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Spent(self.calls + other.calls, self.tokens + other.tokens, usd)


@dataclass(frozen=True)
class Budget:
    """What one run may spend, instead of the hourly budget.

    Attributes
    ----------
    calls : int
    usd : float or None
        None: no limit. Each call is taken to cost what the longest question and answer would.
    """

    calls: int
    usd: float | None = None


@dataclass(frozen=True)
class Call:
    """A call that has been recorded and may be made."""

    item: str
    series: Series
    begun_ms: int
    row: dict[str, Any]


class Calls:
    """Counts and records calls in the memory; every process that uses it shares the count.

    A call is written before it is made, so one that never ended is counted too.

    Parameters
    ----------
    memory : Memory
        Its clock is the present.
    settings : News
        ``calls_per_hour``, and the prices.
    budget : Budget, optional
        Of this object's own calls; without one the hourly budget holds.

    Attributes
    ----------
    used : Spent
        By this object's own calls.
    """

    def __init__(self, memory: Memory, settings: News, budget: Budget | None = None) -> None:
        self.memory, self.settings, self.budget = memory, settings, budget
        self.used = Spent()

    def left(self, now_ms: int) -> int:
        """How many calls the hourly budget still allows.

        Counted are live calls and checks by hand, of all providers and models, in the 60 minutes
        before `now_ms`, and those of the hour after it: the clock may have been set back.

        Raises
        ------
        StoreError
            When the memory does not answer.
        """
        return max(0, self.settings.calls_per_hour - self._counted(now_ms))

    def spent(self, since_ms: int, purposes: tuple[str, ...] = (LIVE, CHECK, BACKFILL)) -> Spent:
        """What all calls since a time have cost.

        Raises
        ------
        StoreError
            When the memory does not answer.
        """
        total = Spent()
        for found in self._rows(purposes, since_ms):
            newest = found.drop_duplicates("item", keep="last")
            made = newest[newest["status"] != NOT_ASKED]
            ended = made[made["tokens_in"].notna()]
            usd = None if ended["cost"].isna().any() else float(ended["cost"].sum())
            tokens = int(ended["tokens_in"].sum() + ended["tokens_out"].sum())
            total += Spent(len(made), tokens, usd)
        return total

    def refusal(self, now_ms: int) -> str:
        """Which budget is spent, in one line; empty while a call may be made.

        Raises
        ------
        StoreError
            When the memory does not answer.
        """
        if self.budget is not None:
            return self._over_own(self.budget)
        made = self._counted(now_ms)
        spent = made >= self.settings.calls_per_hour
        return f"budget spent: {made} calls in the last hour" if spent else ""

    def begin(self, provider: Provider, prompt: Prompt, purpose: str) -> Call:
        """Record a call that is about to be made.

        Raises
        ------
        OverBudget
            When the budget is spent; the call must not be made.
        StoreError
            When it cannot be recorded; the call must not be made.
        """
        if why := self.refusal(self.memory.clock()):
            raise OverBudget(why)
        call = self._write_begun(provider, prompt, purpose)
        if self.budget is None and self._counted(call.begun_ms) > self.settings.calls_per_hour:
            # Another process took the last one between the look and the record.
            self._write(call, {"status": NOT_ASKED})
            raise OverBudget(f"budget spent: {self.settings.calls_per_hour} calls in the last hour")
        self.used += Spent(calls=1)
        return call

    def end(self, call: Call, status: str, answer: Answer | None, latency_ms: int) -> None:
        """Record how a call ended.

        Parameters
        ----------
        call : Call
        status : str
            `ANSWERED`, `UNREADABLE`, or the kind of trouble.
        answer : Answer or None
            None when there is none; nothing is known of the cost then, and nothing is counted.
        latency_ms : int

        Raises
        ------
        StoreError
            When the memory does not answer; the call stays ``asked``.
        """
        row: dict[str, Any] = {"status": status, "latency_ms": latency_ms}
        if answer is not None:
            price = self.price(answer)
            self.used += price
            row |= {"tokens_in": answer.tokens_in, "tokens_out": answer.tokens_out}
            row["cost"] = price.usd
        self._write(call, row)

    def price(self, answer: Answer) -> Spent:
        """Tokens and cost of an answer."""
        usd = cost_usd(self.settings, answer.tokens_in, answer.tokens_out)
        return Spent(0, answer.tokens_in + answer.tokens_out, usd)

    def _over_own(self, budget: Budget) -> str:
        if self.used.calls >= budget.calls:
            return f"budget spent: {self.used.calls} calls"
        if budget.usd is None:
            return ""
        dearest = cost_usd(self.settings, self.settings.prompt_tokens, self.settings.answer_tokens)
        if self.used.usd is None or dearest is None:
            return "budget in USD, but the model's prices are not set"
        if self.used.usd + dearest > budget.usd:
            used = f"{self.used.usd:.4f} of {budget.usd:g} USD"
            return f"budget spent: {used}, and the next call may not fit"
        return ""

    def _counted(self, now_ms: int) -> int:
        count = 0
        for found in self._rows(HOURLY, now_ms - HOUR_MS + 1, now_ms + HOUR_MS):
            newest = found.drop_duplicates("item", keep="last")
            count += int((newest["status"] != NOT_ASKED).sum())
        return count

    def _rows(
        self, purposes: tuple[str, ...], start_ms: int, end_ms: int | None = None
    ) -> Iterator[DataFrame]:
        columns = ("status", "tokens_in", "tokens_out", "cost")
        for series in self.memory.series(KIND):
            if series.name in purposes:
                yield self.memory.rows(series, columns, start_ms, end_ms)

    def _write_begun(self, provider: Provider, prompt: Prompt, purpose: str) -> Call:
        now = self.memory.clock()
        row = {
            "purpose": purpose,
            "provider": provider.name,
            "model": provider.model,
            "prompt_hash": prompt.hash,
            "status": ASKED,
        }
        call = Call(uuid.uuid4().hex, Series(KIND, provider.name, "", purpose), now, row)
        self._write(call, {})
        return call

    def _write(self, call: Call, more: dict[str, Any]) -> None:
        row = {"item": call.item, "event_time": call.begun_ms, **call.row, **more}
        written = self.memory.write(call.series, DataFrame([row]), following_since=0)
        if not written.new + written.revised + written.unchanged:
            why = ", ".join(written.refused)
            raise StoreError(f"a call to the model cannot be recorded: {why}")
