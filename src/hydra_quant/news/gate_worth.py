"""What the gate's blocks earned or cost, against random gates that block as much."""

from dataclasses import dataclass

import numpy as np

from hydra_quant.news.gate_agreement import DAY_S, means
from hydra_quant.news.gate_prices import Floats
from hydra_quant.news.gate_trades import Candidates, Flags, turned, walk
from hydra_quant.news.verdict import ACTIONS
from hydra_quant.validation.block_bootstrap import Interval, intervals

NO_ANALYSIS = "no analysis"
THROUGH, REDUCED, ALL = "let through", "reduced", "all wanted"
FEWEST = 30
ALMOST_ALL = 0.95
# Random gates in one go: 16 MB of shares for 8,000 entries.
_AT_ONCE = 250


@dataclass(frozen=True)
class Outcome:
    """What wanted trades of one kind would have earned with a full stake.

    Attributes
    ----------
    what : str
        The verdict that blocked them (one of `ACTIONS`, or `NO_ANALYSIS`), `REDUCED`, `THROUGH`
        or `ALL`.
    n : int
    net_bps : Interval
        Mean, after the costs of a round trip.
    hit_rate : Interval
        Share with a gain.
    """

    what: str
    n: int
    net_bps: Interval
    hit_rate: Interval


def outcomes(found: Candidates, draws: int, seed: int) -> tuple[Outcome, ...]:
    """Sort the trades that come about without a gate by what the gate said as they began.

    A position occupies its pair until it ends, so that a signal that lasts is one trade.
    """
    base = _alone(found)
    vetoed = found.share == 0
    kinds = {
        name: vetoed & (found.verdict == code)
        for code, name in [*enumerate(ACTIONS), (-1, NO_ANALYSIS)]
    }
    kinds |= {
        REDUCED: ~vetoed & (found.share < 1),
        THROUGH: found.share >= 1,
        ALL: np.ones(len(base), bool),
    }
    return tuple(_outcome(name, found, base & of, draws, seed) for name, of in kinds.items())


def _alone(found: Candidates) -> Flags:
    """The trades that come about without a gate."""
    taken = np.zeros(len(found.net), bool)
    for of in found.pairs():
        enter, leave = found.enter_ms[of], found.leave_ms[of]
        taken[of] = walk(enter, leave, np.ones((1, len(enter)), bool))[0]
    return taken


def _outcome(what: str, found: Candidates, of: Flags, draws: int, seed: int) -> Outcome:
    net = found.net[of]
    values = {"net_bps": 1e4 * net, "hit_rate": (net > 0).astype(float)}
    times = found.enter_ms[of] // 1000
    return Outcome(what, len(net), **means(values, times, block_seconds(found), draws, seed))


