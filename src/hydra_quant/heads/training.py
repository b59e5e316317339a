"""Training of a head outside the bot: the same functions as inside, on a data set."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hydra_quant.heads import cascade_rows, exit_features, regime_features, scorer_features
from hydra_quant.heads.artefact import Artefact, Head
from hydra_quant.heads.dataset import Dataset, Told, silent
from hydra_quant.heads.exit_rows import exit_rows
from hydra_quant.heads.exits import DEFAULTS as EXIT_DEFAULTS
from hydra_quant.heads.exits import fit_exit
from hydra_quant.heads.regime import RegimeModel
from hydra_quant.heads.regime_rows import regime_rows
from hydra_quant.heads.resuming import go_on
from hydra_quant.heads.scorer_rows import signal_rows
from hydra_quant.heads.scorer_walk import train_scorer
from hydra_quant.heads.windows import before
from hydra_quant.models.rows import Rows
from hydra_quant.regimes.cascade_fit import MIN_CASCADES
from hydra_quant.regimes.cascade_inputs import INPUTS as CASCADE_INPUTS
from hydra_quant.settings import Settings

Mode = Literal["full", "quick", "resume"]
QUICK_DAYS = 365
QUICK_ROUNDS = 50
QUICK_FOLDS = 2
# The newest share of the time: it calibrates and tells the model's health, and does not train.
LATER = 0.2
DAY_S = 86_400


class TooFew(ValueError):
    """There is not enough to learn from; the text says how much there is, of what."""


@dataclass(frozen=True)
class Task:
    """What is to be trained.

    Attributes
    ----------
    data, settings : what from, and how
    mode : 'full', 'quick' or 'resume'
    seed : same seed, same model
    horizon : candles of the ATR that stops are measured in
    stored : the model to go on from, for 'resume'
    """

    data: Dataset
    settings: Settings
    mode: Mode = "full"
    seed: int = 7
    horizon: int = 12
    stored: Artefact | None = None

    @property
    def quick(self) -> bool:
        """Whether speed counts more than the last bit of accuracy."""
        return self.mode == "quick"


@dataclass(frozen=True)
class Trained:
    """A trained head, and what the user should know of how it came about."""

    artefact: Artefact
    notes: tuple[str, ...] = ()


def train(head: Head, task: Task, told: Told = silent) -> Trained:
    """Train a head on all rows whose outcome is known.

    Raises
    ------
    TooFew
        When there is nothing to learn from.
    TooLittleNew
        When a stored model could go on, and too little came since.
    """
    told(head, 0.1)
    on: tuple[Artefact, list[str]] | str = _on(task, task.stored) if task.stored else ""
    if not isinstance(on, str):
        told("", 1.0)
        return Trained(on[0], tuple(on[1]))
    model, names, first_s, notes = TRAINERS[head](task)
    if on:
        notes = [f"{on}: trained again, on all the data", *notes]
    data = task.data
    artefact = Artefact(
        head,
        model,
        first_s * 1000,
        newest_close_ms(data),
        data.pairs,
        tuple(names),
        data.candle_minutes,
        dict(model.health),
    )
    told("", 1.0)
    return Trained(artefact, tuple(notes))


def _on(task: Task, stored: Artefact) -> tuple[Artefact, list[str]] | str:
    until = newest_close_ms(task.data)
    seed, settings = task.seed, task.settings
    return go_on(stored, task.data, settings, known_until_ms=until, later=LATER, seed=seed)


def newest_close_ms(data: Dataset) -> int:
    """When the newest candle of any pair closed: no label looks further."""
    opens = [_seconds(frame["date"])[-1] for frame in data.frames.values()]
    return int(max(opens)) * 1000 + data.candle_minutes * 60_000


def cut(rows: Rows, reach_s: int, quick: bool) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers to train on, and later ones that see no overlap with them.

    Parameters
    ----------
    rows : with known outcomes, sorted by time
    reach_s : from a row's time to when its slowest outcome is known
    quick : of the last year only
    """
    if not len(rows):
        raise TooFew("no candle has an outcome to learn from; give more history or pairs")
    end = int(rows.times[-1]) + reach_s
    first = int(rows.times[0])
    since = max(first, end - QUICK_DAYS * DAY_S) if quick else first
    return before(rows.times, end, purge_s=reach_s, later=LATER, since_s=since)


