"""What the exit predictor is worth on positions that it had not seen, beside volatility alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.exit_features import NAMES, VOLATILITY_NAMES
from hydra_quant.heads.exit_rows import ExitRows
from hydra_quant.heads.exits import MIN_OF_EACH, MIN_ROWS, fit_plain
from hydra_quant.heads.windows import Window, walk_forward
from hydra_quant.models.rows import Rows
from hydra_quant.validation.block_bootstrap import Interval, intervals
from hydra_quant.validation.scores import Ranking, auc, brier, ece, mean

Floats = NDArray[np.float64]
Told = Callable[[str, float], None]
Figures = dict[str, Interval]
DAY_S = 86_400
FIGURES = ("auc", "brier", "ece", "volatility_auc", "volatility_brier", "constant_brier")
GAINS = ("auc_over_volatility", "brier_over_volatility", "brier_over_constant")
KEYS = (*FIGURES, *GAINS, "base_rate")


class TooFew(ValueError):
    """There are not enough positions to judge; the text says how many."""


@dataclass(frozen=True)
class Judging:
    """How the exit predictor is judged.

    Attributes
    ----------
    folds : test blocks of the walk
    first : share of the time before the first test block
    later : share of the time before a test block that stops and calibrates
    block_days : length of the blocks that are drawn again; longer than positions live
    draws : how often
    seed : of models and draws
    """

    folds: int = 4
    first: float = 0.4
    later: float = 0.2
    block_days: int = 14
    draws: int = 300
    seed: int = 7


@dataclass(frozen=True)
class Part:
    """Figures of some tested rows, and how many rows and positions those are."""

    n: int
    positions: int
    figures: Figures


@dataclass(frozen=True)
class ExitReport:
    """What came out.

    Attributes
    ----------
    whole : over all tested rows, ``KEYS``; gains are positive where the model is better
    folds : of each test block
    by_pair : of each pair with tested rows
    candle_minutes : of the data
    n_rows : with a known label, tested or not
    """

    whole: Part
    folds: tuple[Part, ...]
    by_pair: dict[str, Part]
    candle_minutes: int
    n_rows: int

    @property
    def verdict(self) -> str:
        """One line: does the model know more than volatility does?"""
        gain = self.whole.figures["auc_over_volatility"]
        plain = f"AUC {gain.value:+.3f} over volatility alone ({gain.low:+.3f} to {gain.high:+.3f})"
        if gain.low > 0:
            return f"the exit model knows more than volatility: {plain}"
        if gain.high < 0:
            return f"the exit model knows less than volatility: {plain}"
        return f"the exit model cannot be told from volatility: {plain}"

    def as_json(self) -> dict[str, Any]:
        """Plain numbers; None where not known."""
        return {
            "candle_minutes": self.candle_minutes,
            "rows": self.n_rows,
            "verdict": self.verdict,
            **_plain(self.whole),
            "folds": [_plain(part) for part in self.folds],
            "pairs": {pair: _plain(part) for pair, part in self.by_pair.items()},
        }


@dataclass(frozen=True)
class _Tested:
    """Rows of the test blocks, and what each rival said of them."""

    at: NDArray[np.intp]
    fold: NDArray[np.int64]
    model: Floats
    volatility: Floats
    constant: Floats


def judge(
    data: ExitRows, candle_minutes: int, judging: Judging | None = None, told: Told | None = None
) -> ExitReport:
    """Walk the exit model forward over replayed positions and measure it.

    Every test block is answered by a model, a volatility-only model and a constant that were fitted
    on rows whose labels were known before the block began. All rows count alike.

    Parameters
    ----------
    data : ExitRows
    candle_minutes : width of a candle
    judging : Judging
    told : progress: what is done now, and the share that is done

    Raises
    ------
    TooFew
        When no test block has enough rows before it, or all tested rows are alike.
    """
    judging = judging or Judging()
    tested = _walk(data, judging, told or (lambda what, done: None))
    everything = np.ones(len(tested.at), bool)
    pairs = data.rows.pairs[tested.at]
    return ExitReport(
        _part(data, tested, everything, judging),
        tuple(_part(data, tested, tested.fold == k, judging) for k in np.unique(tested.fold)),
        {
            pair: _part(data, tested, pairs == number, judging)
            for number, pair in enumerate(data.rows.universe)
            if (pairs == number).any()
        },
        candle_minutes,
        len(data),
    )


def _walk(data: ExitRows, judging: Judging, told: Told) -> _Tested:
    found = []
    steps = walk_forward(
        data.rows.times,
        folds=judging.folds,
        purge_s=data.reach_s,
        first=judging.first,
        later=judging.later,
    )
    for number, window in enumerate(steps):
        told(f"fold {number + 1}", number / judging.folds)
        train = data.rows.take(window.train)
        enough = min(train.labels.sum(), (1 - train.labels).sum()) >= MIN_OF_EACH
        if len(train) >= MIN_ROWS and enough:
            found.append((window.test, number, *_answers(data.rows, train, window, judging.seed)))
    label = data.rows.labels[np.concatenate([step[0] for step in found]) if found else [], 0]
    if not len(label) or label.min() == label.max():
        raise TooFew(
            f"{len(data)} candles of positions, {len(label)} of them testable: a test block needs "
            f"{MIN_ROWS} before it, {MIN_OF_EACH} of each outcome; give more history or pairs"
        )
    fold = np.concatenate([np.full(len(step[0]), step[1]) for step in found])
    at, *answers = (np.concatenate([step[i] for step in found]) for i in (0, 2, 3, 4))
    return _Tested(at, fold, *answers)


def _answers(rows: Rows, train: Rows, window: Window, seed: int) -> tuple[Floats, Floats, Floats]:
    """Model, volatility alone and the training's base rate on a test block."""
    later, test = rows.take(window.later), rows.take(window.test)
    wanted = [NAMES.index(name) for name in VOLATILITY_NAMES]
    model = fit_plain(train, later, NAMES, seed=seed)
    alone = fit_plain(_only(train, wanted), _only(later, wanted), VOLATILITY_NAMES, seed=seed)
    constant = np.full(len(test), train.labels.mean())
    return model.predict(test.features), alone.predict(test.features[:, wanted]), constant


