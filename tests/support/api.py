"""freqtrade's REST API: a server process, a client that has logged in, a stop that is seen."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from support import warm
from support.bundle import ROOT, Bundle, environment, merge

START_WAIT_S = 90
STOP_WAIT_S = 30
Server = warm.Process | subprocess.Popen[bytes]
# What must never be shown, logged or stored: given by environment variables alone.
SECRETS = {
    "FREQTRADE__API_SERVER__USERNAME": "hydra-user-x1",
    "FREQTRADE__API_SERVER__PASSWORD": "pass-word-7Qz",
    "FREQTRADE__API_SERVER__JWT_SECRET_KEY": "signing-key-0123456789-abcdefghij",
    "FREQTRADE__EXCHANGE__KEY": "exchange-key-55",
    "FREQTRADE__EXCHANGE__SECRET": "exchange-secret-66",
}


@dataclass(frozen=True)
class Api:
    """A server that answers.

    Attributes
    ----------
    http : client without credentials; paths below ``/api/v1``
    log : the file that the process writes to
    """

    http: httpx.Client
    log: Path

    def login(self) -> httpx.Response:
        name, password = list(SECRETS.values())[:2]
        return self.http.post("/token/login", auth=(name, password))

    def get(self, path: str, **params: Any) -> Any:
        """The decoded answer to a GET with a fresh token; an HTTP error fails the test."""
        answer = self.http.get(path, params=params, headers=self.bearer())
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        answer = self.http.post(path, json=body, headers=self.bearer())
        assert answer.status_code == 200, answer.text
        return answer.json()

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.login().json()['access_token']}"}


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def serving(bundle: Bundle, name: str, *arguments: str) -> Iterator[Api]:
    """Run ``freqtrade NAME`` with its API on a free loopback port until the block ends.

    Raises
    ------
    AssertionError
        With its log, if it does not answer in time, or does not stop when told to.
    """
    port = free_port()
    server = {"api_server": {"enabled": True, "listen_port": port}}
    served = Bundle(bundle.home, bundle.port, merge(bundle.overlay, server), bundle.datadir)
    log = bundle.home / f"{name}.log"
    with log.open("w") as out:
        process = warm.start(
            served.command(name, *arguments),
            cwd=ROOT,
            stdout=out,
            stderr=out,
            env=environment(**SECRETS),
        )
        try:
            url = f"http://127.0.0.1:{port}/api/v1"
            with httpx.Client(base_url=url, timeout=90) as client:
                _wait(process, client, log)
                yield Api(client, log)
        finally:
            _stop(process, log)


def _wait(process: Server, client: httpx.Client, log: Path) -> None:
    give_up = time.monotonic() + START_WAIT_S
    while process.poll() is None and time.monotonic() < give_up:
        try:
            if client.get("/ping").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from the API:\n{log.read_text()[-3000:]}")


def _stop(process: Server, log: Path) -> None:
    process.terminate()
    try:
        process.wait(STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"did not stop:\n{log.read_text()[-3000:]}") from None
