"""An agent's environment, and how it fares on candles that it has not learned from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from freqtrade.exceptions import OperationalException

from hydra_quant.rl.arena import Arena
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.policy import Policy
from hydra_quant.rl.rewards import REWARDS
from hydra_quant.rl.rollout import rollout
from hydra_quant.rl.spaces import Exposure
from hydra_quant.settings import Agent

GROWN_BEFORE = 0.4
"""What an agent that has traded for months is told of its equity: halved, or grown by half."""


def environment(
    arena: Arena, last: int, given: Mapping[str, Any], agent: Agent, seed: int
) -> Trading:
    """Return episodes of every pair on the rows before `last`.

    Raises
    ------
    OperationalException
        When the options and the candles do not allow any.
    """
    try:
        return Trading(
            arena,
            int(given["n_envs"]),
            space=Exposure(1),
            reward=REWARDS[given["reward"]](),
            episode=int(given["episode"]),
            act_beyond=agent.act_beyond,
            leverage=agent.leverage,
            seed=seed,
            grown_before=GROWN_BEFORE,
            rows=(0, last),
        )
    except ValueError as error:
        raise OperationalException(f"no agent can be trained: {error}") from None


def health(policy: Policy, arena: Arena, first: int, agent: Agent) -> dict[str, float]:
    """Return how it fares from the row `first` on, all pairs with one wallet.

    Raises
    ------
    OperationalException
        When an answer is no target, naming candle and pair.
    """
    if len(arena) - first < 2:
        return {}
    act_beyond, leverage = agent.act_beyond, agent.leverage
    rows = first, len(arena)
    try:
        found = rollout(policy.decide, arena, *rows, act_beyond=act_beyond, leverage=leverage)
    except ValueError as error:
        raise OperationalException(f"the agent's answer: {error}") from None
    fallen = found.equity / np.maximum.accumulate(found.equity) - 1.0
    return {
        "return": float(found.equity[-1] / found.equity[0] - 1.0),
        "drawdown": float(fallen.min()),
        "trades": float(len(found.trades)),
    }
