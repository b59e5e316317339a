"""A trained agent whatever its kind: one policy, or a hierarchy of three."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from hydra_quant.heads.agent_features import NAMES
from hydra_quant.models.store import Refused
from hydra_quant.rl.arena import Arena
from hydra_quant.rl.rollout import Act

LIST = "hierarchy.json"
RECORD = "training.json"


class Learned(Protocol):
    """What training ends with."""

    @property
    def kind(self) -> str:
        """Of agent."""
        ...

    @property
    def sha256(self) -> str:
        """Of all weights and normalisers."""
        ...

    @property
    def length(self) -> int:
        """Candles in an observation."""
        ...

    @property
    def record(self) -> Mapping[str, Any]:
        """How it was trained."""
        ...

    def acting(self, arena: Arena, first: int) -> Act:
        """Return what decides for one wallet with all pairs from the close of row `first` on."""
        ...

    def known(self, more: Mapping[str, Any]) -> "Learned":
        """Return the same with more in its record."""
        ...

    def save(self, path: Path) -> None:
        """Store it."""
        ...


@dataclass(frozen=True)
class One:
    """One policy that chooses the exposure of each pair; see `rl.policy.Policy`."""

    policy: Any

    @property
    def kind(self) -> str:
        """Of agent."""
        return str(self.policy.kind)

    @property
    def sha256(self) -> str:
        """Of weights and normaliser."""
        return str(self.policy.sha256)

    @property
    def length(self) -> int:
        """Candles in an observation."""
        return int(self.policy.length)

    @property
    def record(self) -> Mapping[str, Any]:
        """How it was trained."""
        found: Mapping[str, Any] = self.policy.record
        return found

    def acting(self, arena: Arena, first: int) -> Act:
        """Return what decides."""
        act: Act = self.policy.decide
        return act

    def known(self, more: Mapping[str, Any]) -> "One":
        """Return the same with more in its record."""
        return One(replace(self.policy, record={**self.policy.record, **more}))

    def save(self, path: Path) -> None:
        """Store it as one file."""
        self.policy.save(path)


@dataclass(frozen=True)
class Several:
    """A hierarchy, see `rl.hierarchy.Hierarchy`; stored as a folder."""

    hierarchy: Any
    record: Mapping[str, Any]
    kind: str = "hierarchical"

    @property
    def sha256(self) -> str:
        """Of the hashes of its levels."""
        levels = {name: policy.sha256 for name, policy in self.hierarchy.policies.items()}
        return hashlib.sha256(json.dumps(levels, sort_keys=True).encode()).hexdigest()

    @property
    def length(self) -> int:
        """Candles in an observation."""
        return int(self.hierarchy.length)

    def acting(self, arena: Arena, first: int) -> Act:
        """Return what decides; all levels that were trained are switched on."""
        act: Act = self.hierarchy.actor(arena, first, tuple(self.hierarchy.policies))
        return act

    def known(self, more: Mapping[str, Any]) -> "Several":
        """Return the same with more in its record."""
        return replace(self, record={**self.record, **more})

    def save(self, path: Path) -> None:
        """Store it in a folder, the record beside the hierarchy's own files."""
        self.hierarchy.save(path)
        (path / RECORD).write_text(json.dumps(dict(self.record), indent=1, sort_keys=True) + "\n")


def load(path: Path) -> Learned:
    """Read a stored agent back.

    Raises
    ------
    Refused
        One line: it is missing, damaged, for other features, without a normaliser, or chooses
        something else than the exposure of one pair.
    """
    if path.is_dir():
        return _several(path)
    policy = import_module("hydra_quant.rl.policy").Policy.load(path, names=NAMES)
    if policy.space.kind != "exposure" or policy.space.n_pairs != 1:
        raise Refused(
            f"{path} chooses from a {policy.space.kind} space of {policy.space.n_pairs} pair(s); "
            "one that says the exposure of one pair would be right"
        )
    return One(policy)


def _several(path: Path) -> Several:
    found = import_module("hydra_quant.rl.hierarchy").Hierarchy.load(path)
    if tuple(found.names) != NAMES:
        raise Refused(f"{path} is a hierarchy for other features; train it again")
    try:
        record = json.loads((path / RECORD).read_text())
    except FileNotFoundError:
        record = {}
    except (OSError, ValueError) as error:
        raise Refused(f"{path / RECORD} cannot be read ({error}); train it again") from None
    return Several(found, record)
