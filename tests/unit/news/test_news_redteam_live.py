"""A sample of the corpus through the analyst itself: tape, records, log, SDKs on a server."""

import json
import logging
from contextlib import closing

import numpy as np
import pytest
from support.loopback_llm import loopback_llm, news_settings
from support.redteam import CORPUS, PAIRS
from support.redteam.checks import check_exposure, check_secrets, check_verdicts
from support.redteam.world import (
    AFTER_ALL,
    SETTINGS,
    Parrot,
    run_whole,
    spread,
)
from support.remembering import empty_memory

from hydra_quant.memory.kinds import KINDS
from hydra_quant.news.gate import rule
from hydra_quant.news.providers.build import build
from hydra_quant.news.tape import Tape

KEY = "sentinel-5e1f-key-that-must-not-be-seen"
KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "HYDRA_LLM_KEY", "HYDRA_X_BEARER_TOKEN")


def sample():
    """One attack of every category, and one for many of the answers that are wanted."""
    by_category = {attack.category.split(" in ")[0]: attack for attack in CORPUS}
    by_wish = {attack.wants: attack for attack in CORPUS if attack.category == "answer"}
    return [*by_category.values(), *list(by_wish.values())[::6]]


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
    assert len(live.rounds) >= 20
    assert sum(bool(found.verdicts) for found in live.rounds) >= 8
    troubles = {found.trouble for found in live.rounds}
    assert troubles == {"", "unreadable"}


def test_no_secret_is_in_a_prompt_a_row_or_a_line_of_the_log(live):
    names = [SETTINGS.provider, SETTINGS.model, "calls_per_hour", "sqlite"]
    check_secrets(live.prompts, [KEY, *names])
    check_secrets([line for _, line in live.log], [KEY])
    rows = [live.memory.rows(series) for kind in KINDS for series in live.memory.series(kind)]
    assert sum(map(len, rows)) > 50
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
def test_a_server_that_obeys_moves_nothing_either(provider, caplog):
    caplog.set_level(logging.DEBUG)
    chosen = sample()[::5]
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
    check_secrets([caplog.text], [KEY])
    said = "\n".join(one.getMessage() for one in caplog.records if one.levelno >= logging.INFO)
    texts = {text[:30] for one in chosen for text in (one.title, one.text) if len(text) >= 12}
    check_secrets([said], [*texts, policy.base_url])
