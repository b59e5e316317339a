"""Asks a source over HTTP: slowly enough, patiently, and without telling its key to anybody."""

import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Self, TypeVar

import httpx
import orjson
from pyrate_limiter import InMemoryBucket, Limiter, MonotonicClock, Rate
from pyrate_limiter.limiter import SingleBucketFactory

from hydra_quant.collectors import answers
from hydra_quant.collectors.answers import LONGEST_WAIT_S, Malformed, Passing
from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.hiding import Secrets, can_travel
from hydra_quant.collectors.retry import patiently

LARGEST_BYTES = 32 * 1024 * 1024
EXCERPT_BYTES = 64 * 1024
MALFORMED_TRIES = 3
REDIRECTS = 3
TIMEOUTS_A_BODY = 6

Parameter = str | int | float | bool | None
T = TypeVar("T")
Body = bytes  # `Http.bytes` hides the name


class Http:
    """One source's HTTP door. Instances may be used from one thread at a time.

    A 429 or 5xx answer, a timeout and a connection that is refused or cut are tried again with
    backoff and jitter, or when the source says so (``Retry-After``, up to five minutes). An answer
    above 32 MB is not read. A source that has been given a key is not followed to another host.

    Parameters
    ----------
    source : str
        Its name, which errors begin with.
    base_url : str
    per_minute : float
        How many requests it allows; spent evenly, at most a tenth of them at once.
    headers, params : mapping, optional
        Sent with every request.
    secrets : sequence of str
        What no error may quote. Give every key that `headers` or `params` hold.
    key_variable : str, optional
        The environment variable that the key came from, for the error about a refused key.
    timeout_s : float
        For connecting and for each read; a whole answer may take six of these.
    attempts : int
    sleep : callable
        Takes seconds; for waiting between attempts.

    Raises
    ------
    SourceError
        From `json` and `bytes`: one line with the path, never the query or a secret; nothing is
        chained to it, because the client's own errors hold the request with its key. At once, when
        a secret cannot be sent.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        per_minute: float,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Parameter] | None = None,
        secrets: Sequence[str] = (),
        key_variable: str | None = None,
        timeout_s: float = 20.0,
        attempts: int = 5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.source, self.base_url = source, base_url
        self._params, self._key_variable = dict(params or {}), key_variable
        if any(not can_travel(secret) for secret in secrets):
            which = "its key" if key_variable is None else f"the key in {key_variable}"
            what = f"{which} holds blanks, line ends or letters beyond ASCII: copy it again"
            raise SourceError(source, what)  # the client's own error would quote it
        self._secrets = Secrets(secrets)
        self._attempts, self._sleep = attempts, sleep
        self._body_s = TIMEOUTS_A_BODY * timeout_s
        self._turn = _turns(per_minute)
        agent = {"User-Agent": f"hydra-quant/{version('hydra-quant')}"}
        answers.keep_queries_out_of_the_log()
        every = {**agent, **(headers or {})}
        self._client = httpx.Client(headers=every, timeout=timeout_s, verify=_certificates())

    def __repr__(self) -> str:
        return f"Http({self.source!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def json(self, path: str, **params: Parameter) -> Any:
        """What the source answers, parsed; an answer that is no JSON is asked for twice more."""

        def parsed() -> Any:
            body = self._get(path, params)
            try:
                return _decoded(body)
            except (ValueError, RecursionError):
                what = f"what came from {self._shown(path)} is not JSON: {self._excerpt(body)}"
                problem = Malformed(self.source, what)
            raise problem  # outside the handler: the decoder's error holds the whole answer

        return self._patiently(parsed)

    def bytes(self, path: str, **params: Parameter) -> Body:
        """What the source answers, as it came."""
        return self._patiently(lambda: self._get(path, params))

    # --- one request --------------------------------------------------------------------------

    def _patiently(self, call: Callable[[], T]) -> T:
        malformed = 0

        def wait(error: BaseException) -> float | None:
            nonlocal malformed
            malformed += isinstance(error, Malformed)
            if not isinstance(error, Passing) or malformed >= MALFORMED_TRIES:
                return None
            return error.after_s

        return patiently(self.source, call, wait, attempts=self._attempts, sleep=self._sleep)

    def _get(self, path: str, params: Mapping[str, Parameter]) -> Body:
        problem: SourceError
        try:
            self._turn()
            return self._answer(path, self._request(path, params))
        except SourceError:
            raise
        except httpx.InvalidURL:
            problem = SourceError(self.source, f"{self._shown(path)} is no address")
        except httpx.UnsupportedProtocol:
            problem = SourceError(self.source, "its address is neither http:// nor https://")
        except httpx.HTTPError as error:
            why = self._secrets.hidden_in(answers.plain_failure(error))
            problem = Passing(self.source, f"no whole answer from {self._shown(path)}: {why}")
        raise problem  # outside the handler: nothing is chained to it

    def _request(self, path: str, params: Mapping[str, Parameter]) -> httpx.Request:
        url = self.base_url
        if path:
            url = f"{url.rstrip('/')}/{path.lstrip('/')}"
        every = {**self._params, **params}
        given = {name: value for name, value in every.items() if value is not None}
        return self._client.build_request("GET", httpx.URL(url).copy_merge_params(given))

    def _answer(self, path: str, request: httpx.Request) -> Body:
        for _ in range(REDIRECTS + 1):
            response = self._client.send(request, stream=True)
            try:
                if response.next_request is None:
                    return self._body(path, response)
            finally:
                response.close()
            there = response.next_request.url
            if self._secrets and _origin(there) != _origin(request.url):
                what = (
                    f"{self._shown(path)} points to another address, on {there.host}: not followed"
                )
                raise SourceError(self.source, f"{what} with a key")
            request = response.next_request
        raise SourceError(self.source, f"{self._shown(path)} is redirected in circles")

    def _body(self, path: str, response: httpx.Response) -> Body:
        if response.is_success:
            return self._read(path, response, LARGEST_BYTES)
        excerpt = self._excerpt(self._read(path, response, EXCERPT_BYTES, cut=True))
        where = f"HTTP {response.status_code} from {self._shown(path)}"
        said = f": {excerpt}" if excerpt else ""
        if response.status_code in (401, 403):
            raise SourceError(self.source, f"{where}{self._about_the_key()}{said}")
        if response.status_code not in (408, 425, 429) and response.status_code < 500:
            raise SourceError(self.source, f"{where}{said}")
        after = answers.asked_wait_s(response.headers, time.time())
        if after > LONGEST_WAIT_S:
            later = answers.shown_time(time.time() + after)
            raise SourceError(self.source, f"{where}: asks to come back at {later}{said}")
        raise Passing(self.source, f"{where}{said}", after)

    def _read(self, path: str, response: httpx.Response, most: int, cut: bool = False) -> Body:
        body, deadline = bytearray(), time.monotonic() + self._body_s
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > most:
                if cut:
                    break
                what = f"the answer from {self._shown(path)} is larger than {most >> 20} MB"
                raise SourceError(self.source, what)
            if time.monotonic() > deadline:
                what = f"{self._shown(path)} takes longer than {self._body_s:g} s to answer"
                raise Passing(self.source, what)
        return Body(body)

    # --- what may be said ---------------------------------------------------------------------

    def _about_the_key(self) -> str:
        if self._key_variable is None:
            return ", access is refused"
        return f", the key in {self._key_variable} is refused (wrong, or its plan lacks this)"

    def _shown(self, path: str) -> str:
        bare = path or httpx.URL(self.base_url).path
        return self._secrets.hidden_in(bare.split("?")[0])

    def _excerpt(self, body: Body) -> str:
        text = body[:EXCERPT_BYTES].decode(errors="replace")
        return answers.excerpt(self._secrets.hidden_in(text))  # a cut key would not be found


@cache
def _certificates() -> ssl.SSLContext:
    """Those of the authorities, read once: it takes longer than a request."""
    return httpx.create_ssl_context()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _turns(per_minute: float) -> Callable[[], object]:
    """Waits until the next request may be made."""
    burst = max(1, int(per_minute / 10))
    bucket = InMemoryBucket([Rate(burst, max(1, round(60_000 * burst / per_minute)))])
    # Old requests are forgotten here, not by the library's thread, which would outlive the source.
    limiter = Limiter(SingleBucketFactory(bucket, schedule_leak=False))
    clock = MonotonicClock()

    def turn() -> None:
        bucket.leak(clock.now())
        limiter.try_acquire("turn")

    return turn


def _decoded(body: Body) -> Any:
    """JSON; with half a surrogate pair in some text too, which orjson refuses with all the rest."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
