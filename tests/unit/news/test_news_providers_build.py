"""Which provider the settings name, with which key, and what it costs."""

import subprocess
import sys
from contextlib import closing

import pytest

from hydra_quant.news.providers.build import NoProvider, build
from hydra_quant.news.providers.costs import cost_usd, hour_usd
from hydra_quant.settings import News

KEY = "s3cr3t-key"
USUAL = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
BOTH = pytest.mark.parametrize("name", USUAL)


def settings(name="anthropic", **options):
    return News(provider=name, model="m", **options)


def headers(name, environ, **options):
    with closing(build(settings(name, **options), environ)) as provider:
        return provider._client._client._transport._key_headers


def refused(environ, given):
    with pytest.raises(NoProvider) as caught:
        build(given, environ)
    line = str(caught.value)
    assert "\n" not in line
    assert KEY not in line
    return line


def test_news_that_are_off_have_no_provider():
    assert 'hydra.news.provider is "off"' in refused({}, News())


@BOTH
def test_the_own_variable_goes_before_the_usual_one(name):
    assert KEY in str(headers(name, {"HYDRA_LLM_KEY": KEY, USUAL[name]: "other"}))
    assert KEY in str(headers(name, {USUAL[name]: KEY}))


@BOTH
def test_the_key_of_the_official_service_is_not_sent_elsewhere(name):
    environ = {USUAL[name]: KEY}
    assert headers(name, environ, base_url="https://elsewhere.example") == {}


@BOTH
def test_the_official_service_wants_a_key(name):
    line = refused({}, settings(name))
    assert line == f"no key for {name}: set HYDRA_LLM_KEY or {USUAL[name]}"
    assert refused({"HYDRA_LLM_KEY": ""}, settings(name)) == line


@BOTH
def test_the_environment_is_the_process_s_by_default(name, monkeypatch):
    monkeypatch.setenv("HYDRA_LLM_KEY", KEY)
    assert KEY in str(headers(name, None))


@pytest.mark.parametrize("key", [f"{KEY} x", f"{KEY}\n", f"{KEY}é", f" {KEY}"])
def test_a_key_that_cannot_travel(key):
    assert "the key in HYDRA_LLM_KEY holds blanks" in refused({"HYDRA_LLM_KEY": key}, settings())


@pytest.mark.parametrize("host", ["192.168.0.7:8080", "llm.example", "localhost.example"])
def test_a_key_does_not_travel_in_the_open(host):
    given = settings("openai", base_url=f"http://{host}/v1")
    assert "plain http://" in refused({"HYDRA_LLM_KEY": KEY}, given)
    assert headers("openai", {}, base_url=f"http://{host}/v1") == {}


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "[::1]:8080", "127.1.2.3"])
def test_a_key_may_travel_within_the_computer(host):
    assert KEY in str(headers("openai", {"HYDRA_LLM_KEY": KEY}, base_url=f"http://{host}"))


@pytest.mark.parametrize(
    ("scheme", "rest"),
    [
        *(("", "llm.example"), ("", ""), ("ftp://", "llm.example"), ("file:///", "etc/hosts")),
        *(("http://", rest) for rest in ("", ".", "a b", "a:99999", "ä.example", "[::1")),
        ("http://", "a\n.example"),
    ],
)
def test_what_is_no_address(scheme, rest):
    given = settings(base_url=f"{scheme}{rest}")
    assert "hydra.news.base_url is no address" in refused({}, given)


@pytest.mark.parametrize("address", [f"https://u:{KEY}@a.example", f"https://a.example/?k={KEY}"])
def test_a_key_in_the_address_is_refused(address):
    assert "give the bare address" in refused({}, settings(base_url=address))


def test_an_sdk_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "anthropic", None)
    assert "anthropic is not installed" in refused({"HYDRA_LLM_KEY": KEY}, settings())


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_of_the_system_is_used_but_not_for_this_computer(variable, monkeypatch):
    import httpcore2

    for other in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, "proxy.example:3128")

    def pool(address):
        with closing(build(settings("openai", base_url=address), {})) as provider:
            return provider._client._client._transport._inner._pool

    assert isinstance(pool("https://llm.example"), httpcore2.HTTPProxy)
    assert not isinstance(pool("https://127.0.0.1"), httpcore2.HTTPProxy)


def test_importing_the_news_imports_no_sdk():
    code = (
        "import sys, hydra_quant.news.providers.build, hydra_quant.commands.llm\n"
        "print([m for m in ('anthropic', 'openai', 'httpx2', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- costs ----------------------------------------------------------------------------------------


def test_costs_by_hand():
    given = settings(usd_per_million_in=3.0, usd_per_million_out=15.0)
    assert cost_usd(given, 1_000_000, 0) == 3.0
    assert cost_usd(given, 2000, 1000) == pytest.approx(0.021)
    assert cost_usd(given, 0, 0) == 0.0


@pytest.mark.parametrize("price", ["usd_per_million_in", "usd_per_million_out"])
def test_half_a_price_is_none(price):
    assert cost_usd(settings(**{price: 3.0}), 10, 10) is None
    assert hour_usd(settings(**{price: 3.0}), 10) is None


def test_an_hour_by_hand():
    given = settings(
        usd_per_million_in=1.0, usd_per_million_out=10.0, prompt_tokens=6000, answer_tokens=2000,
        every_minutes=30, calls_per_hour=10,
    )  # fmt: skip
    usual, most = hour_usd(given, 400)
    assert usual == pytest.approx(2 * (0.006 + 0.004))
    assert most == pytest.approx(10 * (0.006 + 0.02))
    seldom = given.model_copy(update={"calls_per_hour": 1})
    assert hour_usd(seldom, 9999)[0] == pytest.approx(hour_usd(seldom, 9999)[1])
