"""The analyst: what is known of the news now, asked about once, judged and put on the tape."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import NamedTuple

from hydra_quant.memory import Memory
from hydra_quant.news import tape
from hydra_quant.news.calls import ANSWERED, LIVE, UNREADABLE, Call, Calls, OverBudget, Spent
from hydra_quant.news.item import Item
from hydra_quant.news.judging import judge
from hydra_quant.news.prompt import make_prompt, repair_prompt
from hydra_quant.news.providers.protocol import Answer, Prompt, Provider, ProviderError
from hydra_quant.news.reading import read_items
from hydra_quant.news.verdict import Opinions, Unreadable, Verdict, read_answer
from hydra_quant.settings import News, Sentiment

logger = logging.getLogger(__name__)
BUDGET = "budget"
NO_NEWS = "no news"


class Reading(NamedTuple):
    """How news becomes a prompt: `hydra_quant.news.reading` and `hydra_quant.news.prompt`."""

    items: Callable[[Memory, Sequence[str], int, News, Sentiment], list[Item]]
    prompt: Callable[[Sequence[Item], Sequence[str], int, News], tuple[Prompt, dict[str, Item]]]
    repair: Callable[[Prompt, str], Prompt]


USUAL = Reading(read_items, make_prompt, repair_prompt)


@dataclass(frozen=True)
class Question:
    """What is asked at a time.

    Attributes
    ----------
    at_ms : int
        End of the news, epoch ms.
    pairs : tuple of str
    prompt : Prompt
    shown : dict of str to Item
        What the model sees, by the ids that it may cite.
    """

    at_ms: int
    pairs: tuple[str, ...]
    prompt: Prompt
    shown: Mapping[str, Item]


@dataclass(frozen=True)
class Round:
    """What came of one round.

    Attributes
    ----------
    at_ms : int
        End of the news, epoch ms.
    verdicts : tuple of Verdict
        As they stand on the tape (where a live one is known a moment later, once it is written).
    why : str
        Why there are none, in one line without strangers' words; empty when there are.
    trouble : str
        Its kind, where asking failed: a `ProviderError` kind, ``'unreadable'`` or ``'budget'``.
    after_s : float
        When the provider wants to be asked again (seconds); 0: it did not say.
    shown : int
        How many items the model saw.
    used : Spent
    softened : Counter of str
        How many opinions were dropped or softened, by reason.
    """

    at_ms: int
    verdicts: tuple[Verdict, ...] = ()
    why: str = ""
    trouble: str = ""
    after_s: float = 0.0
    shown: int = 0
    used: Spent = field(default_factory=Spent)
    softened: Counter[str] = field(default_factory=Counter)

    @property
    def tokens(self) -> int:
        """Read and written, of all its calls."""
        return self.used.tokens

    @property
    def cost(self) -> float | None:
        """Of all its calls, USD; None where prices are not known."""
        return self.used.usd


class Analyst:
    """Asks a language model what the news means, and keeps what it says.

    Parameters
    ----------
    memory : Memory
        News is read from it, calls and verdicts are written to it.
    provider : Provider
        Who is asked.
    settings : News
    sentiment : Sentiment
        Whose bots and celebrities are taken out of the news.
    clock : callable, optional
        The present, epoch ms; the memory's by default.
    calls : Calls, optional
        Budget and record; the hourly budget by default.
    reading : Reading, optional
        How news becomes a prompt.
    """

    def __init__(
        self,
        memory: Memory,
        provider: Provider,
        settings: News,
        sentiment: Sentiment,
        clock: Callable[[], int] | None = None,
        *,
        calls: Calls | None = None,
        reading: Reading = USUAL,
    ) -> None:
        self.memory, self.provider = memory, provider
        self.settings, self.sentiment = settings, sentiment
        self.clock = clock or memory.clock
        self.calls = calls or Calls(memory, settings)
        self.reading = reading
        self.cutoff_ms = tape.cutoff_ms(settings)
        self._trouble = ""

    def round(self, pairs: Sequence[str], at_ms: int | None = None, purpose: str = LIVE) -> Round:
        """Read, ask, judge, and write the verdicts to the tape.

        Parameters
        ----------
        pairs : sequence of str
        at_ms : int, optional
            End of the news, epoch ms; now by default. Nothing that was known later is read.
        purpose : str
            ``'live'``, or ``'backfill'`` for a time in the past.

        Raises
        ------
        StoreError
            When the memory does not answer; nothing is asked that cannot be recorded.
        """
        at_ms = self.clock() if at_ms is None else at_ms
        question = self.question(pairs, at_ms)
        return Round(at_ms, why=NO_NEWS) if question is None else self.answer(question, purpose)

    def question(self, pairs: Sequence[str], at_ms: int) -> Question | None:
        """What would be asked at a time; None without news."""
        items = self.reading.items(self.memory, pairs, at_ms, self.settings, self.sentiment)
        if not items:
            return None
        prompt, shown = self.reading.prompt(items, pairs, at_ms, self.settings)
        return Question(at_ms, tuple(pairs), prompt, shown) if shown else None

    def answer(self, question: Question, purpose: str = LIVE) -> Round:
        """Ask a question, at most twice, and keep the verdicts."""
        asking = _Asking(self, question, purpose)
        try:
            found = asking.run()
        except OverBudget as error:
            found = asking.ended(str(error), BUDGET)
        except ProviderError as error:
            found = asking.ended(str(error), error.kind, error.after_s)
        except Unreadable as error:
            found = asking.ended(str(error), UNREADABLE)
        self._tell(found)
        return found

    def _tell(self, found: Round) -> None:
        """Log what came; a kind of trouble is said when it begins and when it has ended."""
        if found.trouble:
            loud = found.trouble != self._trouble
            logger.log(
                logging.WARNING if loud else logging.DEBUG, "no news analysis: %s", found.why
            )
        else:
            if self._trouble:
                logger.info("news analysis works again")
            said = ", ".join(f"{told.pair} {told.action}" for told in found.verdicts)
            logger.info("news analysis of %d items: %s", found.shown, said or found.why)
        self._trouble = found.trouble


class _Asking:
    """One question on its way: the calls that it took so far."""

    def __init__(self, analyst: Analyst, question: Question, purpose: str) -> None:
        self._analyst, self._question, self._purpose = analyst, question, purpose
        self._used, self._latency_ms = Spent(), 0

    def run(self) -> Round:
        prompt = self._question.prompt
        try:
            return self._once(prompt)
        except Unreadable as error:
            if self._analyst.calls.refusal(self._analyst.memory.clock()):
                raise
            # Known by the hash of the first one: both ask about the same news.
            again = self._analyst.reading.repair(prompt, str(error))
            return self._once(replace(again, hash=prompt.hash))

    def ended(self, why: str, trouble: str, after_s: float = 0.0) -> Round:
        """No analysis."""
        shown = len(self._question.shown)
        return Round(self._question.at_ms, (), why, trouble, after_s, shown, self._used)

    def _once(self, prompt: Prompt) -> Round:
        calls = self._analyst.calls
        call = calls.begin(self._analyst.provider, prompt, self._purpose)
        self._used += Spent(calls=1)
        answer = self._ask(call, prompt)
        self._used += calls.price(answer)
        self._latency_ms += answer.latency_ms
        try:
            opinions = read_answer(answer.text)
        except Unreadable:
            calls.end(call, UNREADABLE, answer, answer.latency_ms)
            raise
        # The verdicts first: a call that is recorded as answered has nothing left to keep.
        found = self._keep(call, opinions)
        calls.end(call, ANSWERED, answer, answer.latency_ms)
        return found

    def _ask(self, call: Call, prompt: Prompt) -> Answer:
        begun = monotonic()
        try:
            return self._analyst.provider.ask(prompt)
        except ProviderError as error:
            self._analyst.calls.end(call, error.kind, None, round((monotonic() - begun) * 1000))
            raise

    def _keep(self, call: Call, opinions: Opinions) -> Round:
        analyst, question = self._analyst, self._question
        now, later = analyst.clock(), self._purpose == tape.BACKFILL
        verdicts, softened = judge(
            opinions,
            question.shown,
            question.pairs,
            at_ms=question.at_ms,
            # In the past it would have been known once the model had answered, as long as it took.
            known_ms=question.at_ms + self._latency_ms if later else now,
            settings=analyst.settings,
            backfilled=later,
        )
        origin = tape.Origin(
            provider=analyst.provider.name,
            model=analyst.provider.model,
            cutoff_ms=analyst.cutoff_ms,
            call=call.item,
            prompt_hash=question.prompt.hash,
            latency_ms=self._latency_ms,
            tokens=self._used.tokens,
            cost=self._used.usd,
            made_ms=now,
        )
        tape.write(analyst.memory, verdicts, origin)
        why = "" if verdicts else _none(softened)
        shown = len(question.shown)
        return Round(question.at_ms, tuple(verdicts), why, "", 0.0, shown, self._used, softened)


def _none(softened: Counter[str]) -> str:
    if not softened:
        return "the model gave no verdict"
    told = ", ".join(f"{count} {why}" for why, count in softened.items())
    return f"the model gave no verdict that holds: {told}"
