"""Providers on their SDKs, against a server that answers and fails like both."""

import json
import logging
import socket
import traceback
from contextlib import closing

import pytest
from support.loopback_llm import loopback_llm, news_settings

from hydra_quant.news.item import Item
from hydra_quant.news.prompt import make_prompt
from hydra_quant.news.providers.build import build
from hydra_quant.news.providers.protocol import ProviderError
from hydra_quant.news.verdict import answer_schema, read_answer
from hydra_quant.settings import News

KEY = "s3cr3t-key-0123456789"
SECRET_NEWS = "Zebrafish Coin climbs on inflows"
BTC = "BTC/USDT:USDT"
NOW = 1_738_756_800_000
BOTH = pytest.mark.parametrize("name", ["anthropic", "openai"])


@pytest.fixture(scope="module")
def server():
    with loopback_llm() as running:
        yield running


@pytest.fixture
def llm(server):
    server.well()
    server.model.requests.clear()
    server.model.calls.clear()
    return server


def prompt(settings, title=SECRET_NEWS):
    item = Item("news:rss:1", "news", "example.org", title, "", (BTC,), NOW, NOW)
    return make_prompt([item], [BTC], NOW, settings)[0]


def ask(llm, name, **options):
    settings = news_settings(llm, name, **options)
    with closing(build(settings, {"HYDRA_LLM_KEY": KEY})) as provider:
        return provider.ask(prompt(settings))


def trouble(llm, name, **options):
    with pytest.raises(ProviderError) as caught:
        ask(llm, name, **options)
    return caught.value


# --- answers --------------------------------------------------------------------------------------


@BOTH
def test_an_answer_is_read(llm, name):
    answer = ask(llm, name)
    (opinion,) = read_answer(answer.text).verdicts
    assert (opinion.pair, opinion.action, opinion.news) == (BTC, "bullish", ["n1"])
    assert answer.tokens_in > 100
    assert answer.tokens_out > 10
    assert answer.latency_ms >= 0
    assert llm.calls == 1


def test_what_is_sent_to_anthropic(llm):
    ask(llm, "anthropic", temperature=0.3, answer_tokens=777)
    body = llm.requests[0].body
    assert llm.requests[0].path == "/v1/messages"
    form = body.pop("output_config")
    assert form == {"format": {"type": "json_schema", "schema": answer_schema()}}
    assert set(body) == {"model", "max_tokens", "system", "messages", "temperature"}  # no tools
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("sandbox-1", 777, 0.3)
    assert llm.requests[0].headers["x-api-key"] == KEY


def test_what_is_sent_to_an_openai_compatible_server(llm):
    ask(llm, "openai", temperature=0.3, answer_tokens=777)
    body = llm.requests[0].body
    form = body.pop("response_format")
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"] == answer_schema()
    assert set(body) == {"model", "max_tokens", "messages", "temperature"}
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert llm.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_openai_itself_is_told_the_limit_by_its_new_name(llm):
    settings = News(provider="openai", model="m")
    with closing(build(settings, {"OPENAI_API_KEY": KEY})) as provider:
        request = provider._request(prompt(settings))
    assert request["max_completion_tokens"] == settings.answer_tokens
    assert "max_tokens" not in request


@BOTH
@pytest.mark.parametrize(
    "body", [b"[" * 300_000, b'{"content": NaN}', b'"\xed\xa0\x80"', b"3", b""]
)
def test_a_body_that_is_hard_to_read(llm, name, body, monkeypatch):
    from hydra_quant.sandbox.llm import app

    monkeypatch.setattr(app, "_bytes", lambda _: body)
    assert trouble(llm, name).kind == "malformed"


@BOTH
def test_what_is_not_wanted_is_not_sent(llm, name):
    answer = ask(llm, name, temperature=None, structured=False)
    body = llm.requests[0].body
    assert not {"temperature", "output_config", "response_format"} & set(body)
    assert answer.text.startswith("```json")
    assert read_answer(answer.text).verdicts


