"""The HTTP door: faults, waits, limits, redirects, and keys that stay inside."""

import gzip
import logging
from email.utils import formatdate
from time import time
from urllib.parse import quote, quote_plus

import pytest
from support.loopback_http import LoopbackProvider, Reply, Request, reply_json

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.http import Http

KEY = "s3cr3t/key+value=="
ROWS = [{"t": 1, "v": 2.5}, {"t": 2, "v": None}]


@pytest.fixture
def provider():
    with LoopbackProvider(lambda request: reply_json(ROWS)) as provider:
        yield provider


def door(provider: LoopbackProvider, **options) -> Http:
    given = {"per_minute": 1e6, "timeout_s": 5.0, "sleep": provider.slept.append}
    return Http("chain", provider.url, **{**given, **options})


def keyed(provider: LoopbackProvider, **options) -> Http:
    return door(
        provider,
        headers={"Authorization": f"Bearer {KEY}"},
        params={"api_key": KEY},
        secrets=[KEY],
        key_variable="HYDRA_CHAIN_KEY",
        **options,
    )


def chain_of(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__]
    return found


def test_an_answer_is_parsed_and_parameters_are_joined(provider):
    with door(provider, params={"a": "b"}) as http:
        assert http.json("/v1/rows", limit=3, since=None) == ROWS
        assert http.bytes("v1/rows").startswith(b"[{")
    asked = provider.requests[0]
    assert (asked.path, asked.params) == ("/v1/rows", {"a": "b", "limit": "3"})
    assert asked.headers["user-agent"].startswith("hydra-quant/")


@pytest.mark.parametrize("fault", ["too_many", "unavailable", "cut", "reset", "malformed"])
def test_a_passing_fault_is_tried_again(provider, fault):
    provider.fail(fault, fault)
    with door(provider) as http:
        assert http.json("/rows") == ROWS
    assert len(provider.requests) == 3
    assert [int(seconds) for seconds in provider.slept] == [1, 2]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("too_many", 'chain: HTTP 429 from /rows: {"error": "Too Many Requests"}'),
        ("unavailable", "chain: HTTP 503 from /rows: Service Unavailable"),
        ("cut", "chain: no whole answer from /rows: "),
        ("reset", "chain: no whole answer from /rows: "),
    ],
)
def test_a_lasting_fault_is_one_line(provider, fault, says):
    provider.fail_always(fault)
    with door(provider, attempts=3) as http, pytest.raises(SourceError) as caught:
        http.json("/rows", since=1)
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)
    assert "since" not in str(caught.value)
    assert len(provider.requests) == 3


def test_what_is_never_json_is_asked_for_three_times(provider):
    provider.fail_always("malformed")
    with door(provider, attempts=9) as http, pytest.raises(SourceError, match="is not JSON"):
        http.json("/rows")
    assert len(provider.requests) == 3


def test_nan_is_not_json(provider):
    provider.answer = lambda request: Reply(b'[{"v": NaN}]')
    with door(provider) as http, pytest.raises(SourceError, match="is not JSON"):
        http.json("/rows")


def test_a_source_that_hangs_times_out(provider):
    provider.fail("hang")
    with door(provider, timeout_s=0.3) as http:
        assert http.json("/rows") == ROWS
    provider.fail_always("hang")
    http = door(provider, timeout_s=0.2, attempts=2)
    with http, pytest.raises(SourceError, match="from /rows: timed out"):
        http.json("/rows")


def test_a_source_that_answers_a_letter_at_a_time_is_left(provider):
    provider.answer = lambda request: reply_json(ROWS * 1000)
    provider.fail("drip")
    with door(provider, timeout_s=0.1) as http:
        assert http.json("/rows") == ROWS * 1000
    provider.fail_always("drip")
    http = door(provider, timeout_s=0.1, attempts=1)
    with http, pytest.raises(SourceError, match=r"/rows takes longer than 0\.6 s to answer"):
        http.json("/rows")


def test_nobody_there_is_an_error_of_one_line():
    with LoopbackProvider(lambda request: reply_json(ROWS)) as provider:
        pass
    http = Http("chain", provider.url, per_minute=1e6, attempts=2, sleep=provider.slept.append)
    with http, pytest.raises(SourceError, match="cannot connect"):
        http.json("/rows")
    assert len(provider.slept) == 1


