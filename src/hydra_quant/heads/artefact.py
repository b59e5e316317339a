"""A trained head as one file: what it learned from, and until when, stands beside it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from hydra_quant.models.fingerprint import canonical, versions
from hydra_quant.models.store import Refused, open_bundle, write_bundle

Head = Literal["scorer", "regime", "exit", "cascade"]
Ints = NDArray[np.int64]
FORMAT = 1
# Who can be in a file, by the name that it states: its module.
KINDS: dict[Head, dict[str, str]] = {
    "scorer": {
        "ScorerModel": "hydra_quant.heads.scorer",
        "RuleScorer": "hydra_quant.heads.scorer",
    },
    "regime": {"RegimeModel": "hydra_quant.heads.regime"},
    "exit": {"ExitModel": "hydra_quant.heads.exits"},
    "cascade": {"CascadeModel": "hydra_quant.regimes.cascade"},
}


class Stored(Protocol):
    """A model that goes into bytes and comes back the same, without pickle."""

    def to_bytes(self) -> bytes:
        """All that it learned."""

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The model that `to_bytes` was called on."""


@dataclass(frozen=True)
class Artefact:
    """A trained head.

    Attributes
    ----------
    head : 'scorer', 'regime', 'exit' or 'cascade'
    model : the model itself
    trained_from_ms, known_until_ms : int
        Open time of the oldest candle that it learned from, and close time of the newest one that
        any of its labels looked at; milliseconds since 1970 UTC.
    pairs : tuple of str
        Whom it learned from.
    names : tuple of str
        Its features, in their order.
    candle_minutes : int
    health : dict of str to float
        How good it was on rows that it had not seen; NaN where not known.
    """

    head: Head
    model: Any
    trained_from_ms: int
    known_until_ms: int
    pairs: tuple[str, ...]
    names: tuple[str, ...]
    candle_minutes: int
    health: Mapping[str, float] = field(default_factory=dict)

    def may_answer(self, close_ms: Ints) -> NDArray[np.bool_]:
        """Whether a candle that closes then is none that it learned from, shape as given."""
        return np.asarray(close_ms > self.known_until_ms)


def default_path(userdir: Path, head: Head, timeframe: str) -> Path:
    """Where the strategy looks: ``USER_DATA/hydra/heads/scorer-1h.hydra``."""
    return userdir / "hydra" / "heads" / f"{head}-{timeframe}.hydra"


def save(path: Path, artefact: Artefact) -> None:
    """Replace the file in one step; readers see the old one or the new one.

    Raises
    ------
    ValueError
        When the model is none that could be loaded again.
    """
    kind = type(artefact.model).__name__
    if kind not in KINDS[artefact.head]:
        known = ", ".join(KINDS[artefact.head])
        raise ValueError(f"a {artefact.head} file holds one of {known}, not {kind}")
    description = {
        "format": FORMAT,
        "head": artefact.head,
        "kind": kind,
        "trained_from_ms": int(artefact.trained_from_ms),
        "known_until_ms": int(artefact.known_until_ms),
        "pairs": list(artefact.pairs),
        "names": list(artefact.names),
        "candle_minutes": int(artefact.candle_minutes),
        "health": {name: _number(value) for name, value in artefact.health.items()},
        "versions": versions(("hydra-quant", "xgboost", "scikit-learn")),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bundle(path, artefact.model.to_bytes(), canonical(description))


def load(
    path: Path,
    head: Head,
    *,
    names: Sequence[str] | None = None,
    candle_minutes: int | None = None,
) -> Artefact:
    """Read a head back, if it is whole and fits.

    Parameters
    ----------
    path : Path
    head : what is wanted
    names : the features that it will be given; None leaves that to the caller
    candle_minutes : width of the candles that it will answer; None likewise

    Raises
    ------
    Refused
        One line: the file is missing, damaged, of a newer HYDRA, another head, for other features
        or another width; and what to do about it.
    """
    about, payload = open_bundle(path)
    remedy = f"train again: hydra-quant train {head}"
    _check(path, about, head, remedy)
    if names is not None and tuple(about["names"]) != tuple(names):
        raise Refused(f"{path} answers other features ({_first(about['names'], names)}); {remedy}")
    if candle_minutes is not None and about["candle_minutes"] != candle_minutes:
        raise Refused(
            f"{path} learned from candles of {about['candle_minutes']} minutes, these are of "
            f"{candle_minutes}; {remedy}"
        )
    model = getattr(import_module(KINDS[head][about["kind"]]), about["kind"])
    try:
        found = model.from_bytes(payload)
    except Exception as error:  # whatever a model's own reader raises, the file is of no use
        raise Refused(f"{path} cannot be read by this version ({error}); {remedy}") from error
    return Artefact(
        head,
        found,
        about["trained_from_ms"],
        about["known_until_ms"],
        tuple(about["pairs"]),
        tuple(about["names"]),
        about["candle_minutes"],
        {name: math.nan if value is None else value for name, value in about["health"].items()},
    )


def _check(path: Path, about: Mapping[str, Any], head: Head, remedy: str) -> None:
    found = about.get("format")
    if not isinstance(found, int):
        raise Refused(f"{path} is no trained head; {remedy}")
    if found > FORMAT:
        raise Refused(
            f"{path} is of a newer HYDRA (format {found}, this one reads {FORMAT}); update "
            f"hydra-quant, or {remedy}"
        )
    if about["head"] != head:
        raise Refused(f"{path} holds a {about['head']} head, not a {head}; {remedy}")
    if about["kind"] not in KINDS[head]:
        raise Refused(f"{path} holds a {about['kind']}, which this version lacks; {remedy}")


def _first(stored: Sequence[str], wanted: Sequence[str]) -> str:
    """Where two lists of names part."""
    if len(stored) != len(wanted):
        return f"{len(stored)}, not {len(wanted)}"
    at = next(i for i, (a, b) in enumerate(zip(stored, wanted, strict=True)) if a != b)
    return f"number {at + 1} is {stored[at]}, not {wanted[at]}"


def _number(value: float) -> float | None:
    """JSON knows no NaN."""
    return float(value) if math.isfinite(value) else None
