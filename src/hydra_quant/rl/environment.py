"""Episodes of trading, hundreds side by side: what an agent learns in."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.compiled import compiled
from hydra_quant.ledger.state import WALLET, Floats, Ints
from hydra_quant.rl.arena import Arena, Floats32
from hydra_quant.rl.desk import STATE, TOLD, Desk
from hydra_quant.rl.observation import Observer
from hydra_quant.rl.rewards import Moment, Reward
from hydra_quant.rl.spaces import Space
from hydra_quant.rl.starts import Mixed, Rows, Sampler, Starts

Info = dict[str, Any]
Step = tuple[Floats32, Floats, NDArray[np.bool_], NDArray[np.bool_], Info]


class _Part:
    """The environments of one arena; its desk works on views of what `Trading` holds."""

    def __init__(self, desk: Desk, observer: Observer, starts: Starts, span: slice) -> None:
        self.desk, self.observer, self.starts, self.span = desk, observer, starts, span


class Trading:
    """Environments whose ledger is that of freqtrade's backtester.

    An action at the close of a candle is filled at the open of the next. An episode ends
    (`terminated`) when the wallet is ruined, or is cut off (`truncated`) after `episode` candles or
    at the last row; the next one begins in the same step, so that the observation returned is the
    first of the new one and ``info["final_observation"]`` has the last of the old one.

    Parameters
    ----------
    arena : Arena or Mixed
    n_envs : environments side by side
    space : of actions
    reward : Reward
    episode : most candles in an episode
    portfolio : whether a wallet trades all pairs; otherwise one, drawn for each episode
    act_beyond : a smaller target means to be out of the market
    leverage : of every entry
    grown_before : deviation of what the agent is told equity had grown by (log) before an episode
        Short episodes know little growth; an agent that trades for months must not find its own
        wealth strange.
    ruin : an episode ends when equity is at most this share of its beginning
    seed : of where episodes begin
    sampler : Sampler, optional; see `starts`
    rows : (first, last), optional
        Candles of `first` and after, before `last`. Not with `Mixed`, whose parts have their own.

    Attributes
    ----------
    size : numbers seen of a pair
    dim : numbers in an observation: `size` for each pair
    names : of the numbers of a pair

    Raises
    ------
    ValueError
        When something does not fit, saying what.
    """

    def __init__(
        self,
        arena: Arena | Mixed,
        n_envs: int,
        *,
        space: Space,
        reward: Reward,
        episode: int = 500,
        portfolio: bool = False,
        act_beyond: float = 0.3,
        leverage: float = 1.0,
        grown_before: float = 0.0,
        ruin: float = 0.5,
        seed: int = 0,
        sampler: Sampler | None = None,
        rows: Rows | None = None,
    ) -> None:
        if n_envs < 1 or episode < 1:
            raise ValueError(f"n_envs is {n_envs}, episode is {episode}: at least 1 is right")
        if isinstance(arena, Mixed) and rows is not None:
            raise ValueError("rows are given with each arena of a mixture")
        shares = arena.shared(n_envs) if isinstance(arena, Mixed) else [(n_envs, arena, rows)]
        first = shares[0][1]
        k = len(first.pairs) if portfolio else 1
        for _, other, _ in shares if portfolio else []:
            if len(other.pairs) != k:
                raise ValueError(f"an arena has {len(other.pairs)} pairs, the first has {k}")
        if space.n_pairs != k:
            raise ValueError(f"the space is for {space.n_pairs} pairs, an episode has {k}")
        self.arena, self.n_envs, self.n_pairs = first, n_envs, k
        self.space, self.reward, self.episode, self.portfolio = space, reward, episode, portfolio
        self._hold(n_envs, k)
        self._parts: list[_Part] = []
        begin = 0
        for count, own, own_rows in shares:
            if not count:
                continue
            desk = Desk(own, count, k, act_beyond=act_beyond, leverage=leverage)
            span = slice(begin, begin + count)
            self._share(desk, span)
            starts = Starts(own, own_rows, portfolio, sampler)
            self._parts.append(_Part(desk, Observer(own), starts, span))
            self._last[span], self._ruined[span] = starts.last, ruin * own.rules.balance
            begin += count
        self.size = self._parts[0].observer.size
        self.dim, self.names = k * self.size, self._parts[0].observer.names
        self._rng = np.random.default_rng(seed)
        self._begun, self.grown_before = False, grown_before

    def _hold(self, n: int, k: int) -> None:
        self.wallets = np.zeros(n, dtype=WALLET)
        self.row: Ints = np.zeros(n, dtype=np.int64)
        self.pair: Ints = np.zeros((n, k), dtype=np.int64)
        self.equity, self.peak = np.zeros(n), np.zeros(n)
        self.state: Floats32 = np.zeros((n, k, len(STATE)), dtype=np.float32)
        self._told: Floats = np.zeros((n, len(TOLD)))
        self._last, self._age = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self._ruined, self._earned = np.zeros(n), np.zeros(n)

    def _share(self, desk: Desk, span: slice) -> None:
        desk.wallets, desk.row, desk.pair = self.wallets[span], self.row[span], self.pair[span]
        desk.equity, desk.peak = self.equity[span], self.peak[span]
        desk.state, desk.told = self.state[span], self._told[span]

    def reset(self, seed: int | None = None) -> Floats32:
        """Begin every episode anew; return observations, float32 of shape (n_envs, dim)."""
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        out = np.empty((self.n_envs, self.n_pairs, self.size), dtype=np.float32)
        self._age[:], self._earned[:] = 0, 0.0
        self._begin(np.ones(self.n_envs, dtype=np.bool_), out)
        self._begun = True
        return out.reshape(self.n_envs, self.dim)

    def step(self, actions: NDArray[Any]) -> Step:
        """Let every environment live through its next candle.

        Parameters
        ----------
        actions : array of shape (n_envs, *space.shape)

        Returns
        -------
        observation : float32 array of shape (n_envs, dim)
        reward : float array of shape (n_envs,)
        terminated, truncated : bool arrays of shape (n_envs,)
        info : dict of arrays over environments
            ``final_mask``: whether an episode has ended; ``equity``, ``drawdown`` (share of the
            peak, at most 0), ``episode_return`` (sum of rewards) and ``episode_length`` (candles),
            before a new one began. And ``final_observation``, shape (n_ended, dim): the last
            observations of the episodes that have ended, in their order.

        Raises
        ------
        ValueError
            When an action is outside the space, or before `reset`; no candle has passed then.
        """
        if not self._begun:
            raise ValueError("reset() comes before the first step()")
        targets = self.space.targets(actions)
        if len(targets) != self.n_envs:
            raise ValueError(f"there are {len(targets)} actions for {self.n_envs} environments")
        reward = self.reward(self._advance(targets))
        ruined, cut, done = np.empty((3, self.n_envs), dtype=np.bool_)
        figures, lengths = np.empty((3, self.n_envs)), np.empty(self.n_envs, dtype=np.int64)
        ended = _count(
            *(reward, self.equity, self.peak, self._ruined, self.row, self._last, self.episode),
            *(self._age, self._earned, ruined, cut, done, figures, lengths),
        )
        seen = np.empty((self.n_envs, self.n_pairs, self.size), dtype=np.float32)
        for part in self._parts:
            part.observer.observe(part.desk, out=seen[part.span])
        info = {
            "final_mask": done,
            "final_observation": seen[done].reshape(-1, self.dim),
            **dict(zip(("equity", "drawdown", "episode_return"), figures, strict=True)),
            "episode_length": lengths,
        }
        if ended:
            self._begin(done, seen)
        return seen.reshape(self.n_envs, self.dim), reward, ruined, cut, info

    def _advance(self, targets: Floats) -> Moment:
        for part in self._parts:
            part.desk.advance(targets[part.span])
        equity, peak, *orders = self._told.T.copy()
        start = self.wallets["start"]
        return Moment(start, equity, self.equity, peak, self.peak, *orders)

    def _begin(self, mask: NDArray[np.bool_], seen: Floats32) -> None:
        for part in self._parts:
            which = np.flatnonzero(mask[part.span])
            if len(which):
                rows, pairs = part.starts.draw(self._rng, len(which))
                before = np.zeros(len(which))
                if self.grown_before:
                    before = self._rng.normal(0.0, self.grown_before, len(which))
                part.desk.reset(which, rows, pairs, before)
                part.observer.observe(part.desk, which, seen[part.span])
        self.reward.reset(mask)


@compiled
def _count(
    reward: Floats,
    equity: Floats,
    peak: Floats,
    least: Floats,
    row: Ints,
    last: Ints,
    episode: int,
    age: Ints,
    earned: Floats,
    ruined: NDArray[np.bool_],
    cut: NDArray[np.bool_],
    done: NDArray[np.bool_],
    figures: Floats,
    lengths: Ints,
) -> int:
    """Add a candle to every episode, write down which end with it, and return how many do.

    `figures`: equity, drawdown and sum of rewards, shape (3, n).
    """
    ended = 0
    for n in range(len(equity)):
        age[n] += 1
        earned[n] += reward[n]
        ruined[n] = equity[n] <= least[n]
        cut[n] = not ruined[n] and (age[n] >= episode or row[n] >= last[n])
        done[n] = ruined[n] or cut[n]
        figures[0, n], figures[1, n] = equity[n], equity[n] / peak[n] - 1.0
        figures[2, n], lengths[n] = earned[n], age[n]
        if done[n]:
            age[n], earned[n], ended = 0, 0.0, ended + 1
    return ended
