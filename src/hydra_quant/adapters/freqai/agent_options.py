"""What ``freqai.model_training_parameters`` may say to an agent."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from freqtrade.exceptions import OperationalException

from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.rewards import REWARDS

WHERE = "freqai.model_training_parameters"
OWN: dict[str, Any] = {"length": 1, "episode": 500, "n_envs": 64, "reward": "mixture"}
"""Of the environment, with their defaults; all others are fields of `AgentOptions`."""
OF_TRAINING = frozenset(field.name for field in fields(AgentOptions)) - {"seed", "logs"}


def resolved(given: Mapping[str, Any], algo: str, where: str = WHERE) -> dict[str, Any]:
    """Return the options of agent, environment and training in one dict; errors name `where`.

    Raises
    ------
    OperationalException
        Naming an option that there is not, or that is out of range.
    """
    found = {**OWN, **given}
    if unknown := sorted(set(found) - set(OWN) - OF_TRAINING):
        choice = ", ".join(sorted({*OWN, *OF_TRAINING}))
        raise OperationalException(f"{where}: {unknown[0]!r} is not among {choice}; remove it")
    try:
        if found.get("mode") == "resume":
            raise ValueError('"mode" is "full" or "quick": FreqAI trains each window anew')
        for name in ("length", "episode", "n_envs"):
            if not isinstance(found[name], int) or found[name] < 1:
                raise ValueError(f"{name} is {found[name]!r}: at least 1 would be right")
        if found["reward"] not in REWARDS:
            raise ValueError(f"reward is {found['reward']!r}: one of {', '.join(REWARDS)}")
        training(found, 0).whole(algo)
    except (TypeError, ValueError) as error:
        raise OperationalException(f"{where}: {error}") from None
    return found


def training(found: Mapping[str, Any], seed: int, logs: Path | None = None) -> AgentOptions:
    """Return what of it belongs to the training."""
    given = {key: found[key] for key in found if key in OF_TRAINING}
    if isinstance(given.get("hidden"), list):
        given["hidden"] = tuple(given["hidden"])
    return AgentOptions(**given, seed=seed, logs=logs)
