"""What the models answer, window by window, and the frame that goes back to the strategy."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import feather

from hydra_quant.models.fingerprint import canonical, differences
from hydra_quant.models.store import Refused, fingerprint

_KEY = b"hydra"


@dataclass(frozen=True)
class Answer:
    """Predictions for consecutive candles of one pair.

    Attributes
    ----------
    predictions : NDArray of shape (n_candles, n_labels), float64
        In the label's own unit; NaN where a feature is missing.
    do_predict : NDArray of shape (n_candles,), int64
        1: answered; 0: a feature is missing, or the outlier filters reject the candle.
    means, stds : NDArray of shape (n_labels,), float64
        Of the labels the model was trained on.
    outlier_index : NDArray of shape (n_candles,), float64
        FreqAI's ``DI_values``; zeros unless ``DI_threshold`` is set.
    """

    predictions: NDArray[np.float64]
    do_predict: NDArray[np.int64]
    means: NDArray[np.float64]
    stds: NDArray[np.float64]
    outlier_index: NDArray[np.float64]


class Answers:
    """Collects one pair's answers over the whole frame.

    Parameters
    ----------
    n_candles : int
    label_names : list of str
    """

    def __init__(self, n_candles: int, label_names: list[str]) -> None:
        shape = (n_candles, len(label_names))
        self.label_names = label_names
        self.predictions = np.full(shape, np.nan)
        self.means = np.full(shape, np.nan)
        self.stds = np.full(shape, np.nan)
        self.do_predict = np.zeros(n_candles, dtype=np.int64)
        self.outlier_index = np.zeros(n_candles)

    def put(self, rows: slice, answer: Answer) -> None:
        """Write one window's answer at its rows."""
        self.predictions[rows] = answer.predictions
        self.do_predict[rows] = answer.do_predict
        self.means[rows] = answer.means
        self.stds[rows] = answer.stds
        self.outlier_index[rows] = answer.outlier_index

    def columns(self, with_outlier_index: bool, extra: Mapping[str, Any]) -> pd.DataFrame:
        """Return the columns FreqAI promises a strategy, one row a candle.

        Rows that no window answers hold NaN, with ``do_predict`` 0.
        """
        found: dict[str, Any] = {}
        for column, name in enumerate(self.label_names):
            found[name] = self.predictions[:, column]
            found[f"{name}_mean"] = self.means[:, column]
            found[f"{name}_std"] = self.stds[:, column]
        found.update(extra)
        found["do_predict"] = self.do_predict
        if with_outlier_index:
            found["DI_values"] = self.outlier_index
        return pd.DataFrame(found, index=range(len(self.do_predict)))


def attach(plain: pd.DataFrame, columns: pd.DataFrame) -> pd.DataFrame:
    """Return the strategy's frame with the answers beside it; its index becomes 0, 1, 2, …"""
    kept = plain.drop(columns=[c for c in columns.columns if c in plain.columns])
    return pd.concat([kept.reset_index(drop=True), columns], axis=1)


def save_answers(
    path: Path,
    times: Mapping[str, NDArray[np.int64]],
    answers: Mapping[str, Answer],
    label_names: list[str],
    description: Mapping[str, Any],
) -> None:
    """Store one window's answers as a feather file that knows what it was made from."""
    parts = []
    for pair, answer in answers.items():
        collected = Answers(len(times[pair]), label_names)
        collected.put(slice(None), answer)
        part = collected.columns(True, {})
        part.insert(0, "date", pd.to_datetime(times[pair], unit="s", utc=True))
        part.insert(1, "pair", pair)
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    header = {
        "fingerprint": fingerprint(description),
        "sha256": _checksum(frame),
        "description": dict(description),
    }
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata({**table.schema.metadata, _KEY: canonical(header)})
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        feather.write_feather(table, partial, compression="uncompressed")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_answers(
    path: Path, label_names: list[str], description: Mapping[str, Any]
) -> dict[str, Answer] | None:
    """Return stored answers by pair if the file is whole and was made from `description`.

    Returns
    -------
    dict or None
        None when there is no such file.

    Raises
    ------
    Refused
        When the file is damaged or was made from something else.
    """
    if not path.is_file():
        return None
    try:
        table = feather.read_table(path, memory_map=False)
        header = json.loads((table.schema.metadata or {})[_KEY])
        frame = table.to_pandas()
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise Refused(f"{path} is damaged ({type(error).__name__})") from None
    if header["fingerprint"] != fingerprint(description):
        changed = differences(header["description"], json.loads(canonical(description)))
        raise Refused(f"{path.name} was made from something else ({'; '.join(changed[:4])})")
    if header["sha256"] != _checksum(frame):
        raise Refused(f"{path} is damaged (its contents do not match their checksum)")
    return {str(pair): _answer(part, label_names) for pair, part in frame.groupby("pair")}


def _answer(part: pd.DataFrame, label_names: list[str]) -> Answer:
    return Answer(
        predictions=part[label_names].to_numpy(np.float64),
        do_predict=part["do_predict"].to_numpy(np.int64),
        means=part[[f"{name}_mean" for name in label_names]].to_numpy(np.float64)[0],
        stds=part[[f"{name}_std" for name in label_names]].to_numpy(np.float64)[0],
        outlier_index=part["DI_values"].to_numpy(np.float64),
    )


def _checksum(frame: pd.DataFrame) -> str:
    hasher = hashlib.sha256("|".join(frame.columns).encode())
    for name in frame.columns:
        if name == "pair":
            hasher.update("|".join(frame[name]).encode())
        elif name == "date":
            hasher.update(pd.DatetimeIndex(frame[name]).as_unit("s").asi8.tobytes())
        else:
            hasher.update(frame[name].to_numpy(np.float64).tobytes())
    return hasher.hexdigest()
