"""Faults on purpose: refused, late, broken and wrong answers, the same ones in every run.

A fault is written ``KIND:ENDPOINT:RATE`` or ``KIND:ENDPOINT:RATE:COUNT``. Whether it strikes is a
hash of the seed, the fault and *what* is asked, never of when: request faults of the n-th time that
the same request comes, row faults of the row's own time, so a gap stays a gap on every page.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

from hydra_quant.sandbox.venue.desk import Rows
from hydra_quant.sandbox.venue.encode import decimal

REQUEST_KINDS = ("429", "5xx", "timeout", "drop")
ROW_KINDS = ("gap", "duplicate", "reorder", "spike")
KINDS = REQUEST_KINDS + ROW_KINDS

_TIME_KEYS = ("timestamp", "fundingTime")
_SPIKE_KEYS = ("sumOpenInterest", "fundingRate", "longShortRatio", "buySellRatio", "basisRate")
_SPIKE_LEAST, _SPIKE_MORE = 0.05, 0.20


class FaultError(ValueError):
    """A fault that cannot be read; the message is one line for the user."""


@dataclass(frozen=True)
class Fault:
    """One fault switch.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    endpoint : str
        Pattern with ``*`` and ``?`` for the endpoint's name (``klines``, ``ticker/24hr``) or its
        whole path (``fapi/v1/klines``).
    rate : float
        Share of requests or rows hit, 0 < rate <= 1.
    count : int or None
        Answers hit at most; None: no end.
    """

    kind: str
    endpoint: str
    rate: float
    count: int | None = None

    def matches(self, path: str) -> bool:
        """Whether the fault concerns this path."""
        return any(fnmatchcase(name, self.endpoint) for name in names_of(path))

    def __str__(self) -> str:
        tail = "" if self.count is None else f":{self.count}"
        return f"{self.kind}:{self.endpoint}:{self.rate:g}{tail}"


def names_of(path: str) -> tuple[str, str]:
    """``'/fapi/v1/ticker/24hr'`` -> whole ``'fapi/v1/ticker/24hr'`` and short ``'ticker/24hr'``."""
    whole = path.strip("/")
    return whole, "/".join(whole.split("/")[2:]) or whole


def parse_fault(text: str, known: Sequence[str] = ()) -> Fault:
    """Read ``KIND:ENDPOINT:RATE[:COUNT]``.

    Parameters
    ----------
    text : str
    known : sequence of str
        Paths that exist; when given, a pattern that meets none of them is refused.

    Raises
    ------
    FaultError
        Naming the part that is wrong and what is expected.
    """
    parts = text.split(":")
    if len(parts) not in (3, 4):
        raise FaultError(f"fault {text!r} is not KIND:ENDPOINT:RATE[:COUNT], e.g. 429:klines:0.1")
    if parts[0] not in KINDS:
        raise FaultError(f"fault {text!r}: kind {parts[0]!r} is none of {', '.join(KINDS)}")
    fault = Fault(parts[0], parts[1], _rate(text, parts[2]), _count(text, parts[3:]))
    if known and not any(fault.matches(path) for path in known):
        names = ", ".join(sorted({names_of(path)[1] for path in known}))
        raise FaultError(f"fault {text!r}: no endpoint is named {parts[1]!r}; there are {names}")
    return fault


def _rate(text: str, part: str) -> float:
    try:
        rate = float(part)
    except ValueError:
        rate = -1.0
    if not 0 < rate <= 1:
        raise FaultError(f"fault {text!r}: rate {part!r} is not a number above 0 and up to 1")
    return rate


def _count(text: str, parts: list[str]) -> int | None:
    if not parts:
        return None
    if not parts[0].isdigit() or int(parts[0]) < 1:
        raise FaultError(f"fault {text!r}: count {parts[0]!r} is not a whole number from 1")
    return int(parts[0])


@dataclass
class FaultBook:
    """The faults in force and how often each has struck.

    Parameters
    ----------
    seed : int
        Same seed, same faults, same requests: same strikes.
    faults : list of Fault
    hold_s : float
        How long a ``timeout`` keeps the client waiting, seconds.
    retry_after_s : int
        What a ``429`` tells the client to wait, seconds.
    """

    seed: int = 0
    faults: list[Fault] = field(default_factory=list)
    hold_s: float = 30.0
    retry_after_s: int = 1

    def __post_init__(self) -> None:
        self.struck: Counter[Fault] = Counter()
        self._asked: Counter[str] = Counter()
        self._lock = Lock()

    def replace(self, faults: Sequence[Fault], seed: int | None = None) -> None:
        """Put these faults in force, with counts from zero."""
        with self._lock:
            self.faults = list(faults)
            self.seed = self.seed if seed is None else seed
            self.struck.clear()
            self._asked.clear()

    def request_fault(self, path: str, query: str) -> str | None:
        """The kind of the request fault that strikes now, or None."""
        concerned = [f for f in self.faults if f.kind in REQUEST_KINDS and f.matches(path)]
        if not concerned:
            return None
        with self._lock:
            request = f"{path}?{'&'.join(sorted(query.split('&')))}"
            self._asked[request] += 1
            key = f"{request}#{self._asked[request]}"
            for fault in concerned:
                if self._left(fault) and self._draw(fault, key) < fault.rate:
                    self.struck[fault] += 1
                    return fault.kind
        return None

    def distort(self, path: str, answer: Rows) -> list[Any]:
        """The answer's rows after every row fault in force."""
        rows = answer.rows
        for fault in [f for f in self.faults if f.kind in ROW_KINDS and f.matches(path)]:
            with self._lock:
                hit = self._hit_rows(fault, answer.series, rows) if self._left(fault) else []
                self.struck[fault] += bool(hit)
            if hit:
                rows = _DISTORT[fault.kind](rows, hit)
        return rows

    def describe(self) -> list[dict[str, object]]:
        """The faults and their strikes, for the status page."""
        return [{"fault": str(fault), "struck": self.struck[fault]} for fault in self.faults]

    def _left(self, fault: Fault) -> bool:
        return fault.count is None or self.struck[fault] < fault.count

    def _draw(self, fault: Fault, key: str) -> float:
        text = f"{self.seed}|{fault.kind}|{fault.endpoint}|{key}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest()) / 2**56

    def _hit_rows(self, fault: Fault, series: str, rows: list[Any]) -> list[tuple[int, float]]:
        draws = [self._draw(fault, f"{series}|{time_of(row)}") for row in rows]
        return [(at, draw / fault.rate) for at, draw in enumerate(draws) if draw < fault.rate]


