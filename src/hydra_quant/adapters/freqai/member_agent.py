"""An agent as a member of an ensemble: what it would hold, came it without a position."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from freqtrade.exceptions import OperationalException

import hydra_quant.rl
from hydra_quant.adapters.freqai import agent_options, agent_training
from hydra_quant.adapters.freqai.member import Floats, Ints, Member, Terms
from hydra_quant.adapters.freqai.member_ground import (
    Dealing,
    Floats32,
    arena_of,
    names_of,
    seen_of,
)
from hydra_quant.adapters.freqai.member_prices import prices_of
from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.models.fingerprint import code_digest, digest, versions
from hydra_quant.models.rows import Rows
from hydra_quant.models.store import Refused
from hydra_quant.rl import policy_file
from hydra_quant.rl.arena import Arena
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.policy import Policy
from hydra_quant.rl.progress import LogLines

logger = logging.getLogger(__name__)
ALGO = "ppo"
FRESH = (0.0, 0.0, 0.0, 0.0, 1.0)
"""`rl.desk.STATE` of who has no position and a wallet that has neither won nor lost."""
_LIBRARY = Path(hydra_quant.rl.__file__).parents[1]


class AgentMember(Member):
    """PPO, trained by trading on the ledger, its target told as ``(1 + target) / 2``.

    An ensemble's member has no wallet: it answers every candle as if it held nothing and had won
    and lost nothing. The target is the exposure that it comes to: 0 where the agent would be out
    (within ``hydra.agent.act_beyond``), and instead of a short where the trading mode knows none.

    Attributes
    ----------
    dealing : by what it trades while it learns
    """

    may_be_silent = True

    def __init__(self, name: str, parameters: dict[str, Any], dealing: Dealing) -> None:
        super().__init__(name, {**parameters, "dealing": dealing.described()})
        self.dealing = dealing

    @property
    def length(self) -> int:
        """Candles in an observation."""
        return int(self.parameters["length"])

    @property
    def reach(self) -> int:
        """Candles before its own that an answer depends on."""
        return self.length - 1

    def made_by(self) -> dict[str, Any]:
        """Code and packages that a training goes through beside those of every model."""
        return {
            "trading_code": digest(*(code_digest(_LIBRARY / room) for room in ("rl", "ledger"))),
            "trading_versions": versions(("stable-baselines3", "numba")),
        }

    def fit(self, grid: Grid, train: Rows, later: Rows | None, terms: Terms) -> Policy:
        """Train on the candles of `train`, one pair an episode; `later` is not looked at."""
        from hydra_quant.rl.agents import train as teach  # brings stable-baselines3

        logs = terms.logs and terms.logs / self.name
        return teach(
            ALGO,
            self._environment(arena_of(grid, train, self.dealing, self.length), terms.seed),
            agent_options.training(self.parameters, terms.seed, logs),
            stop=terms.stop,
            progress=LogLines(self.name, logger),
        )

    def _environment(self, arena: Arena, seed: int) -> Trading:
        agent, last = self.dealing.agent, len(arena)
        try:
            return agent_training.environment(arena, last, self.parameters, agent, seed)
        except OperationalException as error:  # what ends an agent's training is one member's here
            raise ValueError(str(error)) from None

    def tell(self, model: Policy, grid: Grid, places: Ints) -> Floats:
        """Answer each place; NaN where a price of the candles to look at is not known.

        Raises
        ------
        ValueError
            When the policy was made for other features.
        """
        if model.names != names_of(grid):
            raise ValueError(f"the saved {self.name} is a policy for other features")
        back = places[:, 0, None] - np.arange(self.length - 1, -1, -1)
        pairs = places[:, 1, None]
        known = prices_of(grid).known[back, pairs].all(axis=1) & (back >= 0).all(axis=1)
        told = np.full(len(places), np.nan)
        if not known.any():
            return told
        seen = seen_of(grid.panel.values[back[known], pairs[known]])
        told[known] = 0.5 * (1.0 + self._exposure(self._targets(model, seen)))
        return told

    def _targets(self, model: Policy, seen: Floats32) -> Floats:
        """Targets from what is seen, shape (n, length, 2 * n_features); shape (n,)."""
        state = np.tile(np.array(FRESH, dtype=np.float32), (len(seen), 1))
        return model.decide(np.hstack([seen.reshape(len(seen), -1), state]))

    def _exposure(self, targets: Floats) -> Floats:
        """What targets come to from a fresh wallet."""
        out = np.abs(targets) <= self.dealing.agent.act_beyond
        out |= (targets < 0.0) & (not self.dealing.can_short)
        return np.where(out, 0.0, targets)

    def pack(self, model: Policy) -> tuple[dict[str, Any], bytes]:
        """Everything but weights and normaliser as JSON, these as safetensors."""
        about, payload = policy_file.parts(model)
        return {**json.loads(about), "sha256": model.sha256}, payload

    def unpack(self, about: Mapping[str, Any], payload: bytes) -> Policy:
        """Read the policy back and see that it is an agent of this kind, with its own weights."""
        where = f"the saved {self.name}"
        found = Policy(**policy_file.fields_of(about, payload, where, length=self.length))
        if (found.kind, found.space.kind) != (ALGO, "exposure"):
            raise Refused(f"{where} is a {found.kind} with {found.space.kind} actions")
        if found.sha256 != about["sha256"]:
            raise Refused(f"{where} holds other weights than it says")
        return found


def agent(name: str, given: Mapping[str, Any], dealing: Dealing, where: str) -> AgentMember:
    """Return the agent with its options checked.

    It is trained once for each fold and window: unless ``steps`` or ``mode`` is given, quickly.

    Raises
    ------
    OperationalException
        When an option is none, or its value is refused.
    """
    usual = {} if {"steps", "mode"} & {*given} else {"mode": "quick"}
    found = agent_options.resolved({**usual, **given}, ALGO, where)
    try:
        agent_options.training(found, 0).steps_each(found["n_envs"])
    except ValueError as error:
        raise OperationalException(f"{where}: {error}") from None
    return AgentMember(name, found, dealing)
