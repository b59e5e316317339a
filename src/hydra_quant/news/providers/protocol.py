"""What a language model's provider is to the analyst."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

Trouble = Literal[
    "unreachable", "slow", "key", "rate", "overloaded", "refused", "malformed", "empty", "cut"
]


@dataclass(frozen=True)
class Prompt:
    """A question, whole.

    Attributes
    ----------
    system, user : str
    schema : dict
        JSON schema of the answer.
    most_tokens : int
        Of the answer.
    hash : str
        Of instructions, schema, items and pairs; not of the random marker.
    """

    system: str
    user: str
    schema: dict[str, Any]
    most_tokens: int
    hash: str


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes
    ----------
    text : str
    tokens_in, tokens_out : int
    latency_ms : int
    """

    text: str
    tokens_in: int
    tokens_out: int
    latency_ms: int


class ProviderError(Exception):
    """No answer; one line without key, prompt or news.

    Attributes
    ----------
    kind : str
        unreachable (no connection, or cut before the end), slow (no whole answer in time), key
        (401, 403), rate (429), overloaded (5xx), refused (redirects, 400, 404 and other answers
        that no repetition mends; the model's own refusal), malformed (not what the interface
        documents, or larger than 4 MB), empty (no text), cut (ended at the limit).
    after_s : float
        Seconds after which the provider asks to be asked again, an hour at most; 0: it did not say.
    """

    def __init__(self, kind: Trouble, what: str, after_s: float = 0.0) -> None:
        super().__init__(what)
        self.kind, self.after_s = kind, after_s


class Provider(Protocol):
    """Who answers prompts; one call, no repetition of its own."""

    name: str
    model: str

    def ask(self, prompt: Prompt) -> Answer:
        """Ask once.

        Raises
        ------
        ProviderError
        """
        ...

    def close(self) -> None:
        """Let connections go."""
        ...
