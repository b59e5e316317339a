"""What a causal search found: links into a target, what is kept, and why the rest is not."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Parent:
    """One link into the target.

    Attributes
    ----------
    name : str
        Of the feature, or of the target where its own past drives it.
    lag : int
        Rows from the feature's value to the target's.
    strength : float
        Partial correlation given the other drivers (the MCI statistic), -1 to 1.
    p : float
        The largest p-value of its tests, corrected as `select` was told.
    """

    name: str
    lag: int
    strength: float
    p: float


@dataclass(frozen=True)
class Selection:
    """What drives a target.

    Attributes
    ----------
    kept : tuple of str
        Features with at least one link into the target, strongest first; empty where nothing
        drives it (what to do then is the caller's to decide).
    parents : tuple of Parent
        Their links, strongest first.
    own : tuple of Parent
        Links from the target's own past.
    why : mapping of str to str
        For each feature that was dropped, the reason.
    rows : int
        Rows with a known target that were tested.
    """

    kept: tuple[str, ...]
    parents: tuple[Parent, ...]
    own: tuple[Parent, ...]
    why: Mapping[str, str]
    rows: int

    def line(self) -> str:
        """One sentence for a log."""
        asked = len(self.kept) + len(self.why)
        if not self.kept:
            return f"Nothing among {asked} features drives the target ({self.rows} rows)."
        listed = ", ".join(f"{p.name} (lag {p.lag}, {p.strength:+.2f})" for p in self.parents)
        return f"{len(self.kept)} of {asked} features drive the target: {listed}."

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "why": dict(self.why)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read `to_dict` back; KeyError or TypeError where it is something else."""
        parents, own = (tuple(Parent(**link) for link in data[name]) for name in ("parents", "own"))
        return cls(tuple(data["kept"]), parents, own, dict(data["why"]), int(data["rows"]))