# --- waits ------------------------------------------------------------------------------------


def test_retry_after_in_seconds_is_obeyed(provider):
    provider.retry_after = "7"
    provider.fail("too_many", "unavailable")
    with door(provider) as http:
        http.json("/rows")
    assert provider.slept == [7.0, 7.0]


@pytest.mark.parametrize("skew_s", [0.0, 5000.0, -5000.0])
def test_retry_after_as_a_date_is_read_by_the_sources_clock(provider, skew_s):
    provider.clock_skew_s = skew_s
    provider.retry_after = formatdate(time() + skew_s + 60, usegmt=True)
    provider.fail("too_many")
    with door(provider) as http:
        http.json("/rows")
    assert 55 <= provider.slept[0] <= 61


@pytest.mark.parametrize("text", ["soon", "-5", "0", "Wed, 99 Foo 2026", "1e9", ""])
def test_a_retry_after_that_says_nothing_is_backoff(provider, text):
    provider.retry_after = text
    provider.fail("too_many")
    with door(provider) as http:
        http.json("/rows")
    assert 1 <= provider.slept[0] <= 2


def test_a_long_wait_is_an_error_that_says_until_when(provider):
    provider.retry_after = "3600"
    provider.fail("too_many")
    when = r"asks to come back at 20\d\d-.* UTC"
    with door(provider) as http, pytest.raises(SourceError, match=when):
        http.json("/rows")
    assert (len(provider.requests), provider.slept) == (1, [])


def test_requests_are_spread_over_the_minute(provider, monkeypatch):
    # The library's clock moves only when it sleeps: what is left is how long it sleeps.
    clock = {"ms": 1_000_000}

    def sleep(seconds: float) -> None:
        clock["ms"] += round(1000 * seconds)

    monkeypatch.setattr("pyrate_limiter.limiter.sleep", sleep)
    monkeypatch.setattr("pyrate_limiter.clocks.monotonic_ns", lambda: clock["ms"] * 1_000_000)
    with door(provider, per_minute=100) as http:
        for _ in range(31):
            http.json("/rows")
    assert 18_000 <= clock["ms"] - 1_000_000 <= 20_000


# --- refusals ---------------------------------------------------------------------------------


def test_a_refused_key_is_named_by_its_variable(provider):
    provider.fail_always("unauthorized")
    with keyed(provider) as http, pytest.raises(SourceError) as caught:
        http.json("/rows")
    assert "HTTP 401" in str(caught.value)
    assert "the key in HYDRA_CHAIN_KEY is refused" in str(caught.value)
    assert "***" in str(caught.value)
    assert len(provider.requests) == 1


def test_another_refusal_is_final(provider):
    provider.answer = lambda request: reply_json({"error": "no such\nmetric"}, status=404)
    says = r"^chain: HTTP 404 from /rows: .*no such"
    with door(provider) as http, pytest.raises(SourceError, match=says):
        http.json("/rows")
    assert len(provider.requests) == 1


def test_an_answer_without_end_is_not_read(provider):
    provider.fail_always("huge")
    with door(provider) as http, pytest.raises(SourceError, match="larger than 32 MB"):
        http.bytes("/rows")
    assert len(provider.requests) == 1


def test_a_small_answer_that_unpacks_to_a_huge_one_is_not_read(provider):
    bomb = gzip.compress(bytes(40 << 20))
    provider.answer = lambda request: Reply(bomb, headers={"Content-Encoding": "gzip"})
    with door(provider) as http, pytest.raises(SourceError, match="larger than 32 MB"):
        http.bytes("/rows")
    assert len(bomb) < 1 << 20


def test_an_error_page_without_end_is_an_error_of_one_short_line(provider):
    provider.answer = lambda request: Reply(b"<p>no</p> " * 1_000_000, status=400)
    with door(provider) as http, pytest.raises(SourceError) as caught:
        http.json("/rows")
    assert len(str(caught.value)) < 300


# --- redirects --------------------------------------------------------------------------------


def moved(to: str) -> Reply:
    return Reply(b"", 301, {"Location": to})


