"""Faults on purpose: what a provider can do instead of answering."""

from threading import Lock

from pydantic import BaseModel, ConfigDict, Field, field_validator

STATUSES = {
    "400": 400, "401": 401, "403": 403, "404": 404, "429": 429, "500": 500, "503": 503, "529": 529
}  # fmt: skip
KINDS = {
    **{name: f"refuses with HTTP {name}" for name in STATUSES},
    "no_temperature": "refuses a request that sets a temperature, as some models do (400)",
    "no_structured": "refuses a request for structured output, as some servers do (400)",
    "redirect": "sends the client to another host (307)",
    "slow": "answers after `seconds`",
    "hang": "never answers",
    "drip": "a byte of the answer now and then, without end",
    "drop": "ends the connection in the middle of the answer",
    "huge": "a body of `megabytes`",
    "not_json": "a page of HTML, status 200",
    "other_shape": "JSON that is no answer",
    "empty": "an answer without text",
    "truncated": "the answer's JSON breaks off, as if it were whole",
    "schema": "JSON of another form than was asked for",
    "cut": "stops at the limit of tokens, and says so",
    "refusal": "the model refuses",
}


class Fault(BaseModel):
    """One fault.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    times : int or None
        How many requests it strikes; None: every one.
    seconds : float
        Of slow.
    retry_after : float or None
        Of 429, 503 and 529: seconds, in ``Retry-After``; None leaves it out.
    megabytes : int
        Of huge.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    times: int | None = Field(None, ge=1)
    seconds: float = Field(5.0, ge=0, le=3600)
    retry_after: float | None = Field(20.0, ge=0)
    megabytes: int = Field(8, ge=1, le=64)

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(f"there is no fault {kind!r}; known: {', '.join(KINDS)}")
        return kind


class FaultBook:
    """The faults in force, in the order in which they strike; one that has struck out is gone."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        """It strikes after those that are there."""
        with self._lock:
            self._faults.append((fault, fault.times))

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._faults.clear()

    def next(self) -> Fault | None:
        """What befalls the next request."""
        with self._lock:
            if not self._faults:
                return None
            fault, left = self._faults[0]
            if left is not None and left <= 1:
                del self._faults[0]
            elif left is not None:
                self._faults[0] = (fault, left - 1)
            return fault

    def describe(self) -> list[dict[str, object]]:
        """For the status page."""
        with self._lock:
            return [{"kind": fault.kind, "left": left} for fault, left in self._faults]
