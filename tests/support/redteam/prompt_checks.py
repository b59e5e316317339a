"""The frame of a prompt: what strangers wrote stays inside it, line by line."""

import json
import re

from support.redteam.checks import check_line

from hydra_quant.news.quoting import BODY, PUBLISHER, TITLE, tokens

FIELDS = ("id", "pairs", "age_minutes", "publisher", "kind", "title", "text", "copies")
_OPENING = re.compile(r"<news ([A-Za-z0-9]{1,64})>")


def check_prompt(prompt, shown, pairs, settings):
    """Two lines around the news, an object a line between, nothing after, within the budget."""
    lines = prompt.user.split("\n")
    assert lines == prompt.user.splitlines(), "a character that other programs end lines at"
    openings = [at for at, line in enumerate(lines) if line.startswith("<news")]
    endings = [at for at, line in enumerate(lines) if line.startswith("</news")]
    assert len(openings) == len(endings) == 1, "not one beginning and one end of the news"
    marker = _OPENING.fullmatch(lines[openings[0]])
    assert marker, "an opening line that is not alone"
    assert lines[endings[0]] == f"</news {marker[1]}>"
    assert endings[0] == len(lines) - 1, "something after the end of the news"
    assert prompt.user.count(marker[1]) == 2, "a marker that strangers know"
    quotes = lines[openings[0] + 1 : endings[0]]
    assert prompt.user.count("<") == prompt.user.count(">") == 2, "brackets inside the news"
    assert len(quotes) == len(shown), "an item on more than one line, or on none"
    for line, (name, item) in zip(quotes, shown.items(), strict=True):
        _check_quote(json.loads(line, object_pairs_hook=list), name, item, pairs)
    whole = [prompt.system, json.dumps(prompt.schema), prompt.user]
    assert sum(map(tokens, whole)) <= settings.prompt_tokens, "over the budget of tokens"
    assert prompt.most_tokens == settings.answer_tokens


def _check_quote(members, name, item, pairs):
    assert [key for key, _ in members] == list(FIELDS), "other fields than those of an item"
    told = dict(members)
    assert told["id"] == name
    assert told["kind"] == item.kind
    assert set(told["pairs"]) <= set(pairs)
    assert isinstance(told["age_minutes"], int)
    assert told["age_minutes"] >= 0, "news from the future"
    limits = {"publisher": PUBLISHER, "title": TITLE, "text": BODY}
    for field, most in limits.items():
        check_line(told[field], most)
