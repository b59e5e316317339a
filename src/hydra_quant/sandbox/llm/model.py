"""The model behind the server: what was asked, what it answers, and how it misbehaves."""

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from hydra_quant.sandbox.llm.faults import FaultBook
from hydra_quant.sandbox.llm.judging import judge
from hydra_quant.sandbox.llm.obeying import obey
from hydra_quant.sandbox.llm.question import Question, read_question
from hydra_quant.sandbox.llm.shapes import Asked

MOST_KEPT = 1000


@dataclass(frozen=True)
class Received:
    """One request as it came; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: Any


class Model:
    """Answers questions; may be told to obey the news, or to answer otherwise.

    Attributes
    ----------
    faults : FaultBook
    obeys : bool
        Whether it does what the news tell it to.
    reader : callable or None
        From a `Question` to the answer's text, instead of its own ways; for tests.
    requests : deque of Received
        The last ones, refused ones too.
    calls : Counter
        How often each path was asked.
    """

    def __init__(self, obeys: bool = False) -> None:
        self.faults, self.obeys = FaultBook(), obeys
        self.reader: Callable[[Question], str] | None = None
        self.requests: deque[Received] = deque(maxlen=MOST_KEPT)
        self.calls: Counter[str] = Counter()
        self._lock = Lock()

    def receive(self, request: Received) -> int:
        """Keep the request; its number."""
        with self._lock:
            self.requests.append(request)
            self.calls[request.path] += 1
            return self.calls.total()

    def text(self, asked: Asked) -> str:
        """The answer's text; without structured output in a fence, as models like to write it."""
        question = read_question(asked.user)
        if self.reader is not None:
            return self.reader(question)
        if self.obeys:
            return obey(question)
        answer = json.dumps(judge(question), ensure_ascii=False)
        return answer if asked.schema is not None else f"```json\n{answer}\n```"

    def describe(self) -> dict[str, Any]:
        """For the status page."""
        with self._lock:
            calls = dict(self.calls)
        return {"calls": calls, "obeys": self.obeys, "faults": self.faults.describe()}
