"""A trained hierarchy: what each level would do, stored as three policies and a list of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.state import Floats, Ints
from hydra_quant.models.store import Refused
from hydra_quant.rl import rollout as rolling
from hydra_quant.rl.arena import Arena, Floats32
from hydra_quant.rl.desk import STATE, Desk
from hydra_quant.rl.hierarchy.limits import NEUTRAL, alone, within
from hydra_quant.rl.hierarchy.options import LEVELS
from hydra_quant.rl.hierarchy.slow import Slow, slow
from hydra_quant.rl.hierarchy.tactical import told
from hydra_quant.rl.policy import Policy

FORMAT = 1
KIND = "hierarchy of agents"
_REMEDY = "train it again"
_FIELDS = ("every", "days", "act_beyond", "leverage")


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Up to three levels.

    Attributes
    ----------
    policies : mapping of `LEVELS` to Policy
        Those that have been trained.
    names : of the arena's features, in their order
    length : candles in an observation of the tactical level
    every, days : see `options.HierarchyOptions`
    act_beyond, leverage : of the desk it trades at
    """

    policies: Mapping[str, Policy]
    names: tuple[str, ...]
    length: int
    every: int
    days: int
    act_beyond: float = 0.3
    leverage: float = 1.0

    def actor(self, arena: Arena, first: int, levels: Sequence[str] = LEVELS) -> "Actor":
        """Return what decides for one wallet with all pairs, from the close of row `first` on.

        Parameters
        ----------
        arena : Arena
        first : int
        levels : those switched on
            Without the strategic level nothing is withheld from the tactical one. Without the
            tactical level the stance times the budget is the target. Without both: out of the
            market. The execution level changes no target.

        Raises
        ------
        Refused
            When the arena has other features, or a level has not been trained.
        """
        self._refuse_other(arena)
        if unknown := [name for name in levels if name not in LEVELS]:
            raise ValueError(f"level {unknown[0]!r}: one of {', '.join(LEVELS)} would be right")
        if missing := [name for name in levels if name not in self.policies]:
            raise Refused(f"this hierarchy has no {missing[0]} level: it was not trained")
        chosen = {name: self.policies[name] for name in levels}
        return Actor(chosen, arena, first, self.every, self.days)

    def rollout(
        self,
        arena: Arena,
        first: int,
        last: int,
        *,
        levels: Sequence[str] = LEVELS,
        desk: Desk | None = None,
    ) -> rolling.Rollout:
        """Let it trade with one wallet; see `hydra_quant.rl.rollout.rollout` and `actor`."""
        actor = self.actor(arena, first, levels)
        return rolling.rollout(
            *(actor, arena, first, last),
            desk=desk,
            act_beyond=self.act_beyond,
            leverage=self.leverage,
        )

    def _refuse_other(self, arena: Arena) -> None:
        here = (self.names, self.length)
        if here != (tuple(arena.names), arena.length):
            raise Refused(
                f"this hierarchy is for {len(self.names)} features over {self.length} candles, "
                f"the arena has others ({len(arena.names)} over {arena.length}); {_REMEDY}"
            )

    def save(self, folder: Path) -> None:
        """Store the policies and, last, ``hierarchy.json`` that names them by their hash."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, policy in self.policies.items():
            policy.save(folder / f"{name}.hydra")
        about = {
            "file": KIND,
            "format": FORMAT,
            "names": list(self.names),
            "length": self.length,
            **{name: getattr(self, name) for name in _FIELDS},
            "levels": {name: policy.sha256 for name, policy in self.policies.items()},
        }
        partial = folder / ".hierarchy.json"
        partial.write_text(json.dumps(about, indent=1, sort_keys=True) + "\n")
        partial.replace(folder / "hierarchy.json")

    @classmethod
    def load(cls, folder: Path) -> "Hierarchy":
        """Read it back.

        Raises
        ------
        Refused
            When a file is missing, damaged, or another one than was stored with the list.
        """
        about = _listed(folder / "hierarchy.json")
        policies = {
            name: Policy.load(folder / f"{name}.hydra", sha256=sha256)
            for name, sha256 in about["levels"].items()
        }
        rest = {name: about[name] for name in _FIELDS}
        return cls(policies, tuple(about["names"]), about["length"], **rest)


class Actor:
    """Decides candle after candle; for `hydra_quant.rl.rollout.rollout`.

    Strategic decisions are made at the end of each span of `every` candles by the clock (of the
    hour, with twelve of five minutes), and at the first row.

    Attributes
    ----------
    row : the candle that has just closed
    strategy : array of shape (n_pairs, 2), in force
    """

    def __init__(
        self, policies: Mapping[str, Policy], arena: Arena, first: int, every: int, days: int
    ) -> None:
        self._policies, self.row = policies, first
        self._slow: Slow | None = slow(arena, every, days) if "strategic" in policies else None
        self._due, self._first = _ends(arena, every), first
        self._pairs: Ints = np.arange(len(arena.pairs))
        self.strategy: Floats = np.tile(NEUTRAL, (len(arena.pairs), 1))

    def __call__(self, observed: Floats32) -> Floats:
        """Return the target of each pair and go on to the next row.

        Parameters
        ----------
        observed : float32 array of shape (n_pairs, size), of `row`
        """
        if self._slow is not None and (self._due[self.row] or self.row == self._first):
            rows = np.full(len(self._pairs), self.row)
            seen = self._slow.observe(rows, self._pairs, observed[:, -len(STATE) :])
            self.strategy = self._policies["strategic"].targets(seen)
        self.row += 1
        if "tactical" in self._policies:
            wanted = self._policies["tactical"].targets(told(observed, self.strategy))
            return within(wanted[:, 0], self.strategy)
        return alone(self.strategy)  # of a neutral strategy: 0


def _ends(arena: Arena, every: int) -> NDArray[np.bool_]:
    minute = arena.candles["minute"].max(axis=1)
    found: NDArray[np.bool_] = (minute // arena.rules.candle_minutes) % every == every - 1
    return found


def _listed(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise Refused(f"{path}: no such file; {_REMEDY}") from error
    except (OSError, ValueError) as error:
        raise Refused(f"{path} cannot be read ({error}); {_REMEDY}") from error
    if not isinstance(found, dict) or found.get("file") != KIND:
        raise Refused(f"{path} is no hierarchy of agents; {_REMEDY}")
    if found.get("format") != FORMAT:
        raise Refused(f"{path} is of format {found.get('format')}, not {FORMAT}; {_REMEDY}")
    if missing := [k for k in ("names", "length", "levels", *_FIELDS) if k not in found]:
        raise Refused(f"{path} does not say {missing[0]!r}; {_REMEDY}")
    if unknown := [name for name in found["levels"] if name not in LEVELS]:
        raise Refused(f"{path} names the level {unknown[0]!r}, which there is not; {_REMEDY}")
    return found
