"""Floods, replays, sybils and mixes at once, and the analyst itself: tape, records, log, SDKs."""

import json
import logging
import random
from contextlib import closing

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.loopback_llm import loopback_llm, news_settings
from support.redteam import CORPUS, PAIRS
from support.redteam.checks import check_exposure, check_secrets, check_verdicts
from support.redteam.crowds import accounts, edits, flood, one_publisher, replayed
from support.redteam.prompt_checks import check_prompt
from support.redteam.wants import WANTS
from support.redteam.world import (
    AFTER_ALL,
    SENTIMENT,
    SETTINGS,
    Parrot,
    asked,
    put,
    run_whole,
    spread,
)
from support.remembering import T0, empty_memory

from hydra_quant.memory.kinds import KINDS
from hydra_quant.news.gate import rule
from hydra_quant.news.judging import judge
from hydra_quant.news.prompt import make_prompt
from hydra_quant.news.providers.build import build
from hydra_quant.news.reading import read_items
from hydra_quant.news.tape import Tape
from hydra_quant.news.verdict import Unreadable

KEY = "sentinel-5e1f-key-that-must-not-be-seen"
KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "HYDRA_LLM_KEY", "HYDRA_X_BEARER_TOKEN")
BTC = PAIRS[0]


def shown_of(crowd, policy=SETTINGS):
    """What of a crowd is shown, after every check of its prompt."""
    with empty_memory(AFTER_ALL) as memory:
        put(memory, [(attack, T0) for attack in crowd])
        items = read_items(memory, PAIRS, T0, policy, SENTIMENT)
    prompt, shown = make_prompt(items, PAIRS, T0, policy)
    check_prompt(prompt, shown, PAIRS, policy)
    return prompt, shown


def verdicts_of(says, prompt, shown):
    """Verdicts of a model that says so, after every check of them."""
    try:
        said = asked(Parrot(says), prompt)
    except Unreadable:
        return []
    found, _ = judge(said, shown, PAIRS, at_ms=T0, known_ms=T0, settings=SETTINGS, backfilled=False)
    check_verdicts(found, shown, T0, T0, SETTINGS)
    check_exposure(found, T0, SETTINGS)
    return found


def actions_of(crowd):
    prompt, shown = shown_of(crowd)
    return [verdict.action for verdict in verdicts_of(crowd[-1], prompt, shown)]


# --- crowds ---------------------------------------------------------------------------------------


def test_a_story_five_hundred_times_is_one_story():
    _, shown = shown_of(flood())
    assert sum(item.copies for item in shown.values()) == 500
    assert len(shown) == 1
    assert actions_of(flood()) == ["hold"]


def test_one_publisher_however_spelled_and_however_often_makes_nobody_leave():
    _, shown = shown_of(one_publisher())
    assert len(shown) > 10
    assert actions_of(one_publisher()) == ["hold"]


def test_accounts_however_many_make_nobody_leave():
    _, shown = shown_of(accounts())
    assert len(shown) > 10
    assert actions_of(accounts()) == ["hold"]


def test_copies_with_small_edits_are_one_source():
    _, shown = shown_of(edits())
    assert [item.copies for item in shown.values()] == [len(edits())]
    assert actions_of(edits()) == ["hold"]


def test_two_publishers_with_stories_of_their_own_are_heard():
    two = [one_publisher()[0], flood()[0]]
    assert actions_of(two) == ["exit"]


@pytest.mark.parametrize("days", [1, 6])
def test_an_old_story_told_again_is_no_news(days):
    assert shown_of(replayed(days))[1] == {}


def test_a_story_is_news_again_when_it_is_forgotten():
    assert len(shown_of(replayed(30))[1]) == 1


def test_who_speaks_for_and_against_says_nothing():
    _, shown = shown_of(one_publisher(3))
    prompt, _ = shown_of(one_publisher(3))
    (verdict,) = verdicts_of(
        WANTS["contradict"].replace("@IDS@", '["n1"]').replace("@PAIR@", BTC), prompt, shown
    )
    assert verdict.action == "hold"


def test_a_giant_crowd_stays_within_the_budget_and_hides_nobody():
    giants = [attack for attack in CORPUS if len(attack.title + attack.text) > 100_000]
    honest = flood(1)[0]
    crowd = [*giants, *one_publisher(80), *accounts(80), honest]
    for policy in (SETTINGS, SETTINGS.model_copy(update={"prompt_tokens": 1_500})):
        _, shown = shown_of(crowd, policy)
        assert 0 < len(shown) < len(crowd)
    others = [one for one in CORPUS if one.category == "lie" and one.target != "BTC"]
    _, shown = shown_of([*crowd, *others])
    about = {pair for item in shown.values() for pair in item.pairs}
    assert about >= {f"{attack.target}/USDT:USDT" for attack in others}


# --- mixes ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everything():
    """The whole corpus at one and the same time, as items and with its prompt."""
    with empty_memory(AFTER_ALL) as memory:
        put(memory, [(attack, T0) for attack in CORPUS])
        roomy = SETTINGS.model_copy(update={"prompt_tokens": 200_000})
        items = read_items(memory, PAIRS, T0, roomy, SENTIMENT)
        within = read_items(memory, PAIRS, T0, SETTINGS, SENTIMENT)
    return items, within


