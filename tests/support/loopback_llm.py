"""The sandbox's language model in a thread of the test, on a free port::

with loopback_llm() as llm:
    llm.fault("429", times=1, retry_after=7)
    settings = news_settings(llm, "anthropic")
    ...
    assert llm.calls == 1
    assert "secret" not in str(llm.requests[0].body)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from hydra_quant.sandbox.llm.faults import Fault
from hydra_quant.sandbox.llm.model import Model, Received
from hydra_quant.sandbox.llm.question import Question
from hydra_quant.sandbox.llm.server import Server
from hydra_quant.sandbox.venue.server import bind
from hydra_quant.settings import News

START_WAIT_S = 30.0


class LoopbackLlm:
    """A running model.

    Attributes
    ----------
    base_url : str
        For either provider.
    model : Model
        Its own insides.
    """

    def __init__(self, model: Model, base_url: str) -> None:
        self.model, self.base_url = model, base_url

    @property
    def requests(self) -> list[Received]:
        """All requests so far, with headers and bodies."""
        return list(self.model.requests)

    @property
    def calls(self) -> int:
        """How many requests so far."""
        return self.model.calls.total()

    @property
    def reader(self) -> Callable[[Question], str] | None:
        """Set it to answer as you like: from a `Question` to the answer's text."""
        return self.model.reader

    @reader.setter
    def reader(self, reader: Callable[[Question], str] | None) -> None:
        self.model.reader = reader

    def obey(self, on: bool = True) -> None:
        """Do whatever the news say."""
        self.model.obeys = on

    def fault(self, kind: str, **options: Any) -> None:
        """Fail like this; the options are those of `Fault`: times, seconds, retry_after …"""
        self.model.faults.add(Fault(kind=kind, **options))

    def well(self) -> None:
        """No more faults."""
        self.model.faults.clear()


@contextmanager
def loopback_llm(*, obeys: bool = False) -> Iterator[LoopbackLlm]:
    """Serve it until the block ends."""
    model, ready = Model(obeys), Event()
    with bind("127.0.0.1", 0) as sock:
        server = Server(model, ready.set)
        thread = Thread(target=server.run, args=([sock],), daemon=True)
        thread.start()
        try:
            assert ready.wait(START_WAIT_S), "the loopback model did not start"
            yield LoopbackLlm(model, f"http://127.0.0.1:{sock.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join()


def news_settings(llm: LoopbackLlm, provider: str, **options: Any) -> News:
    """Settings that point at it; temperature (0), timeout_seconds … as given."""
    given = {"provider": provider, "model": "sandbox-1", "base_url": llm.base_url}
    given |= {"temperature": 0.0, **options}
    return News.model_validate(given)
