"""What the gate's blocks earned or cost, against random gates that block as much."""

from dataclasses import dataclass

import numpy as np

from hydra_quant.news.gate_blocks import blocks_of, ratios
from hydra_quant.news.gate_outcomes import alone, block_seconds
from hydra_quant.news.gate_prices import Floats, Ints
from hydra_quant.news.gate_trades import Candidates, Flags, turned, walk
from hydra_quant.validation.block_bootstrap import Interval

FEWEST = 30
ALMOST_ALL = 0.95
# Random gates in one go: 16 MB of shares for 8,000 entries.
_AT_ONCE = 250


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
        Share of the random gates whose gain, by its own standard error, is at least as large; the
        gate itself counts as one of them (Phipson & Smyth 2010).
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
    base = alone(found)
    days = blocks_of(found.enter_ms // 1000, block_seconds(found))
    turns = np.random.default_rng(seed).random(gates)
    real, taken = _earned(found, days, np.zeros(1))
    chance, _ = _earned(found, days, turns)
    usual = chance.mean(axis=0)
    without = float(1e4 * found.net[base].sum())
    random = chance.sum(axis=1) - without
    low, high = np.quantile(random, (0.025, 0.975))
    trades = np.bincount(days[base], minlength=len(usual)).astype(float)
    more = {"gain": real[0] - usual}
    gain = ratios(more, np.full(len(usual), 1.0 / len(usual)), draws, seed)["gain"]
    each = ratios(more, trades, draws, seed)["gain"]
    # The slack is rounding: the same trades summed up in another order are as good.
    as_good = int((_sureness(chance - usual) >= _sureness(real - usual) - 1e-9).sum())
    return Worth(
        entries=len(base),
        vetoed=int((found.share == 0).sum()),
        trades=int(base.sum()),
        touched=int((base & (found.share < 1)).sum()),
        gated=int(taken.sum()),
        without=without,
        with_gate=float(real.sum()),
        random_mean=float(random.mean()),
        random_low=float(low),
        random_high=float(high),
        gain=gain,
        gain_each=each,
        p_value=(1 + as_good) / (1 + gates),
        block_hours=block_seconds(found) / 3600,
    )


def _earned(found: Candidates, days: Ints, turns: Floats) -> tuple[Floats, Flags]:
    """What the gate earns, turned round by these parts.

    Returns
    -------
    bps, shape (n_gates, n_blocks), by when trades began; and the trades of the first gate.
    """
    earned = np.zeros((len(turns), int(days.max()) + 1))
    first = np.zeros(len(found.net), bool)
    for of in found.pairs():
        own, starts = np.unique(days[of], return_index=True)
        for begin in range(0, len(turns), _AT_ONCE):
            at = slice(begin, begin + _AT_ONCE)
            share = turned(found.side[of], found.share[of], turns[at])
            taken = walk(found.enter_ms[of], found.leave_ms[of], share > 0)
            kept = np.where(taken, share, 0.0) * (1e4 * found.net[of])
            earned[at, own] += np.add.reduceat(kept, starts, axis=1)
            if begin == 0:
                first[of] = taken[0]
    return earned, first


def _sureness(more: Floats) -> Floats:
    """Sums over blocks of time by their own standard errors, shape (n_gates,).

    Random gates are compared by these and not by their sums (a studentised permutation test, Chung
    & Romano 2013): vetoes that real news brings to many pairs at once vary more than random ones,
    which would make a lucky gate look rare. 0 where nothing varies.
    """
    spread = np.sqrt(more.shape[1]) * more.std(axis=1)
    sure: Floats = np.zeros(len(more))
    np.divide(more.sum(axis=1), spread, out=sure, where=spread > 1e-9)
    return sure


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
