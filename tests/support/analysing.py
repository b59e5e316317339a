"""A language model that answers as it is told, and news that a test hands out."""

import json

from hydra_quant.news.analyst import Analyst, Reading
from hydra_quant.news.item import Item
from hydra_quant.news.prompt import make_prompt, repair_prompt
from hydra_quant.news.providers import Answer, ProviderError
from hydra_quant.settings import News, Sentiment

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
MINUTE = 60_000
ASKING = News(provider="openai", model="m1", usd_per_million_in=1.0, usd_per_million_out=2.0)


def item(name, publisher="coindesk", pairs=(BTC,), at=0, kind="news", text=""):
    title = f"headline {name}" if kind == "news" else ""
    return Item(
        f"{kind}:{publisher}:{name}", kind, publisher, title, text, tuple(pairs), at, at + 1
    )


def opinion(pair=BTC, action="bearish", confidence="high", news=("n1",), reason="so"):
    told = {"pair": pair, "action": action, "confidence": confidence}
    return told | {"reason": reason, "news": list(news)}


def answered(*opinions):
    return json.dumps({"verdicts": list(opinions)})


class Scripted:
    """Answers in this order, the last one again and again; a `ProviderError` is raised."""

    name = "scripted"

    def __init__(self, *answers, model="m1", latency_ms=250, before=None):
        self.answers, self.model, self.latency_ms = list(answers), model, latency_ms
        self.before = before  # what happens while it thinks
        self.asked, self.closed = [], False

    def ask(self, prompt):
        self.asked.append(prompt)
        if self.before is not None:
            self.before()
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(said, BaseException):
            raise said
        return Answer(said, 1000, 500, self.latency_ms)

    def close(self):
        self.closed = True


def down(kind="unreachable", after_s=0.0):
    return ProviderError(kind, f"the model's server: {kind}", after_s)


def reading(*items):
    """These items, as they were known at a time."""

    def known(memory, pairs, at_ms, settings, sentiment):
        return [found for found in items if found.known_ms <= at_ms]

    return Reading(known, make_prompt, repair_prompt)


def analyst(memory, provider, *items, settings=ASKING, **more):
    return Analyst(memory, provider, settings, Sentiment(), reading=reading(*items), **more)


def asking(**changes):
    return News(**ASKING.model_dump() | changes)
