"""The client under the SDKs against servers of raw bytes: deadlines, sizes, redirects."""

import gzip
import socket
from contextlib import closing, contextmanager
from threading import Event, Thread

import httpx2
import pytest
from support.loopback_llm import loopback_llm

from hydra_quant.news.providers import safe_transport
from hydra_quant.news.providers.protocol import ProviderError

KEY = {"x-api-key": "s3cr3t-key"}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@contextmanager
def raw(*pieces, pause_s=0.0, endless=b""):
    """A server of one answer: sends the pieces, then `endless` again and again until the end."""
    done, heard = Event(), []

    def answer(listening):
        talk, _ = listening.accept()
        with talk:
            asked = b""
            while not asked.endswith(b"}"):  # what is left unread would reset the connection
                asked += talk.recv(65536)
            heard.append(asked)
            try:
                for piece in pieces:
                    talk.sendall(piece)
                while endless and not done.wait(pause_s):
                    talk.sendall(endless)
            except OSError:
                return  # the client has hung up, as it should

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=answer, args=(listening,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", heard
        done.set()
        thread.join()


def post(url, timeout_s=30.0, key=KEY):
    with closing(safe_transport.client("llm", url, timeout_s, key, "HYDRA_LLM_KEY")) as client:
        return client.post(url, json={"prompt": "x"}, headers={"x-other": "y", "accept": "*/*"})


def trouble(url, **options):
    with pytest.raises(ProviderError) as caught:
        post(url, **options)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    return caught.value


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"HTTP/1.1 200 OK\r\n", b"x-drip: "], id="headers without end"),
        pytest.param([HEAD, b"content-length: 999999\r\n\r\n"], id="a body that drips"),
        pytest.param([HEAD, b"\r\n"], id="a body without a length"),
        pytest.param([HEAD, b"transfer-encoding: chunked\r\n\r\nffffff\r\n"], id="chunked"),
    ],
)
def test_a_server_that_drips_is_cut_off(pieces):
    # every single read is far quicker than the limit, which is why a read's own limit never strikes
    with raw(*pieces, pause_s=0.02, endless=b"a") as (url, _):
        error = trouble(url, timeout_s=0.4)
    assert error.kind == "slow"
    assert "0.4 s (hydra.news.timeout_seconds)" in str(error)


def test_the_reads_own_limits_would_not_have_cut_it_off(monkeypatch):
    monkeypatch.setattr(safe_transport._Deadline, "_end", lambda self: None)
    head = [HEAD, b"content-length: 40\r\n\r\n"]
    with raw(*head, pause_s=0.02, endless=b" ") as (url, _):
        assert len(post(url, timeout_s=0.4).content) == 40  # after 0.8 s


def test_an_answer_of_the_largest_size_is_read_and_a_byte_more_is_not():
    most = safe_transport.LARGEST_BYTES
    for size in (most, most + 1):
        body = b" " * size
        with raw(HEAD, b"content-length: %d\r\n\r\n" % size, body) as (url, _):
            if size == most:
                assert len(post(url).content) == most
            else:
                assert trouble(url).kind == "malformed"


def test_a_compressed_answer_is_not_unfolded():
    small = gzip.compress(b" " * (64 << 20))
    head = b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(small)
    with raw(HEAD, head, small) as (url, heard):
        assert trouble(url).kind == "malformed"
    assert b"accept-encoding: identity" in heard[0].lower()


def test_the_key_does_not_follow_a_redirect():
    with loopback_llm() as other:
        away = f"location: {other.base_url}/v1/messages\r\ncontent-length: 0\r\n\r\n".encode()
        for status in (b"301 Moved", b"302 Found", b"307 Temporary", b"308 Permanent"):
            with raw(b"HTTP/1.1 " + status + b"\r\n", away) as (url, heard):
                assert "redirects are not followed" in str(trouble(url))
            assert b"s3cr3t-key" in heard[0]  # the first host was given it
        assert other.calls == 0


def test_only_what_the_interface_documents_is_sent():
    with raw(HEAD, b"content-length: 2\r\n\r\n", b"{}") as (url, heard):
        answer = post(url)
    lines = heard[0].decode().lower().split("\r\n\r\n")[0].split("\r\n")[1:]
    assert {line.split(":")[0] for line in lines} == {
        *("host", "accept", "connection", "user-agent", "content-length", "content-type"),
        *("accept-encoding", "x-api-key"),
    }
    assert "x-api-key" not in answer.request.headers  # what the SDK sees has no key


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="another protocol"),
        pytest.param(HEAD + b"content-length: 10\r\n\r\nabc", id="half a body"),
    ],
)
def test_an_answer_that_is_cut(answer):
    with raw(answer) as (url, _):
        error = trouble(url)
    assert error.kind == "unreachable"
    assert "OpenSSH" not in str(error)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", 0.0), ("99999", 3600.0)],
)
def test_how_long_to_wait_is_read(text, seconds):
    head = f"HTTP/1.1 429 Too Many\r\nretry-after: {text}\r\ncontent-length: 0\r\n\r\n".encode()
    with raw(head) as (url, _):
        error = trouble(url)
    assert (error.kind, error.after_s) == ("rate", seconds)


def test_a_refusal_that_quotes_the_request_is_not_quoted():
    body = b'{"error": {"message": "bad key s3cr3t-key in prompt x, temperature"}}'
    head = b"HTTP/1.1 400 Bad\r\ncontent-length: %d\r\n\r\n" % len(body)
    with raw(head, body) as (url, _):
        line = str(trouble(url))
    assert "s3cr3t-key" not in line
    assert '"temperature": null' in line


def test_a_connection_is_not_kept():
    with loopback_llm() as llm:
        client = safe_transport.client("llm", llm.base_url, 30.0, {}, None)
        with closing(client):
            for _ in range(2):
                with pytest.raises(ProviderError, match="HTTP 400"):
                    client.post(f"{llm.base_url}/v1/messages", json={})
            assert client._transport._inner._pool.connections == []
        assert isinstance(client._transport, httpx2.BaseTransport)
