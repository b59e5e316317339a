"""A key is nowhere in what a run leaves behind, and the news are in no log above debug level.

The provider repeats the key and the news in its answers and refuses some of them, debug logging is
on; then everything that the bot and a backtest wrote or printed is searched.
"""

import json
import zipfile
from datetime import timedelta
from types import SimpleNamespace

import pytest
from support.bundle import EPOCH, PAIRS, Bundle, errors, merge
from support.loopback_llm import loopback_llm
from support.newsy import NEWSY, STRATEGY, headlines, log_entries, memory_of, news, verdicts_of
from support.replay import replay

pytestmark = pytest.mark.contract

START = EPOCH + timedelta(days=8, hours=4, minutes=10)
END = START + timedelta(minutes=35)
KEY = "sk-quetzal-7f3a9c51e2"
# Of a headline, of what the model says of it, and of the prompt.
WORDS = ("zanzibar", "quokka", "what recent news means")
TOLD = [
    (START - timedelta(minutes=9), "Gazette", "Solana slides, says the Zanzibar report"),
    (START + timedelta(minutes=12), "Herald", "Ethereum rallies over Zanzibar and beyond"),
    (
        START + timedelta(minutes=12),
        "Gazette",
        "A bridge of Ethereum is hacked, Zanzibar team says",
    ),
]
READER = {"every_minutes": 5, "lookback_minutes": 30, "valid_minutes": 30}


def answer(question):
    """What a model says that has seen everything: the news' words and, who knows how, the key."""
    about = {pair: [item for item in question.items if pair in item.pairs] for pair in PAIRS}
    opinions = [
        {
            "pair": pair,
            "action": "exit",
            "confidence": "high",
            "reason": f"Quokka: {items[0].text}",
            "news": [item.id for item in items],
        }
        for pair, items in about.items()
        if items
    ]
    return json.dumps({"verdicts": opinions})


@pytest.fixture(scope="module")
def left(exchange, candles, tmp_path_factory):
    """What a bot and a backtest printed, and the folder in which they wrote."""
    home = tmp_path_factory.mktemp("gate_secrets")
    with pytest.MonkeyPatch.context() as patch, loopback_llm() as llm:
        patch.setenv("HYDRA_LLM_KEY", KEY)
        patch.delenv("PYTEST_VERSION")  # freqtrade logs otherwise where it is set
        overlay = merge(NEWSY, {"exchange": {"pair_whitelist": list(PAIRS[1:])}})
        overlay = merge(overlay, news(llm.base_url, **READER))
        more = ("-vv", "--logfile", str(home / "all.log"))
        bundle = Bundle(home, exchange.port, overlay, candles)
        headlines(memory_of(bundle), TOLD)
        llm.reader = answer
        for kind in ("401", "schema", "redirect"):
            llm.fault(kind, times=1)
        lived = replay(bundle, START, END, STRATEGY, *more)
        span = f"{START.timestamp():.0f}-{END.timestamp():.0f}"
        tested = bundle.succeed(
            *("backtesting", "--strategy", STRATEGY, "--timerange", span, "--cache", "none"),
            *("--export", "trades", *more),
        )
        sent = [request.headers.get("authorization") for request in llm.requests]
    (home / "printed.txt").write_text(lived.log + tested)
    return SimpleNamespace(home=home, bundle=bundle, log=lived.log, tested=tested, sent=sent)


def found(folder, word):
    """Files below a folder, and members of its archives, that hold a word in any case."""
    wanted = word.lower().encode()
    hits = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            parts = {"": path.read_bytes()}
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    parts |= {name: archive.read(name) for name in archive.namelist()}
            hits += [
                f"{path.name}:{name}" for name, body in parts.items() if wanted in body.lower()
            ]
    return hits


def test_the_run_was_worth_the_search(left):
    assert errors(left.log) == []
    assert len(left.sent) >= 6
    assert set(left.sent) == {f"Bearer {KEY}"}
    assert " - DEBUG - " in left.log
    told = verdicts_of(memory_of(left.bundle))
    assert "the news say exit" in " ".join(left.log.split())
    assert any("Quokka" in made.reason and "Zanzibar" in made.reason for made in told)
    kinds = {path.suffix for path in left.home.rglob("*") if path.is_file()}
    assert {".log", ".sqlite", ".jsonl", ".feather", ".zip", ".json", ".txt"} <= kinds


def test_the_key_is_nowhere(left):
    assert found(left.home, KEY) == []
    assert found(left.home, KEY[3:]) == []


def test_a_key_in_a_file_or_in_an_archive_would_be_found(left, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.bin").write_bytes(b"\0\1" + KEY.encode() + b"\2")
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps({"key": KEY * 2}))
    assert found(tmp_path, KEY) == ["b.zip:config.json", "a.bin:"]


@pytest.mark.parametrize("word", WORDS)
def test_the_news_are_in_no_line_above_debug(left, word):
    for text in (left.log, left.tested, (left.home / "all.log").read_text()):
        assert loud(text, word) == []


def test_a_loud_line_would_be_seen_and_a_quiet_one_is_not(left):
    line = "2025-03-09 04:10:00,000 - hydra_quant.news - {} - of\nZanzibar\n"
    assert len(loud(left.log + line.format("INFO"), "zanzibar")) == 1
    assert loud(left.log + line.format("DEBUG"), "zanzibar") == []


def loud(log, word):
    """Entries above debug level, with the lines that belong to them, which hold a word."""
    return [
        entry
        for entry in log_entries(log)
        if " - DEBUG - " not in entry.splitlines()[0] and word in entry.lower()
    ]
