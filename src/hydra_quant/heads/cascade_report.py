"""What the fitted cascade model is worth on candles after those it learned from, beside two rivals.

The rivals learn nothing: `regimes.cascade.PRIOR`, and a constant (the share of cascades so far).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.cascade_rows import CascadeRows, Numbers, fit, too_few
from hydra_quant.heads.windows import walk_forward
from hydra_quant.regimes.cascade import PRIOR
from hydra_quant.validation.block_bootstrap import Interval, intervals
from hydra_quant.validation.scores import Ranking, auc, brier, ece, mean

Floats = NDArray[np.float64]
Asked = Callable[[str, float], None]
Figures = dict[str, Interval]
DAY_S = 86_400
RIVALS = ("fitted", "prior", "constant")


class TooFew(ValueError):
    """There are not enough cascades to judge; the text says how many."""


@dataclass(frozen=True)
class Judging:
    """How the model is judged.

    Attributes
    ----------
    folds : test blocks of the walk
    first : share of the time before the first test block
    block_days : length of the blocks that are drawn again; longer than cascades cluster
    draws : how often
    seed : of the draws
    """

    folds: int = 4
    first: float = 0.4
    block_days: int = 14
    draws: int = 200
    seed: int = 7


@dataclass(frozen=True)
class CascadeReport:
    """What came out.

    Attributes
    ----------
    whole : figures of all tested rows, see `measured`
    folds : of each test block
    n, n_rows : rows tested, and rows with a known outcome
    candle_minutes : of the data
    """

    whole: Figures
    folds: tuple[Figures, ...]
    n: int
    n_rows: int
    candle_minutes: int

    @property
    def verdict(self) -> str:
        """One line: does the fitted model rank better than the prior, and know the base rate?"""
        gain, skill = self.whole["auc_gain"], self.whole["brier_gain"]
        ranks = _compared(gain, "the prior")
        tells = _compared(skill, "the constant")
        return (
            f"ranks {ranks} ({gain.value:+.3f} AUC, {gain.low:+.3f} to {gain.high:+.3f}); Brier "
            f"{tells} ({skill.value:+.1%} skill, {skill.low:+.1%} to {skill.high:+.1%})"
        )

    def as_json(self) -> dict[str, Any]:
        """Plain numbers; None where not known."""
        return {
            "candle_minutes": self.candle_minutes,
            "rows": self.n_rows,
            "tested": self.n,
            "verdict": self.verdict,
            **_plain(self.whole),
            "folds": [_plain(part) for part in self.folds],
        }


def judge(
    data: CascadeRows,
    above: float,
    candle_minutes: int,
    judging: Judging | None = None,
    told: Asked | None = None,
) -> CascadeReport:
    """Walk the model forward and measure it, beside the prior and the constant.

    Every test block is answered by a model fitted, and calibrated, on rows whose outcomes were
    known before the block began.

    Parameters
    ----------
    data : CascadeRows
    above : ``Regimes.cascade_above``
    candle_minutes : width of a candle
    judging : Judging
    told : progress: what is done now, and the share that is done

    Raises
    ------
    TooFew
        When no test block has enough cascades before it.
    """
    judging = judging or Judging()
    at, fold, said, alarmed = _walk(data, above, judging, told or (lambda what, done: None))
    label, times = data.label[at], data.rows.times[at]

    def part(where: NDArray[np.bool_]) -> Figures:
        return intervals(
            measured(said[:, where], alarmed[:, where], label[where]),
            times[where],
            block_seconds=judging.block_days * DAY_S,
            draws=judging.draws,
            seed=judging.seed,
        )

    return CascadeReport(
        part(np.ones(len(at), bool)),
        tuple(part(fold == number) for number in np.unique(fold)),
        len(at),
        len(data),
        candle_minutes,
    )


def measured(
    said: Floats, alarmed: NDArray[np.bool_], label: Floats
) -> Callable[[Floats], Mapping[str, Floats]]:
    """Figures as a function of weights (n_draws, n_rows), for `intervals`.

    Of each rival ``auc``, ``brier``, ``ece``; of fitted and prior ``share_alarm`` (of candles above
    the threshold) and ``alarms_right`` (share of those before a cascade); ``auc_gain`` (fitted
    minus prior), ``brier_gain`` (1 - fitted / constant) and ``base_rate``.

    Parameters
    ----------
    said : array of shape (3, n_rows), probabilities of `RIVALS`
    alarmed : array of shape (2, n_rows), of the first two
    label : array of shape (n_rows,), 1 or 0
    """
    rankings = [Ranking.of(values) for values in said]

    def measure(weight: Floats) -> Mapping[str, Floats]:
        found: dict[str, Floats] = {"base_rate": mean(label, weight)}
        for name, ranking, values in zip(RIVALS, rankings, said, strict=True):
            found[f"{name}_auc"] = auc(ranking, label, weight)
            found[f"{name}_brier"] = brier(values, label, weight)
            found[f"{name}_ece"] = ece(values, label, weight)
        for name, up in zip(RIVALS, alarmed, strict=False):
            found[f"{name}_share_alarm"] = mean(up.astype(np.float64), weight)
            found[f"{name}_alarms_right"] = mean(label[up], weight[:, up])
        found["auc_gain"] = found["fitted_auc"] - found["prior_auc"]
        found["brier_gain"] = 1.0 - found["fitted_brier"] / found["constant_brier"]
        return found

    return measure


def _walk(
    data: CascadeRows, above: float, judging: Judging, told: Asked
) -> tuple[Numbers, Numbers, Floats, NDArray[np.bool_]]:
    """Rows tested, the test block of each, what was said of it, and whether that is an alarm."""
    found = []
    before = np.arange(0)
    steps = walk_forward(
        data.rows.times, folds=judging.folds, purge_s=data.reach_s, first=judging.first
    )
    for number, window in enumerate(steps):
        told(f"fold {number + 1}", number / judging.folds)
        before = window.train
        model = fit(data, window.train, window.later, above)
        if model is None:
            continue
        inputs = data.rows.features[window.test]
        base = data.label[np.union1d(window.train, window.later)].mean()
        prior = PRIOR.predict(inputs)
        said = np.stack([model.predict(inputs), prior, np.full(len(inputs), base)])
        alarmed = np.stack([model.alarm(inputs), prior]) > above
        found.append((window.test, np.full(len(inputs), number), said, alarmed))
    if not found:
        raise TooFew(too_few(data, before))
    at, fold, all_said, all_alarmed = zip(*found, strict=True)
    return (
        np.concatenate(at),
        np.concatenate(fold),
        np.concatenate(all_said, axis=1),
        np.concatenate(all_alarmed, axis=1),
    )


def _compared(gain: Interval, rival: str) -> str:
    if gain.holds(0.0):
        return f"no different from {rival}"
    return f"{'better' if gain.value > 0 else 'worse'} than {rival}"


def _plain(figures: Figures) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    return {
        name: {"value": number(of.value), "low": number(of.low), "high": number(of.high)}
        for name, of in figures.items()
    }
