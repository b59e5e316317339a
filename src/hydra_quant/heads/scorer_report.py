"""What the scorer is worth on signals that it had not seen: figures, intervals, a verdict."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.dataset import Dataset, Told, silent
from hydra_quant.heads.scorer_rows import SignalRows, signal_rows
from hydra_quant.heads.scorer_walk import SCORERS, Walked, walk
from hydra_quant.settings import Settings
from hydra_quant.validation import scores
from hydra_quant.validation.block_bootstrap import Interval, intervals
from hydra_quant.validation.scores import Ranking

Floats = NDArray[np.float64]
Figures = dict[str, Interval]
RECALL = 0.23
DAY_S = 86_400
# The six that are always there, then what explains them.
KEYS = ("auc", "precision_at_recall_0.23", "net_bp_scored", "net_bp_all", "brier", "ece")
MORE = ("net_bp_gain", "share_scored", "net_bp_accepted", "share_accepted", "base_rate")
MIN_TESTED = 30
FIRST = 0.4
LATER = 0.2


class TooFew(ValueError):
    """There are not enough signals to judge; the text says how many, of what."""


@dataclass(frozen=True)
class Judging:
    """How the scorer is judged.

    Attributes
    ----------
    folds : test blocks of the walk
    cost : fees and slippage of one round trip (fraction)
    delay : candles after freqtrade's fill at which a trade begins
    years : of training before each test block; None: all there is
    block_days : length of the blocks that are drawn again
    draws : how often
    seed : of models and draws
    shuffled : give the signals each other's outcomes: what chance alone would print
    """

    folds: int = 5
    cost: float = 0.001
    delay: int = 1
    years: float | None = None
    block_days: int = 14
    draws: int = 500
    seed: int = 7
    shuffled: bool = False


@dataclass(frozen=True)
class Part:
    """Figures of some of the tested signals, and how many those are."""

    n: int
    figures: Figures


@dataclass(frozen=True)
class ScorerReport:
    """What came out, for one width of candles.

    Attributes
    ----------
    candle_minutes, pairs : of the data
    n_signals : with a known outcome, tested or not
    rivals : by each of `SCORERS`, over all tested signals
    folds, by_pair : the scorer alone
    walked : the scores behind them
    notes : what the reader should know, a line each
    """

    candle_minutes: int
    pairs: tuple[str, ...]
    n_signals: int
    rivals: dict[str, Part]
    folds: list[Part]
    by_pair: dict[str, Part]
    walked: Walked
    notes: tuple[str, ...]

    @property
    def scorer(self) -> Part:
        """The scorer, over all tested signals."""
        return self.rivals["scorer"]

    @property
    def verdict(self) -> str:
        """One line; "no edge" where the intervals hold chance."""
        return verdict(self.scorer.figures)


def judge(data: Dataset, settings: Settings, judging: Judging, told: Told = silent) -> ScorerReport:
    """Walk the scorer forward over a data set and measure it.

    Raises
    ------
    TooFew
        When fewer than `MIN_TESTED` signals could be tested, or all of them ended alike.
    """
    told("features", 0.0)
    signals = signal_rows(data, settings, round_trip_cost=judging.cost, delay=judging.delay)
    if judging.shuffled:
        signals = signals.shuffled(judging.seed)
    walked = walk(
        signals,
        settings,
        candle_minutes=data.candle_minutes,
        folds=judging.folds,
        first=FIRST,
        later=LATER,
        seed=judging.seed,
        span_s=None if judging.years is None else round(judging.years * 365 * DAY_S),
        told=told,
    )
    _require(signals, walked)
    told("intervals", 0.95)
    threshold = settings.scorer.accept_above
    everything = np.ones(len(walked.tested), dtype=bool)
    return ScorerReport(
        data.candle_minutes,
        data.pairs,
        len(signals),
        {name: _part(walked, name, everything, threshold, judging) for name in SCORERS},
        [
            _part(walked, "scorer", walked.step == number, threshold, judging)
            for number in range(len(walked.steps))
        ],
        {
            pair: _part(walked, "scorer", walked.tested.rows.pairs == number, threshold, judging)
            for number, pair in enumerate(data.pairs)
        },
        walked,
        data.notes,
    )


def _require(signals: SignalRows, walked: Walked) -> None:
    n, paid = len(walked.tested), walked.tested.rows.labels[:, 0]
    if n < MIN_TESTED or paid.min() == paid.max():
        raise TooFew(
            f"{len(signals)} signals with a known outcome, {n} of them after the first "
            f"{FIRST:.0%} of the time: at least {MIN_TESTED} are needed there, some that paid and "
            "some that did not; give more history or pairs"
        )


def _part(
    walked: Walked, name: str, where: NDArray[np.bool_], threshold: float, judging: Judging
) -> Part:
    at = np.flatnonzero(where)
    if not len(at):
        return Part(0, {key: Interval(math.nan, math.nan, math.nan) for key in (*KEYS, *MORE)})
    rows = walked.tested.rows
    measure = measured(
        walked.scores[name][at], rows.labels[at, 0], walked.tested.net[at], threshold
    )
    found = intervals(
        measure,
        rows.times[at],
        block_seconds=judging.block_days * DAY_S,
        draws=judging.draws,
        seed=judging.seed,
    )
    return Part(len(at), found)


def measured(
    score: Floats, paid: Floats, net: Floats, threshold: float
) -> Callable[[Floats], Mapping[str, Floats]]:
    """All figures as a function of weights (n_draws, n_rows), for `intervals`.

    ``net_bp_scored`` and ``precision_at_recall_0.23`` are about the same trades: the best scored
    ones that hold 23 % of those that paid. ``accepted`` ones score at least `threshold`, which is
    what the strategy asks.
    """
    ranking = Ranking.of(score)
    accepted = (score >= threshold).astype(float)
    bp = 1e4 * net

    def measure(weight: Floats) -> Mapping[str, Floats]:
        taken = weight * scores.best_scored(ranking, paid, weight, RECALL)
        scored, every = scores.mean(bp, taken), scores.mean(bp, weight)
        return {
            "auc": scores.auc(ranking, paid, weight),
            "precision_at_recall_0.23": scores.mean(paid, taken),
            "net_bp_scored": scored,
            "net_bp_all": every,
            "brier": scores.brier(score, paid, weight),
            "ece": scores.ece(score, paid, weight),
            "net_bp_gain": scored - every,
            "share_scored": taken.sum(axis=-1) / weight.sum(axis=-1),
            "net_bp_accepted": scores.mean(bp, weight * accepted),
            "share_accepted": scores.mean(accepted, weight),
            "base_rate": scores.mean(paid, weight),
        }

    return measure


def verdict(figures: Mapping[str, Interval]) -> str:
    """Whether there is an edge: both intervals must exclude chance, on the good side."""
    area, net = figures["auc"], figures["net_bp_scored"]
    ranked = f"AUC {_short(area, 3)}"
    earned = f"{_short(net, 1)} bp a trade net of costs at 23 % recall"
    if area.holds(0.5) or area.high < 0.5:
        what = "cannot be told from .5" if area.holds(0.5) else "is below .5"
        return f"no edge: {ranked} {what}; {earned}"
    if net.holds(0.0) or net.high < 0.0:
        what = "cannot be told from 0" if net.holds(0.0) else "are lost"
        return f"no edge after costs: {ranked}, but {earned} {what}"
    return f"an edge: {ranked}, {earned}"


def _short(found: Interval, digits: int) -> str:
    return f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"


def as_json(part: Part, keys: tuple[str, ...] = KEYS) -> dict[str, Any]:
    """Figures as plain values; None where one is not known."""
    return {
        key: {name: _plain(value) for name, value in part.figures[key]._asdict().items()}
        for key in keys
    }


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