def block_seconds(found: Candidates) -> int:
    """Length of the bootstrap's blocks: a day, or the longest trade."""
    return max(DAY_S, int((found.leave_ms - found.enter_ms).max(initial=0)) // 1000)


@dataclass(frozen=True)
class Worth:
    """The gate's marginal profit; sums are bps of one full stake.

    Attributes
    ----------
    entries, vetoed : int
        Candles on which an entry was wanted, and those of them that the gate vetoed.
    trades, touched, gated : int
        Trades without a gate; those of them that it vetoed or reduced; trades with it.
    without, with_gate : float
        What trades without and with the gate earned.
    random_mean, random_low, random_high : float
        What random gates made of the same trades, mean and 95 % range, less `without`.
    gain : Interval
        The gate's sum less the random gates' mean.
    gain_each : Interval
        The same a trade (of those without a gate).
    p_value : float
        Share of the random gates that did at least as well; the gate itself counts as one of them
        (Phipson & Smyth 2010).
    block_hours : float
        Length of the bootstrap's blocks.
    """

    entries: int
    vetoed: int
    trades: int
    touched: int
    gated: int
    without: float
    with_gate: float
    random_mean: float
    random_low: float
    random_high: float
    gain: Interval
    gain_each: Interval
    p_value: float
    block_hours: float

    @property
    def marginal(self) -> float:
        """What the gate added to the sum of all wanted trades, bps of one full stake."""
        return self.with_gate - self.without

    @property
    def marginal_each(self) -> float:
        """The same a trade (of those without a gate)."""
        return self.marginal / self.trades if self.trades else np.nan

    @property
    def verdict(self) -> str:
        """The same in words."""
        return judge(self)


def worth(found: Candidates, gates: int, draws: int, seed: int) -> Worth:
    """Weigh the gate against `gates` random ones (see `turned`), all walked in the same way.

    A veto keeps one entry out; a signal that lasts longer than the veto enters later, with this
    gate as with the random ones.

    Parameters
    ----------
    found : at least one
    gates, draws : random gates; draws of the bootstrap
    seed : the same seed, the same figures
    """
    base = _alone(found)
    turns = np.random.default_rng(seed).random(gates)
    real, taken = _earned(found, np.zeros(1))
    chance, _ = _earned(found, turns)
    mine, usual = real.by_entry, chance.by_entry
    without = float(1e4 * found.net[base].sum())
    random = chance.totals - without
    low, high = np.quantile(random, (0.025, 0.975))
    # A hundredth of a basis point: the same trades summed up in another order are as good.
    as_good = int((chance.totals >= real.totals[0] - 0.01).sum())
    gain, each = _gain(mine - usual, base, found, draws, seed)
    return Worth(
        entries=len(base),
        vetoed=int((found.share == 0).sum()),
        trades=int(base.sum()),
        touched=int((base & (found.share < 1)).sum()),
        gated=int(taken.sum()),
        without=without,
        with_gate=float(real.totals[0]),
        random_mean=float(random.mean()),
        random_low=float(low),
        random_high=float(high),
        gain=gain,
        gain_each=each,
        p_value=(1 + as_good) / (1 + gates),
        block_hours=block_seconds(found) / 3600,
    )


@dataclass(frozen=True)
class _Earned:
    """Sums of gates, shape (n_gates,), and the gates' mean by entry, shape (n,); bps."""

    totals: Floats
    by_entry: Floats


def _earned(found: Candidates, turns: Floats) -> tuple[_Earned, Flags]:
    """What the gate earns turned round by these parts, and the trades of the first of them."""
    totals = np.zeros(len(turns))
    by_entry = np.zeros(len(found.net))
    first = np.zeros(len(found.net), bool)
    for of in found.pairs():
        net = 1e4 * found.net[of]
        for begin in range(0, len(turns), _AT_ONCE):
            at = slice(begin, begin + _AT_ONCE)
            share = turned(found.side[of], found.share[of], turns[at])
            taken = walk(found.enter_ms[of], found.leave_ms[of], share > 0)
            kept = np.where(taken, share, 0.0)
            totals[at] += kept @ net
            by_entry[of] += kept.sum(axis=0) * net / len(turns)
            if begin == 0:
                first[of] = taken[0]
    return _Earned(totals, by_entry), first


def _gain(
    more: Floats, base: Flags, found: Candidates, draws: int, seed: int
) -> tuple[Interval, Interval]:
    counted = base.astype(float)

    def measure(weights: Floats) -> dict[str, Floats]:
        sums, trades = weights @ more, weights @ counted
        each = np.divide(sums, trades, out=np.full(len(sums), np.nan), where=trades > 0)
        return {"gain": sums, "each": each}

    times = found.enter_ms // 1000
    figures = intervals(measure, times, block_seconds=block_seconds(found), draws=draws, seed=seed)
    return figures["gain"], figures["each"]


def judge(found: Worth) -> str:
    """Say what the gate was worth; a claim needs the interval clear of 0 and few luckier gates."""
    if not found.touched:
        return "the gate blocked no trade: it earned and cost nothing."
    if found.touched < FEWEST:
        return (
            f"too few blocked trades to tell: {found.touched} of {found.trades}, and fewer than "
            f"{FEWEST} say nothing either way."
        )
    low, high = found.gain_each.low, found.gain_each.high
    if not np.isfinite([low, high]).all():
        return f"too short to tell: all within one block of {found.block_hours:.0f} h."
    figures = (
        f"{found.gain_each.value:+.1f} bps a trade against a random gate that blocks as much "
        f"(95 %: {low:+.1f} to {high:+.1f}); {found.p_value:.1%} of random gates did at least as "
        "well."
    )
    if low > 0 and found.p_value <= 1 - ALMOST_ALL:
        spent = (
            ""
            if found.marginal > 0
            else f" Yet what it blocked earned more than its choice: {found.marginal:+.0f} bps."
        )
        return f"the gate chose better than chance in this one history: {figures}{spent}"
    if high < 0 and found.p_value >= ALMOST_ALL:
        return f"the gate costs money: {figures}"
    return f"no evidence that the gate earns anything: {figures}"