def _only(rows: Rows, columns: list[int]) -> Rows:
    features = np.ascontiguousarray(rows.features[:, columns])
    return Rows(features, rows.labels, rows.times, rows.pairs, rows.universe, rows.weights)


def _part(data: ExitRows, tested: _Tested, where: NDArray[np.bool_], judging: Judging) -> Part:
    at = tested.at[where]
    label = data.rows.labels[at, 0]
    answers = (tested.model[where], tested.volatility[where], tested.constant[where])
    figures = intervals(
        measured(*answers, label),
        data.rows.times[at],
        block_seconds=judging.block_days * DAY_S,
        draws=judging.draws,
        seed=judging.seed,
    )
    return Part(len(at), len(np.unique(data.position[at])), figures)


def measured(
    model: Floats, volatility: Floats, constant: Floats, label: Floats
) -> Callable[[Floats], Mapping[str, Floats]]:
    """All of `KEYS` as a function of weights (n_draws, n_rows), for `intervals`."""
    ranking, by_volatility = Ranking.of(model), Ranking.of(volatility)

    def measure(weight: Floats) -> Mapping[str, Floats]:
        ranked = auc(ranking, label, weight), auc(by_volatility, label, weight)
        missed = [brier(answer, label, weight) for answer in (model, volatility, constant)]
        return {
            "auc": ranked[0],
            "brier": missed[0],
            "ece": ece(model, label, weight),
            "volatility_auc": ranked[1],
            "volatility_brier": missed[1],
            "constant_brier": missed[2],
            "auc_over_volatility": ranked[0] - ranked[1],
            "brier_over_volatility": missed[1] - missed[0],
            "brier_over_constant": missed[2] - missed[0],
            "base_rate": mean(label, weight),
        }

    return measure


def _plain(part: Part) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    figures = {
        name: {"value": number(of.value), "low": number(of.low), "high": number(of.high)}
        for name, of in part.figures.items()
    }
    return {"n": part.n, "positions": part.positions, **figures}
