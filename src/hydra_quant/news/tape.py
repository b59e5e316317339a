"""The tape: every verdict with the time it was known, read back as of that time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.memory import Memory, Series
from hydra_quant.memory.as_of import latest
from hydra_quant.news.gate import NONE
from hydra_quant.news.verdict import ACTIONS, CONFIDENCES, Verdict
from hydra_quant.settings import News

Ints = NDArray[np.int64]
KIND = "llm_decisions"
LIVE, BACKFILL = "live", "backfill"
COLUMNS = (
    *("action", "confidence", "reason", "expires_at", "provider", "model", "model_cutoff"),
    "news",
)


@dataclass(frozen=True)
class Origin:
    """Where the verdicts of one call come from; it stands beside each of them.

    Attributes
    ----------
    provider, model : str
    cutoff_ms : int or None
        End of the day until which the model was trained, epoch ms; None: not known.
    call : str
        Item of the call in ``llm_calls``.
    prompt_hash : str
    latency_ms, tokens : int
        Of the whole call.
    cost : float or None
        Of the whole call, USD.
    made_ms : int
        When the answer came, epoch ms.
    """

    provider: str
    model: str
    cutoff_ms: int | None
    call: str
    prompt_hash: str
    latency_ms: int
    tokens: int
    cost: float | None
    made_ms: int


def cutoff_ms(settings: News) -> int | None:
    """End of the day until which the model was trained, epoch ms; None where it is not known.

    Raises
    ------
    ValueError
        For a day that no calendar has.
    """
    if settings.model_cutoff is None:
        return None
    day = datetime.fromisoformat(settings.model_cutoff).replace(tzinfo=UTC)
    return round(day.timestamp() * 1000) + 86_400_000


def write(memory: Memory, verdicts: Sequence[Verdict], origin: Origin) -> int:
    """Put the verdicts of one call on the tape; how many were new.

    A live verdict is known from the moment it is written (or from its own `known_ms`, if that is
    later); a backfilled one from its own `known_ms`. Writing twice changes nothing.
    """
    rows: dict[Series, list[dict[str, Any]]] = {}
    for verdict in verdicts:
        name = BACKFILL if verdict.backfilled else LIVE
        series = Series(KIND, origin.provider, verdict.pair, name)
        rows.setdefault(series, []).append(_row(verdict, origin, len(verdicts)))
    return sum(
        memory.write(
            series, DataFrame(of), following_since=None if series.name == BACKFILL else 0
        ).new
        for series, of in rows.items()
    )


def _row(verdict: Verdict, origin: Origin, shared: int) -> dict[str, Any]:
    return {
        "item": _item(verdict, origin),
        "event_time": verdict.about_ms,
        "known_at": verdict.known_ms,
        "action": verdict.action,
        "confidence": verdict.confidence,
        "reason": verdict.reason,
        "expires_at": verdict.expires_ms,
        "made_at": origin.made_ms,
        "provider": origin.provider,
        "model": origin.model,
        "model_cutoff": origin.cutoff_ms,
        "prompt_hash": origin.prompt_hash,
        "call": origin.call,
        "news": json.dumps(list(verdict.news)),
        "latency_ms": origin.latency_ms,
        "tokens": round(origin.tokens / shared),
        "cost": None if origin.cost is None else origin.cost / shared,
    }


def _item(verdict: Verdict, origin: Origin) -> str:
    told = (verdict.pair, str(verdict.about_ms), origin.model, origin.prompt_hash)
    return sha256("\n".join(told).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Tape:
    """The verdicts on one pair that may be used, oldest first.

    Attributes
    ----------
    rows : DataFrame
        ``event_time``, ``known_at``, `COLUMNS`; one row a verdict.
    future : int
        How many verdicts were left out because their model had seen that future, or may have.
    """

    rows: DataFrame
    future: int = 0
    _known: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        known = (
            self.rows["known_at"].to_numpy(np.int64) if len(self.rows) else np.empty(0, np.int64)
        )
        object.__setattr__(self, "_known", known)

    @classmethod
    def read(
        cls,
        memory: Memory,
        pair: str,
        settings: News,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> "Tape":
        """Read a pair's verdicts about ``start_ms <= time < end_ms``.

        Live verdicts of every model count; backfilled ones only of the configured model, and as
        ``settings.backfilled`` says: by default those about the time after its training, which
        ended on the later of the day that stands beside the verdict and the configured one.

        Parameters
        ----------
        memory : Memory
        pair : str
        settings : News
        start_ms, end_ms : int, optional
            Of the news that the verdicts rest on, epoch ms.

        Raises
        ------
        StoreError
            When the memory does not answer.
        """
        parts = [
            memory.rows(series, COLUMNS, start_ms, end_ms).assign(tape=series.name)
            for series in memory.series(KIND)
            if series.subject == pair
        ]
        rows = pd.concat(parts, ignore_index=True) if parts else _nothing()
        made_later = (rows["tape"] == BACKFILL).to_numpy(bool)
        other = made_later & (rows["model"] != settings.model).to_numpy(bool)
        told = cutoff_ms(settings)
        # The later of what is known now and what was known then: the careful one.
        cutoff = np.fmax(rows["model_cutoff"].to_numpy(float), np.nan if told is None else told)
        knew = made_later & ~(rows["event_time"].to_numpy(float) >= cutoff)  # NaN: it may have
        unwanted = {
            "all": np.zeros(len(rows), bool),
            "after_cutoff": knew,
            "none": made_later,
        }[settings.backfilled]
        kept = rows[~other & ~unwanted].sort_values(["known_at", "event_time"], kind="stable")
        left_out = int((unwanted & ~other).sum()) if settings.backfilled == "after_cutoff" else 0
        return cls(kept.reset_index(drop=True), left_out)

    def at(self, times_ms: Ints) -> Ints:
        """Row of the verdict that stands at each time, shape (n_times,); -1 where none does.

        The newest one (by the news it rests on) that was known by then; once it has expired none
        stands, whatever older ones say.
        """
        if not len(self.rows):
            return np.full(len(times_ms), NONE)
        found = latest(self.rows["event_time"].to_numpy(np.int64), self._known, times_ms)
        expires = self.rows["expires_at"].to_numpy(np.int64)
        return np.where((found >= 0) & (times_ms < expires[found]), found, NONE)

    def codes(self, at: Ints) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """Indices into `ACTIONS` and `CONFIDENCES` of these rows; `NONE` for -1."""
        return _codes(self.rows["action"], ACTIONS, at), _codes(
            self.rows["confidence"], CONFIDENCES, at
        )

    def standing(self, pair: str, at_ms: int) -> Verdict | None:
        """The verdict that stands at a time, epoch ms; None where none does."""
        row = int(self.at(np.array([at_ms]))[0])
        return None if row < 0 else self.verdict(pair, row)

    def verdict(self, pair: str, row: int) -> Verdict:
        """One row as a verdict."""
        found = self.rows.iloc[row]
        return Verdict(
            pair=pair,
            action=found["action"],
            confidence=found["confidence"],
            reason=found["reason"] or "",
            about_ms=int(found["event_time"]),
            known_ms=int(found["known_at"]),
            expires_ms=int(found["expires_at"]),
            news=tuple(json.loads(found["news"] or "[]")),
            backfilled=found["tape"] == BACKFILL,
        )


def _codes(values: "pd.Series[str]", words: Sequence[str], at: Ints) -> NDArray[np.int8]:
    known = pd.Categorical(values, categories=list(words)).codes
    picked = known[at] if len(known) else np.full(len(at), NONE)
    return np.where(at >= 0, picked, NONE).astype(np.int8)


def _nothing() -> DataFrame:
    return DataFrame(columns=["event_time", "known_at", "item", *COLUMNS, "tape"])