def test_a_redirect_is_followed_on_the_same_host(provider):
    def answer(request: Request) -> Reply:
        return moved("/new?x=1") if request.path == "/old" else reply_json(ROWS)

    provider.answer = answer
    with keyed(provider) as http:
        assert http.json("/old") == ROWS
    assert provider.requests[1].path == "/new"


def test_a_key_is_not_taken_to_another_host(provider):
    with LoopbackProvider(lambda request: reply_json("stolen")) as other:
        provider.answer = lambda request: moved(f"{other.url}/there?api_key={KEY}")
        with keyed(provider) as http, pytest.raises(SourceError) as caught:
            http.json("/old")
        assert "points to another address" in str(caught.value)
        assert KEY not in str(caught.value)
        assert other.requests == []
        with door(provider) as http:  # without a key there is nothing to lose
            assert http.json("/old") == "stolen"


def test_redirects_in_circles_end(provider):
    provider.answer = lambda request: moved("/old")
    with door(provider) as http, pytest.raises(SourceError, match="in circles"):
        http.json("/old")


# --- secrets ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["too_many", "unavailable", "malformed", "cut", "reset", "hang", "unauthorized"]
)
def test_a_key_is_in_no_error_log_or_repr(provider, fault, caplog):
    caplog.set_level(logging.DEBUG)
    provider.answer = lambda request: reply_json([str(request.params), str(request.headers)] * 9)
    with keyed(provider, attempts=2, timeout_s=0.4) as http:
        http.json("/rows")
        provider.fail_always(fault)
        with pytest.raises(SourceError) as caught:
            http.json("/rows")
        shown = [repr(http), str(http)]
    chained = chain_of(caught.value)
    assert chained == [caught.value]
    shown += [repr(error) + str(vars(error)) for error in chained]
    shown += [record.getMessage() for record in caplog.records]
    assert len(shown) > 4
    assert provider.requests[-1].params["api_key"] == KEY  # it was sent
    for text in shown:
        assert KEY not in text
        assert "s3cr3t" not in text


@pytest.mark.parametrize("key", ["s3cr3t key", "s3cr3t\n", "s3cr3t\u20ac", "\u041as3cr3t"])
def test_a_key_that_cannot_be_sent_is_an_error_that_does_not_quote_it(key):
    headers = {"Authorization": f"Bearer {key}"}
    with pytest.raises(SourceError, match="the key in HYDRA_CHAIN_KEY holds") as caught:
        Http(
            "chain", "http://127.0.0.1:1", per_minute=1, headers=headers, secrets=[key],
            key_variable="HYDRA_CHAIN_KEY",
        )  # fmt: skip
    assert "s3cr3t" not in "".join(repr(error) for error in chain_of(caught.value))


@pytest.mark.parametrize("way", [str, quote, quote_plus, lambda key: quote(key, safe="").lower()])
def test_a_key_is_hidden_however_an_answer_spells_it(provider, way):
    provider.answer = lambda request: Reply(f"no: key={way(KEY)}&x=1".encode(), status=400)
    with keyed(provider) as http, pytest.raises(SourceError) as caught:
        http.json("/rows")
    assert str(caught.value) == "chain: HTTP 400 from /rows: no: key=***&x=1"


def test_a_key_is_hidden_before_an_answer_is_cut(provider):
    provider.answer = lambda request: Reply(f"{'x' * 150}{KEY}".encode(), status=400)
    with keyed(provider) as http, pytest.raises(SourceError) as caught:
        http.json("/rows")
    assert "s3" not in str(caught.value)


def test_half_a_surrogate_pair_in_one_text_does_not_lose_the_others():
    body = b'[{"text": "broken \\ud800 emoji"}, {"text": "whole"}]'
    with LoopbackProvider(lambda request: Reply(body=body)) as provider, door(provider) as http:
        found = http.json("/v1/posts")
    assert [row["text"][:6] for row in found] == ["broken", "whole"]


def test_an_answer_nested_without_end_is_an_error_in_one_line():
    body = b"[" * 200_000
    with (
        LoopbackProvider(lambda request: Reply(body=body)) as provider,
        door(provider) as http,
        pytest.raises(SourceError, match="is not JSON") as caught,
    ):
        http.json("/v1/posts")
    assert len(str(caught.value)) < 400
