"""What a check says: one finding each, nothing repaired."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Attributes
    ----------
    check : str
        ``'gap'``, ``'duplicate'`` …
    where : str
        The series or file.
    what : str
        In words, with figures.
    first, last : int
        When, epoch ms; the same for a moment.
    count : int
        How many rows it is about.
    """

    check: str
    where: str
    what: str
    first: int
    last: int
    count: int = 1

    def as_json(self) -> dict[str, Any]:
        """Fields, with times in ISO 8601."""
        return asdict(self) | {"first": iso(self.first), "last": iso(self.last)}


def iso(at_ms: int) -> str:
    """``2024-03-01T08:00:00+00:00``."""
    return pd.Timestamp(int(at_ms), unit="ms", tz="UTC").isoformat()


def when(first: int, last: int) -> str:
    """A moment or a span, to the minute."""
    ends = [pd.Timestamp(int(at), unit="ms").strftime("%Y-%m-%d %H:%M") for at in (first, last)]
    return ends[0] if first == last else f"{ends[0]} to {ends[1]}"


def grouped(findings: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    """Findings by check and place, in the order in which they were found."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.check, finding.where), []).append(finding)
    return groups
