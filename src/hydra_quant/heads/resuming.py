"""Going on from a stored head with what came since, where its kind of model can."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads import scorer_features
from hydra_quant.heads.artefact import Artefact, Head
from hydra_quant.heads.dataset import Dataset
from hydra_quant.heads.scorer import ScorerModel
from hydra_quant.heads.scorer_resume import continue_scorer, enough, why_not
from hydra_quant.heads.scorer_rows import SignalRows, signal_rows
from hydra_quant.heads.windows import before
from hydra_quant.settings import Settings

# Why a head is trained anew. The exit model's early stop cannot tell that no tree helps, and the
# weights of the regimes are those of all the rows they were counted in.
_CANNOT: dict[Head, str] = {
    "regime": "a regime model cannot go on (a forest does not grow, and the classes are weighed "
    "by how often each one occurs in all the data)",
    "exit": "an exit model cannot go on (how long it was trained was settled on the old data)",
}
_OTHER = "this kind of model cannot go on"


def go_on(
    stored: Artefact,
    data: Dataset,
    settings: Settings,
    *,
    known_until_ms: int,
    later: float,
    seed: int,
) -> tuple[Artefact, list[str]] | str:
    """Return the stored head after it has learned what came since, or why it cannot.

    A row teaches when its candle opens at or after the stored ``known_until_ms``. Those just
    before, whose outcome was open then, teach nobody until all the data is learned anew.

    Parameters
    ----------
    stored : Artefact
    data : Dataset
    settings : Settings
    known_until_ms : close of the newest candle of `data`
    later : share of the new time that calibrates
    seed : same seed, same model

    Returns
    -------
    (Artefact, notes), or the reason why the head has to be trained anew

    Raises
    ------
    TooLittleNew
        When too few signals came since.
    """
    if stored.head != "scorer":
        return _CANNOT.get(stored.head, _OTHER)
    names = tuple(scorer_features.NAMES)
    reason = why_not(stored.model, names, settings.scorer)
    if reason or stored.names != names:
        return reason or "the stored scorer learned from other features"
    signals = signal_rows(data, settings, round_trip_cost=settings.gates.round_trip_cost)
    train, rest = since(signals, stored.known_until_ms, later)
    enough(len(train) + len(rest), settings.scorer)
    model = continue_scorer(
        stored.model,
        signals.rows.take(train),
        signals.rows.take(rest),
        names,
        settings=settings.scorer,
        seed=seed,
        params={},
        candle_seconds=60 * data.candle_minutes,
        holding_minutes=settings.signals.holding_minutes,
    )
    found = replace(
        stored,
        model=model,
        known_until_ms=known_until_ms,
        pairs=_both(stored.pairs, data.pairs),
        health=dict(model.health),
    )
    return found, [_said(model)]


def since(
    signals: SignalRows, known_until_ms: int, later: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers of signals after `known_until_ms`: to learn from, and later ones to calibrate."""
    times = signals.rows.times
    first = int(np.searchsorted(times * 1000, known_until_ms))
    if first == len(times):
        return np.arange(0), np.arange(0)
    end = int(times[-1]) + signals.slowest_s
    train, rest = before(times[first:], end, purge_s=signals.slowest_s, later=later)
    return train + first, rest + first


def _said(model: ScorerModel) -> str:
    told = model.explanation["continued"]
    from_, added = f"{told['signals']} new signals to learn from", told["added"]
    if added:
        trees = "1 tree was added" if added == 1 else f"{added} trees were added"
        return f"{from_}: {trees} to the stored {told['stored']}"
    return f"{from_}: no tree was added, because none did better than the stored {told['stored']}"


def _both(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*old, *new)))
