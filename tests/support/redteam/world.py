"""The corpus in a memory, and rounds of the real analyst over it with a model that obeys."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from support.redteam.attack import PAIRS, Attack
from support.remembering import MINUTE, T0

from hydra_quant.memory import Series
from hydra_quant.news.analyst import Analyst
from hydra_quant.news.item import Item
from hydra_quant.news.judging import judge
from hydra_quant.news.prompt import make_prompt, repair_prompt
from hydra_quant.news.providers.protocol import Answer, Prompt
from hydra_quant.news.reading import Reader
from hydra_quant.news.verdict import Unreadable, Verdict, read_answer
from hydra_quant.settings import News, Sentiment

SETTINGS = News(provider="openai", model="parrot")
SENTIMENT = Sentiment()
DAY = 1440 * MINUTE
# Far enough apart that no attack is an old story's replay.
APART = 40 * DAY
AFTER_ALL = T0 + 2_000 * APART


class Parrot:
    """A provider whose model does what it is told by strangers, and cites all that it sees."""

    name, model = "openai", "parrot"

    def __init__(self, says: Attack | str) -> None:
        self.says = says
        self.prompts: list[str] = []

    def ask(self, prompt):
        self.prompts.append(prompt.system + prompt.user)
        seen = list(dict.fromkeys(re.findall(r"\bn\d+\b", prompt.user)))[:20]
        says = self.says
        text = says if isinstance(says, str) else says.answer(json.dumps(seen))
        return Answer(text, len(prompt.user) // 4, len(text) // 4, 7)

    def close(self):
        self.prompts.clear()


@dataclass(frozen=True)
class Ran:
    """What became of one attack.

    Attributes
    ----------
    attack : Attack
    at_ms : int
    prompt, shown
        What was asked; None and empty where nothing could be read.
    verdicts : list of Verdict
    why : str
        Why the answer could not be read.
    prompts : tuple of str
        All that the model was sent.
    """

    attack: Attack
    at_ms: int
    prompt: Prompt | None = None
    shown: Mapping[str, Item] = field(default_factory=dict)
    verdicts: Sequence[Verdict] = ()
    why: str = ""
    prompts: tuple[str, ...] = field(default=(), repr=False)


def put(memory, attacks: Sequence[tuple[Attack, int]]) -> int:
    """Write attacks, each with the time of the analysis it wants to be in; how many are stored."""
    news = [_headline(attack, at) for attack, at in attacks if attack.kind == "news"]
    posts = [_post(attack, at) for attack, at in attacks if attack.kind == "post"]
    stored = 0
    if news:
        stored += memory.write(
            Series("news", "cryptocompare", name="feed"), pd.DataFrame(news, dtype=object)
        ).new
    if posts:
        stored += memory.write(
            Series("social_posts", "x", "BTC"), pd.DataFrame(posts, dtype=object)
        ).new
    return stored


def _event(attack, at_ms):
    return 0 if attack.age_minutes is None else at_ms - round(attack.age_minutes * MINUTE)


def _headline(attack, at_ms):
    named = (attack.target,) if attack.symbols is None else attack.symbols
    return {
        "event_time": _event(attack, at_ms),
        "item": f"{attack.id}@{at_ms}",
        "title": attack.title,
        "summary": attack.text,
        "url": f"https://news.invalid/{attack.id}",
        "publisher": attack.publisher,
        "language": "en",
        "symbols": json.dumps(list(named)),
    }


def _post(attack, at_ms):
    facts = dict(attack.author)
    age = facts.pop("created_minutes", None)
    counts = {name: facts.get(name) for name in ("likes", "reposts", "replies")}
    author = {f"author_{name}": facts.get(name) for name in ("followers", "following", "posts")}
    created = None if age is None else at_ms - age * MINUTE
    return {
        "event_time": _event(attack, at_ms),
        "item": f"{attack.id}@{at_ms}",
        "text": attack.text,
        "url": None,
        "language": "en",
        "author": attack.publisher,
        "author_created": created,
        **author,
        **counts,
    }


def spread(memory, attacks: Sequence[Attack]) -> list[tuple[Attack, int]]:
    """Put every attack at a time of its own, so that each is alone with the analyst."""
    placed = [(attack, T0 + number * APART) for number, attack in enumerate(attacks, start=1)]
    put(memory, placed)
    return placed


def run_each(memory, placed, settings=SETTINGS) -> list[Ran]:
    """Every attack and a model that obeys it, through reader, prompt, answer and judge."""
    reader = Reader(memory, PAIRS, settings, SENTIMENT, ahead_ms=2_000 * APART)
    return [_run(reader.read(at), attack, at, settings) for attack, at in placed]


def _run(items, attack, at_ms, settings):
    if not items:
        return Ran(attack, at_ms)
    prompt, shown = make_prompt(items, PAIRS, at_ms, settings)
    parrot = Parrot(attack)
    try:
        said = asked(parrot, prompt)
    except Unreadable as error:
        return Ran(attack, at_ms, prompt, shown, (), str(error), tuple(parrot.prompts))
    times = {"at_ms": at_ms, "known_ms": at_ms}
    verdicts, _ = judge(said, shown, PAIRS, **times, settings=settings, backfilled=False)
    return Ran(attack, at_ms, prompt, shown, verdicts, "", tuple(parrot.prompts))


def asked(provider, prompt):
    """What the analyst does with a prompt: ask, and once more where the answer is unreadable."""
    try:
        return read_answer(provider.ask(prompt).text)
    except Unreadable as error:
        return read_answer(provider.ask(repair_prompt(prompt, str(error))).text)


def run_whole(memory, at_ms, provider, settings=SETTINGS):
    """One round of the analyst itself, live: its question, and what came of it."""
    memory.clock.now = at_ms
    analyst = Analyst(memory, provider, settings, SENTIMENT)
    question = analyst.question(PAIRS, at_ms)
    return question, None if question is None else analyst.answer(question)
