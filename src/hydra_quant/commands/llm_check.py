"""``hydra-quant llm check``: one real question to the language model, and one line about it."""

import argparse
import sys
from contextlib import closing
from pathlib import Path

from hydra_quant.commands.opening import parse_settings
from hydra_quant.memory.store import now_ms
from hydra_quant.news.item import Item
from hydra_quant.news.prompt import make_prompt
from hydra_quant.news.providers.build import build
from hydra_quant.news.providers.costs import hour_usd
from hydra_quant.news.providers.protocol import Answer, Provider, ProviderError
from hydra_quant.news.verdict import Opinions, Unreadable, read_answer
from hydra_quant.settings import News

FAILED = 1
PAIR, PAIRS_AN_ANSWER = "BTC/USDT:USDT", 8
TEACHING = """\
Asks the model in hydra.news about one made-up headline, as the analyst would, once: one request,
paid for. The key comes from the environment: HYDRA_LLM_KEY, or for the provider's own service
ANTHROPIC_API_KEY or OPENAI_API_KEY.

  hydra-quant llm check -c config.json

exit status: 0 it works; 1 the provider or its answer is at fault; 2 a setting or the key is missing
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.description = TEACHING
    parser.add_argument(
        "-c", "--config", type=Path, action="append", default=[], metavar="FILE",
        help="freqtrade configuration; may be repeated (USERDIR/config.json, else config.json)",
    )  # fmt: skip
    parser.add_argument(
        "--userdir", type=Path, default=Path("user_data"), metavar="FOLDER",
        help="freqtrade's user directory (%(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Ask, and say in one line how it went.

    Raises
    ------
    InputError
        When the configuration cannot be read.
    NoProvider
        When the settings or the environment do not suffice.
    """
    settings = parse_settings(args).news
    with closing(build(settings)) as provider:
        try:
            answer, opinions = _ask(provider, settings)
        except ProviderError as error:
            return _fail(str(error))
        except Unreadable as error:
            return _fail(f"{provider.name}: key and model work, but {error}{_remedy(settings)}")
    print(_line(provider, settings, answer, opinions))
    return 0


def _fail(what: str) -> int:
    print(f"hydra-quant llm check: {what}", file=sys.stderr)
    return FAILED


def _remedy(settings: News) -> str:
    if settings.structured:
        return "; this model does not keep to a schema, use another one"
    return '; set "structured": true in hydra.news where the provider has it'


def _ask(provider: Provider, settings: News) -> tuple[Answer, Opinions]:
    now = now_ms()
    headline = Item(
        id="news:check:1",
        kind="news",
        publisher="example.org",
        title="Bitcoin climbs as spot funds report inflows",
        text="A made-up headline, by which a connection is checked.",
        pairs=(PAIR,),
        published_ms=now,
        known_ms=now,
    )
    prompt, _ = make_prompt([headline], [PAIR], now, settings)
    answer = provider.ask(prompt)
    return answer, read_answer(answer.text)


def _line(provider: Provider, settings: News, answer: Answer, opinions: Opinions) -> str:
    form = "structured" if settings.structured else "plain"
    took = f"{answer.latency_ms / 1000:.1f} s, {answer.tokens_in} + {answer.tokens_out} tokens"
    said = next((one.action for one in opinions.verdicts if one.pair == PAIR), "no verdict")
    return (
        f"{provider.name} works: key, model {settings.model} and answer's form ({form}) are fine "
        f"({said}; {took}); {_hour(settings, answer, opinions)}"
    )


def _hour(settings: News, answer: Answer, opinions: Opinions) -> str:
    """Cost of an hour: full prompts, and answers as long as this one for each of eight pairs."""
    each = answer.tokens_out // max(len(opinions.verdicts), 1)
    costs = hour_usd(settings, each * PAIRS_AN_ANSWER)
    if costs is None:
        unset = "hydra.news.usd_per_million_in and usd_per_million_out"
        return f"what an hour costs is not known: price not set, set {unset}"
    usual, most = costs
    return (
        f"an hour costs about {usual:.4f} USD (every {settings.every_minutes} min), at most "
        f"{most:.4f} USD ({settings.calls_per_hour} calls)"
    )
