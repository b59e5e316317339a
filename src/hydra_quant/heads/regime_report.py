"""What the regime classifier is worth on candles after those it learned from, beside two rivals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.macro_f1 import f1_by_class, macro_f1
from hydra_quant.heads.regime import RegimeModel
from hydra_quant.heads.regime_features import NAMES
from hydra_quant.heads.regime_rows import Label, RegimeRows
from hydra_quant.heads.windows import walk_forward
from hydra_quant.labels.regimes import REGIMES
from hydra_quant.settings import Regimes
from hydra_quant.validation.block_bootstrap import Interval, intervals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Told = Callable[[str, float], None]
Figures = dict[str, Interval]
DAY_S = 86_400
N = len(REGIMES)
RIVALS = ("classifier", "persistence", "rule")
KEYS = (
    *(f"{name}_macro_f1" for name in RIVALS),
    *("over_persistence", "over_rule"),
    *(f"{name}_accuracy" for name in RIVALS),
)


class TooFew(ValueError):
    """There are not enough candles to judge; the text says how many."""


@dataclass(frozen=True)
class Judging:
    """How the regime classifier is judged.

    Attributes
    ----------
    folds : test blocks of the walk
    first : share of the time before the first test block
    block_days : length of the blocks that are drawn again; longer than regimes last
    draws : how often
    seed : of models and draws
    min_rows : a test block with fewer rows before it is left out
    """

    folds: int = 4
    first: float = 0.4
    block_days: int = 14
    draws: int = 200
    seed: int = 7
    min_rows: int = 500


@dataclass(frozen=True)
class Part:
    """Figures of some tested rows (`KEYS`), and how many rows those are."""

    n: int
    figures: Figures


@dataclass(frozen=True)
class RegimeReport:
    """What came out.

    Attributes
    ----------
    label : 'next' or 'same', the window that was told
    whole : over all tested rows; ``over_*`` is positive where the classifier is better
    folds : of each test block
    by_pair : of each pair with tested rows
    f1 : F1 of each regime that occurred, by rival; macro-F1 is the mean over the regimes
    shares : how often each regime occurred in the tested rows
    candle_minutes : of the data
    n_rows : with a known label, tested or not
    """

    label: Label
    whole: Part
    folds: tuple[Part, ...]
    by_pair: dict[str, Part]
    f1: dict[str, dict[str, float]]
    shares: dict[str, float]
    candle_minutes: int
    n_rows: int

    @property
    def verdict(self) -> str:
        """One line: does the classifier know more than that regimes last, and than the rule?"""
        said = []
        for rival in ("persistence", "rule"):
            gain = self.whole.figures[f"over_{rival}"]
            how = "no different from" if gain.holds(0.0) else "better than"
            how = "worse than" if gain.high < 0 else how
            span = f"{gain.value:+.3f}, {gain.low:+.3f} to {gain.high:+.3f}"
            said.append(f"{how} {'the rule' if rival == 'rule' else rival} ({span})")
        return f"macro-F1 of the {self.label} window: {' and '.join(said)}"

    def as_json(self) -> dict[str, Any]:
        """Plain numbers; None where not known."""
        return {
            "label": self.label,
            "candle_minutes": self.candle_minutes,
            "rows": self.n_rows,
            "verdict": self.verdict,
            "f1": self.f1,
            "shares": self.shares,
            **_plain(self.whole),
            "folds": [_plain(part) for part in self.folds],
            "pairs": {pair: _plain(part) for pair, part in self.by_pair.items()},
        }


def judge(
    data: RegimeRows,
    settings: Regimes,
    candle_minutes: int,
    judging: Judging | None = None,
    told: Told | None = None,
) -> RegimeReport:
    """Walk the classifier forward and measure it, beside persistence and the rule.

    Every test block is answered by a model fitted on rows whose labels were known before the block
    began.

    Parameters
    ----------
    data : RegimeRows
    settings : Regimes
        ``classifier``.
    candle_minutes : width of a candle
    judging : Judging
    told : progress: what is done now, and the share that is done

    Raises
    ------
    TooFew
        When no test block has enough rows before it.
    """
    judging = judging or Judging()
    at, fold, classifier = _walk(data, settings, judging, told or (lambda what, done: None))
    truth = data.codes[at]
    answers = np.stack([classifier, data.persistence[at], data.rule[at]])
    times, pairs = data.rows.times[at], data.rows.pairs[at]

    def part(where: NDArray[np.bool_]) -> Part:
        found = measured(answers[:, where], truth[where])
        seconds = judging.block_days * DAY_S
        figures = intervals(
            found, times[where], block_seconds=seconds, draws=judging.draws, seed=judging.seed
        )
        return Part(int(where.sum()), figures)

    shares = np.bincount(truth, minlength=N) / len(truth)
    return RegimeReport(
        data.label,
        part(np.ones(len(at), bool)),
        tuple(part(fold == number) for number in np.unique(fold)),
        {
            pair: part(pairs == number)
            for number, pair in enumerate(data.rows.universe)
            if (pairs == number).any()
        },
        {name: _each(truth, told_) for name, told_ in zip(RIVALS, answers, strict=True)},
        {name: float(share) for name, share in zip(REGIMES, shares, strict=True)},
        candle_minutes,
        len(data),
    )


def _walk(
    data: RegimeRows, settings: Regimes, judging: Judging, told: Told
) -> tuple[NDArray[np.intp], Ints, Ints]:
    """Rows tested, the test block of each, and what the classifier said of it."""
    found = []
    steps = walk_forward(
        data.rows.times, folds=judging.folds, purge_s=data.reach_s, first=judging.first
    )
    for number, window in enumerate(steps):
        told(f"fold {number + 1}", number / judging.folds)
        # nothing is calibrated, so the later rows teach as well
        train = np.union1d(window.train, window.later)
        if len(train) < judging.min_rows:
            continue
        model = RegimeModel.fit(
            data.rows.features[train], data.codes[train], NAMES, settings, seed=judging.seed
        )
        told_ = model.predict(data.rows.features[window.test]).argmax(axis=1)
        found.append((window.test, np.full(len(told_), number), told_))
    if not found:
        raise TooFew(
            f"{len(data)} candles with a known regime: a test block needs {judging.min_rows} "
            "before it; give more history or pairs"
        )
    at, fold, answer = (np.concatenate(column) for column in zip(*found, strict=True))
    return at, fold, answer


def measured(answers: Ints, truth: Ints) -> Callable[[Floats], Mapping[str, Floats]]:
    """All of `KEYS` as a function of weights (n_draws, n_rows), for `intervals`.

    Parameters
    ----------
    answers : array of shape (3, n_rows), of `RIVALS`
    truth : array of shape (n_rows,)
    """

    def measure(weight: Floats) -> Mapping[str, Floats]:
        scores = [macro_f1(truth, told, weight, N) for told in answers]
        total = weight.sum(axis=-1)
        right = [weight @ (told == truth).astype(np.float64) / total for told in answers]
        gains = (scores[0] - scores[1], scores[0] - scores[2])
        return dict(zip(KEYS, (*scores, *gains, *right), strict=True))

    return measure


def _each(truth: Ints, told: Ints) -> dict[str, float]:
    found = f1_by_class(truth, told, np.ones(len(truth)), N)
    return {name: float(f1) for name, f1 in zip(REGIMES, found, strict=True) if np.isfinite(f1)}


def _plain(part: Part) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    figures = {
        name: {"value": number(of.value), "low": number(of.low), "high": number(of.high)}
        for name, of in part.figures.items()
    }
    return {"n": part.n, **figures}