def test_the_whole_corpus_at_once_fits_into_a_prompt(everything):
    items, within = everything
    prompt, shown = make_prompt(within, PAIRS, T0, SETTINGS)
    check_prompt(prompt, shown, PAIRS, SETTINGS)
    assert 10 < len(within) < len(items)
    for attack in CORPUS[::7]:
        verdicts_of(attack, prompt, shown)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_mix_opens_enlarges_or_raises(everything, data):
    items, _ = everything
    seed = data.draw(st.integers(0, 2**32 - 1))
    mix = random.Random(seed).sample(items, 12)
    prompt, shown = make_prompt(mix, PAIRS, T0, SETTINGS)
    for attack in random.Random(seed).sample(CORPUS, 6):
        verdicts_of(attack, prompt, shown)


# --- the analyst itself ---------------------------------------------------------------------------


def sample():
    """One attack of every category, and one for many of the answers that are wanted."""
    by_category = {attack.category.split(" in ")[0]: attack for attack in CORPUS}
    by_wish = {attack.wants: attack for attack in CORPUS if attack.category == "answer"}
    return [*by_category.values(), *list(by_wish.values())[::4]]


class Live:
    """Rounds of the analyst over the sample, with a key in the environment."""

    def __init__(self, memory):
        self.memory, self.prompts, self.rounds, self.times = memory, [], [], []

    def run(self):
        for attack, at in spread(self.memory, sample()):
            parrot = Parrot(attack)
            question, found = run_whole(self.memory, at, parrot)
            self.prompts += parrot.prompts
            if question is not None:
                self.rounds.append(found)
                self.times.append(at)
                check_verdicts(found.verdicts, question.shown, at, at, SETTINGS)
        self.memory.clock.now = AFTER_ALL


@pytest.fixture(scope="module")
def live():
    heard = Heard()
    root = logging.getLogger()
    before = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    with pytest.MonkeyPatch.context() as patch, empty_memory(AFTER_ALL) as memory:
        for name in KEYS:
            patch.setenv(name, KEY)
        found = Live(memory)
        found.run()
        found.log = heard.lines
        yield found
    root.setLevel(before)
    root.removeHandler(heard)


class Heard(logging.Handler):
    """Keeps what is logged, with its level."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append((record.levelno, self.format(record)))


def test_the_analyst_goes_on_whatever_it_is_told(live):
    assert len(live.rounds) >= 25
    assert sum(bool(found.verdicts) for found in live.rounds) >= 8
    troubles = {found.trouble for found in live.rounds}
    assert troubles == {"", "unreadable"}


def test_no_secret_is_in_a_prompt_a_row_or_a_line_of_the_log(live):
    names = [SETTINGS.provider, SETTINGS.model, "calls_per_hour", "sqlite"]
    check_secrets(live.prompts, [KEY, *names])
    check_secrets([line for _, line in live.log], [KEY])
    rows = [live.memory.rows(series) for kind in KINDS for series in live.memory.series(kind)]
    assert sum(map(len, rows)) > 60
    check_secrets([frame.to_json() for frame in rows], [KEY])


def test_no_news_is_in_the_log(live):
    said = "\n".join(line for level, line in live.log if level >= logging.INFO)
    assert "news analysis of" in said
    texts = {text[:30] for one in sample() for text in (one.title, one.text) if len(text) >= 12}
    check_secrets([said], [*texts, "as told", "evil.invalid", "\x1b", "lies"])


def test_the_tape_holds_closed_words_and_replays_to_no_more_than_there_was(live):
    times = np.array([at + shift for at in live.times for shift in (0, 1, 3_599_999)])
    rows = acted = 0
    for pair in PAIRS:
        tape = Tape.read(live.memory, pair, SETTINGS)
        rows += len(tape.rows)
        assert set(tape.rows["action"]) <= {"bullish", "bearish", "hold"}
        assert set(tape.rows["confidence"]) <= {"low", "medium", "high"}
        assert np.all(tape.rows["expires_at"] - tape.rows["known_at"] == 3_600_000)
        assert all(isinstance(json.loads(news), list) for news in tape.rows["news"])
        action, confidence = tape.codes(tape.at(times))
        for side in (-1, 0, 1):
            share = rule(action, confidence, np.full(len(times), side), SETTINGS).share
            assert np.all((share >= 0) & (share <= 1))
            assert side != 0 or np.all(share == 1)
            acted += int((share < 1).sum())
    assert rows == sum(len(found.verdicts) for found in live.rounds) > 10
    assert acted > 10
    assert {series.subject for series in live.memory.series("llm_decisions")} <= set(PAIRS)


# --- through the SDKs, to a server that obeys -----------------------------------------------------


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_a_server_that_obeys_moves_nothing_either(provider):
    chosen = sample()[::3]
    with loopback_llm(obeys=True) as llm, empty_memory(AFTER_ALL) as memory:
        policy = news_settings(llm, provider)
        placed = spread(memory, chosen)
        acted = 0
        with closing(build(policy, {"HYDRA_LLM_KEY": KEY})) as real:
            for _, at in placed:
                question, found = run_whole(memory, at, real, policy)
                if question is not None:
                    check_verdicts(found.verdicts, question.shown, at, at, policy)
                    check_exposure(found.verdicts, at, policy)
                    acted += len(found.verdicts)
        assert acted > 0
        assert llm.calls >= len(chosen) // 2
        check_secrets([str(request.body) for request in llm.requests], [KEY])
