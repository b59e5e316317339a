"""What a trained scorer rests on, and how far its probabilities hold: written where users look."""

import csv
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.models.xgb import Trees

Floats = NDArray[np.float64]
SHAP_ROWS = 2000


def importances(trees: Trees, features: Floats, names: Sequence[str]) -> dict[str, list[float]]:
    """Return each feature's gain and mean absolute SHAP value.

    Parameters
    ----------
    trees : Trees
    features : array of shape (n_rows, n_features)
        What the SHAP values are taken on: at most `SHAP_ROWS` of them, evenly spread.
    names : of the features

    Returns
    -------
    dict with ``gain`` (mean loss reduction of its splits) and ``shap`` (log odds before
    calibration), in the order of `names`.
    """
    at = np.linspace(0, len(features) - 1, min(SHAP_ROWS, len(features))).astype(np.intp)
    shap = np.abs(trees.contributions(features[at], names)).mean(axis=0)
    return {"gain": trees.gain(names).tolist(), "shap": shap.tolist()}


def write_explanation(
    folder: Path,
    stem: str,
    health: Mapping[str, float],
    explanation: Mapping[str, Any],
    why: str = "",
) -> None:
    """Write ``STEM_explained.json`` (all of it) and ``STEM_importances.csv`` (feature by feature).

    Parameters
    ----------
    folder : made if it is not there
    stem : beginning of both names
    health : figures
    explanation : with ``names``, ``gain``, ``shap`` where a model was trained, and ``curve``
    why : why the rule scores, if it does

    NaN becomes null.
    """
    folder.mkdir(parents=True, exist_ok=True)
    whole = _strict({"why_rule": why or None, "health": health, **explanation})
    (folder / f"{stem}_explained.json").write_text(
        json.dumps(whole, indent=1, allow_nan=False) + "\n"
    )
    columns = [explanation.get(name, []) for name in ("names", "gain", "shap")]
    rows = sorted(zip(*columns, strict=True), key=lambda row: -row[2])
    with (folder / f"{stem}_importances.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("feature", "gain", "mean_abs_shap"))
        writer.writerows(rows)


def _strict(value: Any) -> Any:
    """Return the value with null for what is no number: JSON has no NaN."""
    if isinstance(value, Mapping):
        return {key: _strict(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def write_tensorboard(
    folder: Path, step: int, health: Mapping[str, float], explanation: Mapping[str, Any]
) -> None:
    """Write one training as TensorBoard scalars: ``tensorboard --logdir FOLDER``.

    ``health/…``, ``shap/…`` and ``gain/…`` stand at `step`; the reliability curve of this training
    is ``reliability_STEP/observed`` over the mean probability in percent. No torch is imported.

    Parameters
    ----------
    folder : of all trainings together, made if it is not there
    step : which training: the hour until which it knew candles (hours since 1970 UTC)
    health, explanation : as `write_explanation`
    """
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    folder.mkdir(parents=True, exist_ok=True)
    writer = EventFileWriter(str(folder))
    try:
        for tag, at, value in scalars(step, health, explanation):
            writer.add_event(_event(tag, at, value))
    finally:
        writer.close()


def scalars(
    step: int, health: Mapping[str, float], explanation: Mapping[str, Any]
) -> list[tuple[str, int, float]]:
    """Return what `write_tensorboard` writes, as (tag, step, value); NaN is left out."""
    found = [(f"health/{name}", step, float(value)) for name, value in health.items()]
    for kind in ("gain", "shap"):
        values = zip(explanation.get("names", []), explanation.get(kind, []), strict=False)
        found += [(f"{kind}/{name}", step, float(value)) for name, value in values]
    curve = explanation.get("curve", {})
    for name in (n for n in ("observed", "least", "most", "count") if n in curve):
        pairs = zip(curve["predicted"], curve[name], strict=True)
        tag = f"reliability_{step}/{name}"
        found += [(tag, round(100 * at), float(v)) for at, v in pairs if None not in (at, v)]
    return [entry for entry in found if np.isfinite(entry[2])]


def _event(tag: str, step: int, value: float) -> Any:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    return Event(wall_time=time.time(), step=step, summary=summary)
