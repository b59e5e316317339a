"""``hydra-quant gate backfill``, with a language model on loopback: one line for every mistake."""

import argparse
import json

import pandas as pd
import pytest
from support.loopback_llm import loopback_llm
from support.remembering import T0

from hydra_quant.commands import gate
from hydra_quant.memory import Memory, Series

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
HOUR = 3_600_000
SPAN = ("--from", "2025-06-15T15:00", "--to", "2025-06-15T17:00")
TITLES = ("Bitcoin surges to a record high", "Ethereum exchange hacked, funds stolen")


@pytest.fixture(scope="module")
def llm():
    with loopback_llm() as found:
        yield found


@pytest.fixture
def place(tmp_path, monkeypatch, llm):
    """A folder with a configuration and a memory with two headlines; where the options point."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_MEMORY_URL", raising=False)
    monkeypatch.setenv("HYDRA_LLM_KEY", "sk-Zq7SECRET")
    llm.well()
    configure(tmp_path, llm)
    with Memory(f"sqlite:///{tmp_path}/user_data/hydra/memory.sqlite") as memory:
        rows = {
            "item": ["a", "b"],
            "event_time": [T0, T0 + HOUR],
            "title": TITLES,
            "publisher": ["coindesk", "decrypt"],
        }
        memory.write(Series("news", "rss"), pd.DataFrame(rows))
    return tmp_path


def configure(folder, llm, **news):
    told = {"provider": "openai", "model": "sandbox-1", "base_url": llm.base_url} | news
    config = {"exchange": {"pair_whitelist": [BTC, ETH]}, "hydra": {"news": told}}
    (folder / "config.json").write_text(json.dumps(config))


def run(*arguments):
    parser = argparse.ArgumentParser()
    gate.add_arguments(parser)
    return gate.run(parser.parse_args(["backfill", *arguments]))


def tape():
    with Memory("sqlite:///user_data/hydra/memory.sqlite") as memory:
        return pd.concat([memory.rows(series) for series in memory.series("llm_decisions")])


def test_past_news_become_verdicts_and_a_second_run_asks_nothing(place, llm, capsys):
    configure(place, llm, usd_per_million_in=1.0, usd_per_million_out=2.0)
    before = llm.calls
    assert run(*SPAN) == 0
    out = capsys.readouterr()
    made, asked = tape(), llm.calls - before
    assert 2 <= asked <= 4
    assert len(made) >= 2
    assert f"4 of 4 rounds: {asked} asked about, {4 - asked} without news" in out.out
    assert f"{len(made)} verdicts from {asked} calls" in out.out
    assert " USD\n" in out.out
    assert f"{len(made)} of {len(made)} verdicts are about times that the model may know" in out.out
    assert (out.err, "Zq7SECRET" in out.out) == ("", False)
    assert run(*SPAN) == 0
    assert llm.calls - before == asked
    assert (
        f"0 asked about, {4 - asked} without news, {asked} done before" in capsys.readouterr().out
    )
    pd.testing.assert_frame_equal(tape(), made)


def test_after_the_models_cutoff_nothing_is_said_about_it(place, llm, capsys):
    configure(place, llm, model_cutoff="2025-06-14")
    assert run(*SPAN) == 0
    out = capsys.readouterr().out
    assert "may know" not in out
    assert "cost not known (prices are not set)" in out


def test_a_spent_budget_is_no_failure_and_says_how_to_go_on(place, llm, capsys):
    assert run(*SPAN, "--max-calls", "1") == 0
    assert "budget spent: 1 calls; 2 rounds are left: the same command" in capsys.readouterr().out
    assert run(*SPAN, "--pairs", BTC, "--every", "60") == 0


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_provider_that_fails_is_one_line_and_1(place, llm, capsys, provider):
    configure(place, llm, provider=provider)
    llm.fault("401", times=5)
    assert run(*SPAN) == 1
    out = capsys.readouterr()
    assert out.err.startswith("hydra-quant gate backfill: ")
    assert out.err.count("\n") == 1
    assert "Zq7SECRET" not in out.err + out.out


def test_an_interrupt_says_what_was_made(place, llm, capsys, monkeypatch):
    def interrupted(self, told):
        raise KeyboardInterrupt

    monkeypatch.setattr("hydra_quant.news.backfill.Backfill.run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(*SPAN)
    assert "the same command goes on from here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "news", "said"),
    [
        (("--from", "soon"), {}, "--from soon: not a time"),
        (
            ("--from", "2025-06-02", "--to", "2025-06-01"),
            {},
            "--from 2025-06-02 is not before --to",
        ),
        ((*SPAN, "--pairs", "BTC/USDT"), {}, f"there is no pair BTC/USDT; did you mean {BTC}?"),
        ((*SPAN, "--max-calls", "0"), {}, "--max-calls 0: give at least 1"),
        ((*SPAN, "--max-usd", "1"), {}, "--max-usd needs the model's prices: set hydra.news.usd"),
        ((*SPAN, "--max-usd", "nan"), {}, "--max-usd nan: give more than 0"),
        ((*SPAN, "--every", "0"), {}, "--every 0: give 1 to 1440 minutes"),
        ((*SPAN, "--memory-url", "sqlite:///no.sqlite"), {}, "there is no memory at sqlite:///no"),
        (SPAN, {"provider": "off"}, 'hydra.news.provider is "off"'),
        (
            SPAN,
            {"model_cutoff": "2025-02-30"},
            'config key "hydra.news.model_cutoff": "2025-02-30" is no day',
        ),
        (SPAN, {"base_url": None, "provider": "anthropic"}, "no key for anthropic"),
    ],
)
def test_a_mistake_is_one_line_and_2(place, llm, capsys, monkeypatch, options, news, said):
    configure(place, llm, **news)
    if "base_url" in news:
        for name in ("HYDRA_LLM_KEY", "ANTHROPIC_API_KEY"):
            monkeypatch.delenv(name, raising=False)
    before = llm.calls
    assert run(*options) == 2
    out = capsys.readouterr()
    assert out.err.startswith(f"hydra-quant gate backfill: {said}")
    assert out.err.count("\n") == 1
    assert llm.calls == before
    assert not (place / "no.sqlite").exists()
