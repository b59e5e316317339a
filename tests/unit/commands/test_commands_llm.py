"""``hydra-quant llm check``: one line, an exit status, and no key anywhere."""

import argparse
import json
import logging

import pytest
from support.loopback_llm import loopback_llm

from hydra_quant.commands import llm

KEY = "s3cr3t-key-0123456789"
VARIABLES = ("HYDRA_LLM_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY")
BOTH = pytest.mark.parametrize("name", ["anthropic", "openai"])


@pytest.fixture(scope="module")
def server():
    with loopback_llm() as running:
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HYDRA_LLM_KEY", KEY)


@pytest.fixture
def check(server, tmp_path, capsys, caplog):
    """Run it with these news settings: exit status, what it printed, and what else was told."""
    server.well()
    server.model.requests.clear()
    server.model.calls.clear()

    def run(name=None, **news):
        if name is not None:
            given = {"provider": name, "model": "sandbox-1", "base_url": server.base_url}
            news = {**given, **news}
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"hydra": {"news": news}}))
        parser = argparse.ArgumentParser()
        llm.add_arguments(parser)
        with caplog.at_level(logging.DEBUG):
            status = llm.run(parser.parse_args(["check", "-c", str(path)]))
        out, err = capsys.readouterr()
        for told in (out, err, caplog.text):
            assert KEY not in told
        assert "Bitcoin climbs" not in out + err + caplog.text
        assert (out + err).count("\n") == 1  # one line, whatever happens
        return status, out, err

    return run


PRICES = {"usd_per_million_in": 1.0, "usd_per_million_out": 10.0}


@BOTH
def test_it_works_and_costs(check, server, name):
    status, out, err = check(name, **PRICES)
    assert (status, err) == (0, "")
    assert out.startswith(f"{name} works: key, model sandbox-1 and answer's form (structured) are")
    assert "(bullish; " in out
    assert "USD (every 30 min), at most 0.2600 USD (10 calls)" in out  # 10 × (0.006 + 0.02)
    assert server.calls == 1
    told = server.requests[0]
    assert "Bitcoin climbs" in json.dumps(told.body)
    assert KEY not in json.dumps(told.body)
    assert KEY in str(told.headers)


@BOTH
def test_without_prices_it_says_which_to_set(check, name):
    status, out, _ = check(name, structured=False)
    assert status == 0
    assert "form (plain)" in out
    assert "price not set, set hydra.news.usd_per_million_in and usd_per_million_out" in out


FAULTS = {
    "401": "the key in HYDRA_LLM_KEY is refused",
    "403": "the key in HYDRA_LLM_KEY is refused",
    "404": "check hydra.news.model and base_url",
    "400": "the request is refused",
    "429": "too many requests (HTTP 429), asks to wait 20 s",
    "500": "overloaded or broken (HTTP 500)",
    "503": "overloaded or broken (HTTP 503)",
    "529": "overloaded or broken (HTTP 529)",
    "no_temperature": '"temperature": null',
    "no_structured": '"structured": false',
    "redirect": "redirects are not followed",
    "hang": "within 0.4 s (hydra.news.timeout_seconds)",
    "drip": "within 0.4 s (hydra.news.timeout_seconds)",
    "drop": "the connection was cut",
    "huge": "larger than 4 MB",
    "not_json": "is this its address?",
    "other_shape": "is this its address?",
    "empty": "holds no text",
    "truncated": "key and model work, but the answer is not whole JSON",
    "schema": "key and model work, but the answer is not of the form",
    "cut": "raise hydra.news.answer_tokens",
    "refusal": "the model refuses",
}


@BOTH
@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_is_its_own_line(check, server, name, kind):
    server.fault(kind)
    limit = 0.4 if kind in ("hang", "drip") else 60.0
    status, out, err = check(name, timeout_seconds=limit, temperature=0.0)
    assert (status, out) == (1, "")
    assert err.startswith(f"hydra-quant llm check: {name}: ")
    assert FAULTS[kind] in err
    assert server.calls == 1


def test_a_remedy_for_an_answer_that_cannot_be_read(check, server):
    server.fault("schema")
    assert "does not keep to a schema" in check("openai")[2]
    assert 'set "structured": true' in check("openai", structured=False)[2]


@pytest.mark.parametrize(
    ("news", "line"),
    [
        ({}, 'hydra.news.provider is "off"'),
        ({"provider": "openai", "model": "m"}, "no key for openai: set HYDRA_LLM_KEY or OPENAI_"),
        ({"provider": "openai", "model": "m", "base_url": "nowhere"}, "base_url is no address"),
        ({"provider": "openai", "model": " "}, "name the language model"),
        ({"provider": "gpt", "model": "m"}, "provider"),
    ],
)
def test_a_mistake_in_the_settings(check, monkeypatch, news, line):
    monkeypatch.delenv("HYDRA_LLM_KEY")
    status, out, err = check(**news)
    assert (status, out) == (2, "")
    assert err.startswith("hydra-quant llm check: ")
    assert line in err


def test_a_key_for_another_server_goes_nowhere_in_the_open(check, server):
    status, _, err = check("openai", base_url="http://llm.example:8080/v1")
    assert status == 2
    assert "plain http://" in err
    assert server.calls == 0


def test_a_configuration_that_is_not_there(capsys, tmp_path):
    parser = argparse.ArgumentParser()
    llm.add_arguments(parser)
    assert llm.run(parser.parse_args(["check", "-c", str(tmp_path / "none.json")])) == 2
    assert "none.json" in capsys.readouterr().err