def time_of(row: Any) -> int:
    """The time of a row: a candle's open, a record's timestamp, ms."""
    if isinstance(row, dict):
        return next(int(row[key]) for key in _TIME_KEYS if key in row)
    return int(row[0])


def _gap(rows: list[Any], hit: list[tuple[int, float]]) -> list[Any]:
    gone = {at for at, _ in hit}
    return [row for at, row in enumerate(rows) if at not in gone]


def _duplicate(rows: list[Any], hit: list[tuple[int, float]]) -> list[Any]:
    twice = {at for at, _ in hit}
    return [copy for at, row in enumerate(rows) for copy in [row] * (1 + (at in twice))]


def _reorder(rows: list[Any], hit: list[tuple[int, float]]) -> list[Any]:
    """Swap each hit row with the one before it."""
    swapped = list(rows)
    for at, _ in hit:
        if at:
            swapped[at - 1], swapped[at] = swapped[at], swapped[at - 1]
    return swapped


def _spike(rows: list[Any], hit: list[tuple[int, float]]) -> list[Any]:
    """Forge a wick of 5 to 25 %: up on a draw in the upper half, else down."""
    forged = list(rows)
    for at, draw in hit:
        size = _SPIKE_LEAST + _SPIKE_MORE * draw
        up = draw >= 0.5
        forged[at] = _forge(rows[at], 1 + size if up else 1 - size, 2 if up else 3)
    return forged


def _forge(row: Any, factor: float, candle_column: int) -> Any:
    if isinstance(row, dict):
        key = next(key for key in _SPIKE_KEYS if key in row)
        return {**row, key: decimal(float(row[key]) * factor)}
    cells = list(row)
    cells[candle_column] = decimal(float(cells[candle_column]) * factor)
    return tuple(cells)


_DISTORT = {"gap": _gap, "duplicate": _duplicate, "reorder": _reorder, "spike": _spike}
