"""What stands beside agents: out of the market, held, the momentum vote, and their own shadows."""

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.agents.figures import Traded
from hydra_quant.heads.agents.ground import Ground
from hydra_quant.heads.agents.terms import held
from hydra_quant.rl.arena import Arena, Floats32
from hydra_quant.rl.desk import Desk
from hydra_quant.rl.rollout import Rollout, rollout

Floats = NDArray[np.float64]
FLAT, HOLD, MOMENTUM, RANDOM = "flat", "hold", "momentum", "random"
FIXED = (FLAT, HOLD, MOMENTUM)


def followed(
    targets: Floats, arena: Arena, first: int, *, act_beyond: float, leverage: float
) -> Rollout:
    """Return what one wallet comes to that follows these targets, shape (rows, n_pairs)."""
    coming = iter(targets)

    def act(observations: Floats32) -> Floats:
        return np.asarray(next(coming))

    last = first + len(targets)
    return rollout(act, arena, first, last, act_beyond=act_beyond, leverage=leverage)


def fixed(
    name: str, ground: Ground, first: int, last: int, *, act_beyond: float, leverage: float
) -> Rollout:
    """Return what one of `FIXED` comes to over rows from `first`, before `last`.

    hold buys every pair with an equal stake at the first chance and keeps it: without the stop and
    the resizing of an agent, and without its leverage. momentum holds the share of a whole stake
    that the vote of `signals.momentum` says, under an agent's own rules.
    """
    shape = (last - first, len(ground.arena.pairs))
    if name == HOLD:
        arena = ground.under(held(ground.arena.rules))
        return followed(np.ones(shape), arena, first, act_beyond=act_beyond, leverage=1.0)
    targets = np.zeros(shape) if name == FLAT else ground.momentum[first:last]
    return followed(targets, ground.arena, first, act_beyond=act_beyond, leverage=leverage)


def shadows(
    targets: Floats,
    ground: Ground,
    first: int,
    *,
    count: int,
    seed: int,
    act_beyond: float,
    leverage: float,
) -> list[Traded]:
    """Return agents by chance with the turnover of an agent: what it did, at other times.

    Its targets of all pairs are moved along the test stretch by a drawn number of candles, what
    leaves at the end enters at the beginning. So they hold as long, as much and as often, on both
    sides and in all pairs at once as it did; only the moments are chance. Fees and resizing then
    hang on the prices they meet.

    Parameters
    ----------
    targets : array of shape (rows, n_pairs), those of the agent
    ground : Ground
    first : row of the first target
    count : how many
    seed : of the draws
    act_beyond, leverage : see `Desk`
    """
    rows, n_pairs = targets.shape
    least = max(1, rows // 50)
    rng = np.random.default_rng([seed, 2])
    moved = rng.integers(least, max(least + 1, rows - least), size=count)
    desk = Desk(ground.arena, count, n_pairs, act_beyond=act_beyond, leverage=leverage)
    everyone = np.broadcast_to(np.arange(n_pairs), (count, n_pairs))
    desk.reset(np.arange(count), np.full(count, first), everyone)
    equity, held_ = [desk.equity.copy()], np.zeros(count, dtype=np.int64)
    for at in range(min(rows, len(ground.arena) - 1 - first)):
        desk.advance(targets[(at - moved) % rows])
        equity.append(desk.equity.copy())
        held_ += (desk.positions["side"] != 0).sum(axis=1)
    running = np.where(desk.positions["side"] != 0, desk.positions["funding_running"], 0.0)
    paths = np.stack(equity, axis=1)
    return [
        Traded(
            *(first, paths[n], desk.wallets[n]),
            *(float(running[n].sum()), int(held_[n]), n_pairs),
        )
        for n in range(count)
    ]