@BOTH
def test_the_sdk_adds_nothing_of_the_environment(llm, name, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Internal: leaked\nx-api-key: leaked")
    for variable in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.setenv(variable, "leaked-key")
    for variable in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(variable, "leaked-organisation")
    for variable in ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    settings = news_settings(llm, name)
    with closing(build(settings, {})) as provider:  # no key, as for a local server
        assert provider.ask(prompt(settings)).text
    headers = llm.requests[0].headers
    assert "leaked" not in str(headers)
    assert not {"authorization", "x-api-key"} & set(headers)


def test_a_server_that_does_not_count_tokens_is_read(llm, monkeypatch):
    from hydra_quant.sandbox.llm import app

    write = app.write_answer
    monkeypatch.setattr(app, "write_answer", lambda *told: {**write(*told), "usage": None})
    answer = ask(llm, "openai")
    assert (answer.tokens_in, answer.tokens_out) == (0, 0)
    assert trouble(llm, "anthropic").kind == "malformed"  # Anthropic always counts


# --- failures -------------------------------------------------------------------------------------

FAULTS = {
    "401": ("key", "the key in HYDRA_LLM_KEY is refused"),
    "403": ("key", "the key in HYDRA_LLM_KEY is refused"),
    "404": ("refused", "no such model or address"),
    "400": ("refused", "the request is refused"),
    "429": ("rate", "too many requests (HTTP 429), asks to wait 20 s"),
    "500": ("overloaded", "HTTP 500"),
    "503": ("overloaded", "HTTP 503"),
    "529": ("overloaded", "HTTP 529"),
    "no_temperature": ("refused", '"temperature": null'),
    "no_structured": ("refused", '"structured": false'),
    "redirect": ("refused", "redirects are not followed"),
    "hang": ("slow", "no whole answer within"),
    "drip": ("slow", "no whole answer within"),
    "drop": ("unreachable", "cut before the whole answer"),
    "huge": ("malformed", "larger than 4 MB"),
    "not_json": ("malformed", "not what its interface documents"),
    "other_shape": ("malformed", "not what its interface documents"),
    "empty": ("empty", "holds no text"),
    "cut": ("cut", "answer_tokens"),
    "refusal": ("refused", "the model refuses"),
}


@BOTH
@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_is_one_line_and_one_request(llm, name, kind):
    llm.fault(kind)
    limit = 0.4 if kind in ("hang", "drip") else 30.0
    error = trouble(llm, name, timeout_seconds=limit)
    expected, words = FAULTS[kind]
    assert error.kind == expected
    line = str(error)
    assert line.startswith(f"{name}: ")
    assert words in line
    assert "\n" not in line
    assert error.after_s == (20.0 if kind in ("429", "503", "529") else 0.0)
    assert llm.calls == 1  # an SDK's own repetition would spend the budget unseen
    llm.well()
    assert ask(llm, name).text  # and the next one is answered


@BOTH
def test_nothing_is_chained_to_an_error_and_nothing_secret_is_in_it(llm, name):
    for kind in FAULTS:
        llm.well()
        llm.fault(kind)
        error = trouble(llm, name, timeout_seconds=0.4)
        assert (error.__cause__, error.__context__) == (None, None), kind
        told = "".join(traceback.format_exception(error))
        assert KEY not in told
        assert "Zebrafish" not in told
        assert "on purpose" not in str(error)  # the body is not quoted


@BOTH
@pytest.mark.parametrize("kind", ["truncated", "schema"])
def test_text_of_another_form_is_an_answer_for_the_reader_to_refuse(llm, name, kind):
    llm.fault(kind)
    answer = ask(llm, name)
    with pytest.raises(ValueError, match="the answer is not"):
        read_answer(answer.text)


@BOTH
def test_without_a_key_a_401_asks_for_one(llm, name):
    llm.fault("401")
    settings = news_settings(llm, name)
    with closing(build(settings, {})) as provider, pytest.raises(ProviderError) as caught:
        provider.ask(prompt(settings))
    assert "set HYDRA_LLM_KEY" in str(caught.value)


@BOTH
def test_a_server_that_is_not_there(name):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        settings = News(provider=name, model="m", base_url=address)
        with closing(build(settings, {})) as provider, pytest.raises(ProviderError) as caught:
            provider.ask(prompt(settings))
    assert caught.value.kind == "unreachable"
    assert "base_url" in str(caught.value)


@BOTH
def test_a_closed_provider_says_so_without_the_prompt(llm, name):
    settings = news_settings(llm, name)
    provider = build(settings, {"HYDRA_LLM_KEY": KEY})
    provider.close()
    with pytest.raises(ProviderError, match="could not make the call") as caught:
        provider.ask(prompt(settings))
    assert caught.value.__context__ is None


# --- what may be read of it -----------------------------------------------------------------------


@BOTH
def test_neither_key_nor_news_is_logged_at_any_level(llm, name, caplog, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_LOG", "debug")
    monkeypatch.setenv("OPENAI_LOG", "debug")
    with caplog.at_level(logging.DEBUG):
        for logger in ("anthropic", "anthropic._base_client", "openai", "httpcore2", "httpx2"):
            caplog.set_level(logging.DEBUG, logger=logger)
        assert ask(llm, name).text
        for kind in ("401", "400", "drop", "not_json"):
            llm.well()
            llm.fault(kind)
            trouble(llm, name)
    told = "\n".join(
        f"{record.name} {record.getMessage()} {record.exc_info}" for record in caplog.records
    )
    assert KEY not in told
    assert "Zebrafish" not in told
    assert "sandbox-1" not in told


def test_the_sdk_would_log_the_news_were_it_not_silenced(llm, caplog):
    caplog.set_level(logging.DEBUG, logger="anthropic")
    settings = news_settings(llm, "anthropic")
    with closing(build(settings, {"HYDRA_LLM_KEY": KEY})) as provider:
        provider.ask(prompt(settings))
        assert "Zebrafish" not in caplog.text
        logging.getLogger("anthropic._base_client").disabled = False
        provider.ask(prompt(settings))
    assert "Zebrafish" in caplog.text
    assert KEY not in caplog.text  # the SDK does not know it


@BOTH
def test_neither_provider_nor_its_insides_show_the_key(llm, name):
    with closing(build(news_settings(llm, name), {"HYDRA_LLM_KEY": KEY})) as provider:
        assert "sandbox-1" in repr(provider)
        for shown in (provider, provider._client, provider._client._client):
            assert KEY not in f"{shown!r} {shown}"
        assert KEY not in json.dumps({k: str(v) for k, v in vars(provider._client).items()})