Found = tuple[Any, tuple[str, ...], int, list[str]]


def _scorer(task: Task) -> Found:
    settings = task.settings
    cost = settings.gates.round_trip_cost
    signals = signal_rows(task.data, settings, round_trip_cost=cost)
    if not len(signals):
        raise TooFew(_SILENT)
    train, later = cut(signals.rows, signals.slowest_s, task.quick)
    if task.quick:
        rounds = min(settings.scorer.rounds, QUICK_ROUNDS)
        scorer = settings.scorer.model_copy(update={"rounds": rounds, "folds": QUICK_FOLDS})
        settings = settings.model_copy(update={"scorer": scorer})
    model = train_scorer(
        signals, train, later, settings, candle_minutes=task.data.candle_minutes, seed=task.seed
    )
    notes = [] if model.by_model else [f"the rule will score: {model.why}"]
    return model, tuple(scorer_features.NAMES), _oldest(signals.rows, train), notes


def _regime(task: Task) -> Found:
    data, settings = task.data, task.settings
    found = regime_rows(data.frames, settings, data.candle_minutes)
    train, later = cut(found.rows, found.reach_s, task.quick)
    if not len(train):
        raise TooFew(f"{len(found)} candles with a known regime: too few; give more history")
    forest = settings.regimes.classifier == "forest"
    model = RegimeModel.fit(
        found.rows.features[train],
        found.codes[train],
        regime_features.NAMES,
        settings.regimes,
        seed=task.seed,
        later=found.later(later),
        params={"n_estimators": QUICK_ROUNDS} if task.quick and forest else None,
    )
    return model, tuple(regime_features.NAMES), _oldest(found.rows, train), []


def _exit(task: Task) -> Found:
    data = task.data
    found = exit_rows(data.frames, task.settings, data.candle_minutes, horizon=task.horizon)
    train, later = cut(found.rows, found.reach_s, task.quick)
    params = {"num_iterations": min(EXIT_DEFAULTS["num_iterations"], QUICK_ROUNDS)}
    try:
        model = fit_exit(
            found.rows.take(train),
            found.rows.take(later) if len(later) else None,
            exit_features.NAMES,
            seed=task.seed,
            reach_s=found.reach_s,
            params=params if task.quick else None,
        )
    except ValueError as error:
        raise TooFew(str(error)) from error
    return model, tuple(exit_features.NAMES), _oldest(found.rows, train), []


def _cascade(task: Task) -> Found:
    data, above = task.data, task.settings.regimes.cascade_above
    found = cascade_rows.cascade_rows(data.frames, data.candle_minutes)
    if not len(found):
        raise TooFew(cascade_rows.too_few(found, np.arange(0)))
    train, later = cut(found.rows, found.reach_s, task.quick)
    model = cascade_rows.fit(found, train, later, above)
    if model is None:
        raise TooFew(cascade_rows.too_few(found, train))
    few = f"not calibrated: fewer than {MIN_CASCADES} candles before a cascade in the last fifth"
    notes = [] if model.calibrated else [few]
    return model, CASCADE_INPUTS, _oldest(found.rows, train), notes


_SILENT = (
    "no signal has a known outcome; signals rest on funding, open interest, ratios and "
    "liquidations: give data that holds them"
)
TRAINERS: dict[Head, Callable[[Task], Found]] = {
    "scorer": _scorer,
    "regime": _regime,
    "exit": _exit,
    "cascade": _cascade,
}


def _oldest(rows: Rows, train: NDArray[np.intp]) -> int:
    return int(rows.times[train[0] if len(train) else 0])


def _seconds(date: "pd.Series[pd.Timestamp]") -> NDArray[np.int64]:
    return np.asarray(pd.DatetimeIndex(date).as_unit("s").asi8, dtype=np.int64)
