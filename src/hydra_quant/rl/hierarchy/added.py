"""The report on a hierarchy's levels: how each combination went, and what each level adds."""

from dataclasses import dataclass

import numpy as np

from hydra_quant.ledger.state import Floats

FLAT, HOLD = "flat", "hold"
TACTICAL, STRATEGIC = "tactical alone", "strategic alone"
BOTH, ALL, JOINT = "strategic + tactical", "all three", "all three, jointly trained"

_ADDS = {
    "strategic": (TACTICAL, BOTH),
    "tactical": (STRATEGIC, BOTH),
    "execution": (BOTH, ALL),
    "joint training": (ALL, JOINT),
}


@dataclass(frozen=True)
class Measured:
    """How one wallet went.

    Attributes
    ----------
    growth : log of equity at the end over its start
    drawdown : deepest fall from a peak, share above 0
    trades : closed ones
    """

    growth: float
    drawdown: float
    trades: int


@dataclass(frozen=True)
class Added:
    """What a level adds to the growth of those below it, seed by seed.

    Attributes
    ----------
    median, least, most : of the differences over seeds
    better : share of the seeds in which it adds anything
    """

    median: float
    least: float
    most: float
    better: float

    @property
    def nothing(self) -> bool:
        """Whether it adds nothing: not above 0 in the median seed."""
        return not self.median > 0.0


@dataclass(frozen=True)
class Ablation:
    """The report.

    Attributes
    ----------
    seeds : tuple of int
    variants : dict of name to one `Measured` a seed
    saved_bp : of each seed, what the execution level saves against market orders at once
        An estimate, see `costs`: the variants with it have fees lower by this much; the ledger's
        fills stay what they are.
    headers : what is said of a variant in `rows`
    """

    seeds: tuple[int, ...]
    variants: dict[str, tuple[Measured, ...]]
    saved_bp: tuple[float, ...]
    headers = ("growth", "deepest drawdown", "trades closed")

    def growth(self, name: str) -> Floats:
        """Return the growth of a variant in each seed."""
        return np.array([measured.growth for measured in self.variants[name]])

    def added(self) -> dict[str, Added]:
        """Return what each level adds, and training jointly."""
        found = {}
        for name, (below, above) in _ADDS.items():
            apart = self.growth(above) - self.growth(below)
            better = float((apart > 0.0).mean())
            least, middle, most = np.quantile(apart, (0.0, 0.5, 1.0)).tolist()
            found[name] = Added(middle, least, most, better)
        return found

    def above(self, name: str, other: str) -> float:
        """Return the share of the seeds in which a variant grows more than another."""
        return float((self.growth(name) > self.growth(other)).mean())

    def rows(self) -> list[list[str]]:
        """Return a row of words a variant: its name, then median (least to most) of `headers`."""
        return [
            [
                name,
                _range([m.growth for m in measured], "{:+.4f}"),
                _range([m.drawdown for m in measured], "{:.1%}"),
                _range([float(m.trades) for m in measured], "{:.0f}"),
            ]
            for name, measured in self.variants.items()
        ]

    def said(self) -> list[str]:
        """Return in words what each level adds, and which stand above flat and hold."""
        saved = _range(list(self.saved_bp), "{:+.2f}")
        where = "basis points an order after the last phase (an estimate: a cost input)"
        out = [f"Execution saves {saved} {where}."]
        for name, found in self.added().items():
            adds = "adds nothing" if found.nothing else f"adds {found.median:+.4f}"
            spread = f"{found.least:+.4f} to {found.most:+.4f}"
            out.append(f"{name}: {adds} ({spread}; above 0 in {found.better:.0%} of the seeds)")
        for name in (TACTICAL, BOTH, ALL, JOINT):
            flat, hold = self.above(name, FLAT), self.above(name, HOLD)
            out.append(f"{name}: above flat in {flat:.0%} of the seeds, above hold in {hold:.0%}")
        return out

    def lines(self) -> list[str]:
        """Return the report in Markdown: medians with the range over seeds, never the best."""
        return [
            f"Over {len(self.seeds)} seeds: median (least to most). Growth is the log of equity.",
            "",
            f"| variant | {' | '.join(self.headers)} |",
            "|---" * (1 + len(self.headers)) + "|",
            *(f"| {' | '.join(row)} |" for row in self.rows()),
            "",
            *self.said(),
        ]

    def and_then(self, later: "Ablation") -> "Ablation":
        """Return the report with more seeds of the same variants on the same candles."""
        return Ablation(
            self.seeds + later.seeds,
            {name: own + later.variants[name] for name, own in self.variants.items()},
            self.saved_bp + later.saved_bp,
        )


def _range(values: list[float], form: str) -> str:
    least, middle, most = (form.format(v) for v in np.quantile(values, (0.0, 0.5, 1.0)))
    return f"{middle} ({least} to {most})"
