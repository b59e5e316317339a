"""Whether a model is worn out: what it meets and how right it is, against its own validation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.settings import Monitor
from hydra_quant.validation.baseline import Baseline, accuracy_of, bucket_of
from hydra_quant.validation.stability import psi, shares_in

Floats = NDArray[np.float64]
Names = NDArray[np.str_]

ERRORS = 3.0
DRIFTED_SHARE = 0.1
NAMED_MOST = 5


@dataclass(frozen=True)
class Recent:
    """What a model has met since it was trained, oldest first, all pairs together.

    Attributes
    ----------
    features : DataFrame
        Rows that it answered, drawn as those of the baseline were.
    probabilities, outcomes : NDArray of shape (n_answers,)
        Its answers and what came (1 or 0; NaN while not known).
    regimes : NDArray of shape (n_candles,) of str
        Names; ``''`` where not known.
    """

    features: DataFrame
    probabilities: Floats
    outcomes: Floats
    regimes: Names


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes
    ----------
    findings : tuple of str
        What is wrong, in words with figures; empty where nothing is, or nothing can be said yet.
    figures : Mapping of str to float
        What was measured; NaN where there was too little to measure.
    """

    findings: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def worn(self) -> bool:
        """Whether the model should be trained again."""
        return bool(self.findings)


def judge(baseline: Baseline, recent: Recent, settings: Monitor) -> Verdict:
    """Hold what came against the model's own validation.

    Parameters
    ----------
    baseline : what the model's validation showed
    recent : what came since
    settings : limits

    Notes
    -----
    A limit must be passed by more than chance, because a bot looks every hour: accuracy and buckets
    by `ERRORS` standard errors, a PSI by the largest that blocks of the same length had within the
    validation itself. Features need half a block of rows, and a tenth of them must have moved (at
    least one), because among fifty one always has.
    """
    checks = (
        _accuracy(baseline, recent, settings),
        _calibration(recent, settings),
        _features(baseline, recent, settings),
        _regimes(baseline, recent, settings),
    )
    findings = tuple(found.findings for found in checks)
    figures = {name: value for found in checks for name, value in found.figures.items()}
    return Verdict(tuple(text for texts in findings for text in texts), figures)


def _accuracy(baseline: Baseline, recent: Recent, settings: Monitor) -> Verdict:
    accuracy, count = accuracy_of(recent.probabilities, recent.outcomes, baseline.threshold)
    figures = {
        "accuracy": accuracy,
        "baseline_accuracy": baseline.accuracy,
        "outcomes": float(count),
    }
    usual = baseline.accuracy
    # the validation's accuracy is an estimate too
    error = np.sqrt(usual * (1 - usual) * (1 / max(count, 1) + 1 / baseline.outcomes))
    drop = usual - accuracy
    if count == 0 or not (drop > settings.accuracy_drop and drop > ERRORS * error):
        return Verdict((), figures)
    text = f"accuracy {accuracy:.3f} over {count} outcomes, {usual:.3f} in its validation"
    return Verdict((text,), figures)


def _calibration(recent: Recent, settings: Monitor) -> Verdict:
    known = np.isfinite(recent.probabilities) & np.isfinite(recent.outcomes)
    chance, came = recent.probabilities[known], recent.outcomes[known]
    bucket = bucket_of(chance)
    count = np.bincount(bucket, minlength=10)
    said, seen = (
        np.bincount(bucket, part, minlength=10) / np.maximum(count, 1) for part in (chance, came)
    )
    error = np.sqrt(said * (1 - said) / np.maximum(count, 1))
    large = count > settings.min_bucket
    gap = np.abs(seen - said)
    off = large & (gap > settings.calibration_gap) & (gap > ERRORS * error)
    texts = [
        f"{seen[b]:.2f} of {count[b]} came true where it said {said[b]:.2f}"
        for b in np.flatnonzero(off)
    ]
    worst = float(gap[large].max()) if large.any() else np.nan
    return Verdict(tuple(texts), {"calibration_gap": worst})


def _features(baseline: Baseline, recent: Recent, settings: Monitor) -> Verdict:
    rows = recent.features.tail(baseline.block_rows)
    names = [name for name in baseline.features if name in rows]
    if 2 * len(rows) < baseline.block_rows or not names:
        return Verdict((), {"feature_psi": np.nan, "drifted_features": np.nan})
    found: dict[str, float] = {}
    moved: dict[str, float] = {}
    for name in names:
        shape = baseline.features[name]
        now = shares_in(rows[name].to_numpy(float), np.array(shape.edges))
        found[name] = psi(np.array(shape.shares), now)
        if found[name] > max(settings.psi_above, shape.usual):
            moved[name] = found[name]
    figures = {"feature_psi": max(found.values()), "drifted_features": float(len(moved))}
    if len(moved) < max(1, ceil(DRIFTED_SHARE * len(names))):
        return Verdict((), figures)
    worst = sorted(moved, key=lambda name: -moved[name])[:NAMED_MOST]
    named = ", ".join(f"{name} {moved[name]:.2f}" for name in worst)
    return Verdict((f"{len(moved)} of {len(names)} features have moved (PSI: {named})",), figures)


def _regimes(baseline: Baseline, recent: Recent, settings: Monitor) -> Verdict:
    known = recent.regimes[recent.regimes != ""][-baseline.block_rows :]
    if 2 * len(known) < baseline.block_rows or not baseline.regimes:
        return Verdict((), {"regime_psi": np.nan})
    names = sorted({*baseline.regimes, *known.tolist()})
    before = np.array([baseline.regimes.get(name, 0.0) for name in names])
    now = np.array([np.mean(known == name) for name in names])
    found = psi(before, now)
    if found <= max(settings.psi_above, baseline.regime_usual):
        return Verdict((), {"regime_psi": found})
    most = int(np.argmax(np.abs(now - before)))
    text = (
        f"the regimes have shifted (PSI {found:.2f}): {names[most].replace('_', ' ')} on "
        f"{now[most]:.0%} of candles, {before[most]:.0%} in its validation"
    )
    return Verdict((text,), {"regime_psi": found})
