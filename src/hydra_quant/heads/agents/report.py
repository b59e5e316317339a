"""Everything that an evaluation of agents found, as JSON values."""

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from hydra_quant.heads.agents.figures import Fared, spreads
from hydra_quant.heads.agents.ground import Ground, describe
from hydra_quant.heads.agents.plan import Block
from hydra_quant.heads.agents.rivals import RANDOM
from hydra_quant.heads.agents.walk import Walked


def as_json(ground: Ground, walked: Walked) -> dict[str, Any]:
    """Return all figures; what is not known is None."""
    found = walked.verdict
    told = {
        "data": describe(ground),
        "blocks": [block_as_json(ground, block) for block in walked.blocks],
        "seeds": list(walked.seeds),
        "interrupted": walked.interrupted,
        "agents": {
            "by_seed": [one.described() for one in walked.agents],
            "spread": {name: asdict(one) for name, one in spreads(walked.agents).items()},
            "sharpe": found.sharpe._asdict(),
        },
        "rivals": {name: one.described() for name, one in walked.fixed.items()},
        RANDOM: {name: asdict(one) for name, one in spreads(walked.chance).items()},
        "against": {
            one.name: {"over": one.over._asdict(), "luck": one.luck, "beaten": one.beaten}
            for one in found.against
        },
        "edge": found.edge,
        "verdict": found.line,
    }
    known: dict[str, Any] = _known(told)
    return known


def block_as_json(ground: Ground, block: Block) -> dict[str, int]:
    """Return when a block's candles open."""
    opens = ground.opens_ms
    return {
        "train_from_ms": int(opens[block.train[0]]),
        "train_last_ms": int(opens[block.train[1] - 1]),
        "test_from_ms": int(opens[block.test[0]]),
        "test_last_ms": int(opens[block.test[1] - 1]),
    }


def _known(told: Any) -> Any:
    if isinstance(told, Mapping):
        return {name: _known(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_known(value) for value in told]
    return None if isinstance(told, float) and not isfinite(told) else told


def rows_of(walked: Walked) -> dict[str, tuple[Fared, ...]]:
    """Return the wallets of each line of a table: the agents, what stands beside them, chance."""
    fixed = {name: (one,) for name, one in walked.fixed.items()}
    return {"agents": walked.agents, **fixed, RANDOM: walked.chance}
