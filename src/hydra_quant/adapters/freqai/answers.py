"""What the models answer, window by window, and the frame that goes back to the strategy."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import feather

from hydra_quant.models.fingerprint import canonical
from hydra_quant.models.store import Refused

_KEY = b"hydra"
_BESIDE = "beside "


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
    health : Mapping of str to float
        How good the model was on rows it had not seen.
    extra : Mapping of str to NDArray of shape (n_candles,), float64
        What the model tells of each candle beside its answer, by the name of its column; NaN where
        not known. The same names from every window.
    """

    predictions: NDArray[np.float64]
    do_predict: NDArray[np.int64]
    means: NDArray[np.float64]
    stds: NDArray[np.float64]
    outlier_index: NDArray[np.float64]
    health: Mapping[str, float] = field(default_factory=dict)
    extra: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


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
        self.health: dict[str, NDArray[np.float64]] = {}
        self.extra: dict[str, NDArray[np.float64]] = {}

    def put(self, rows: slice, answer: Answer) -> None:
        """Write one window's answer at its rows."""
        self.predictions[rows] = answer.predictions
        self.do_predict[rows] = answer.do_predict
        self.means[rows] = answer.means
        self.stds[rows] = answer.stds
        self.outlier_index[rows] = answer.outlier_index
        for kept, told in ((self.health, answer.health), (self.extra, answer.extra)):
            for name, value in told.items():
                column = kept.setdefault(name, np.full(len(self.do_predict), np.nan))
                column[rows] = value

    def columns(self, with_outlier_index: bool, extra: Mapping[str, Any]) -> pd.DataFrame:
        """Return the columns FreqAI promises a strategy, one row a candle.

        Rows that no window answers hold NaN, with ``do_predict`` 0.
        """
        found: dict[str, Any] = {}
        for column, name in enumerate(self.label_names):
            found[name] = self.predictions[:, column]
            found[f"{name}_mean"] = self.means[:, column]
            found[f"{name}_std"] = self.stds[:, column]
        found.update({f"health_{name}": column for name, column in sorted(self.health.items())})
        found.update(dict(sorted(self.extra.items())))
        found.update(extra)
        found["do_predict"] = self.do_predict
        if with_outlier_index:
            found["DI_values"] = self.outlier_index
        return pd.DataFrame(found, index=range(len(self.do_predict)))


def attach(plain: pd.DataFrame, columns: pd.DataFrame) -> pd.DataFrame:
    """Return the strategy's frame with the answers beside it; its index becomes 0, 1, 2, …"""
    kept = plain.drop(columns=[c for c in columns.columns if c in plain.columns])
    return pd.concat([kept.reset_index(drop=True), columns], axis=1)


class AnswerBook:
    """The stored answers of one backtest: a feather file that knows what each window was made from.

    Parameters
    ----------
    path : Path
        Columns ``date``, ``pair``, then as `Answers.columns`, then the extra ones; the metadata
        key ``hydra`` holds the fingerprint and the rows of each window, and a checksum of all.
    label_names : list of str
    """

    def __init__(self, path: Path, label_names: list[str]) -> None:
        self.path, self.label_names = path, label_names
        self._stored: dict[str, tuple[str, dict[str, Answer]]] = {}
        self._pages: dict[str, tuple[str, dict[str, tuple[NDArray[np.int64], Answer]]]] = {}
        self._changed = False

    def load(self) -> None:
        """Read the file, if there is one.

        Raises
        ------
        Refused
            When it is damaged; nothing of it is used then.
        """
        if not self.path.is_file():
            return
        try:
            table = feather.read_table(self.path, memory_map=False)
            header = json.loads((table.schema.metadata or {})[_KEY])
            columns = {name: table[name].to_numpy() for name in table.column_names}
            if header["sha256"] != _checksum(columns, header["windows"]):
                raise ValueError("checksum")
            self._stored = self._read(columns, header["windows"])
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            raise Refused(f"{self.path} is damaged ({type(error).__name__})") from None

    def find(self, window: int, mark: str) -> dict[str, Answer] | None:
        """Return a window's answers by pair, if they are stored and made from the same things.

        Parameters
        ----------
        window : int
            Where its answers begin, seconds since 1970 UTC.
        mark : str
            Fingerprint of what they depend on.

        Raises
        ------
        Refused
            When the stored ones were made from something else.
        """
        if str(window) not in self._stored:
            return None
        known, answers = self._stored[str(window)]
        if known != mark:
            raise Refused(f"answers in {self.path.name} were made from something else")
        return answers

    def put(
        self,
        window: int,
        mark: str,
        times: Mapping[str, NDArray[np.int64]],
        answers: Mapping[str, Answer],
    ) -> None:
        """Enter a window's answers; `save` writes them."""
        page = {pair: (times[pair], answer) for pair, answer in answers.items()}
        stored = self._stored.get(str(window))
        self._changed |= stored is None or stored[0] != mark
        self._pages[str(window)] = (mark, page)

    def save(self) -> None:
        """Write every window entered, unless they are exactly the stored ones."""
        if not self._changed and self._pages.keys() == self._stored.keys():
            return
        pages = [answer for _, page in self._pages.values() for _, answer in page.values()]
        extra = sorted({name for answer in pages for name in answer.extra})
        rows: dict[str, list[Any]] = {name: [] for name in (*self._columns(), *map(_beside, extra))}
        windows: dict[str, Any] = {}
        at = 0
        for window, (mark, page) in self._pages.items():
            counts = {pair: len(times) for pair, (times, _) in page.items()}
            health = {pair: dict(answer.health) for pair, (_, answer) in page.items()}
            windows[window] = {"fingerprint": mark, "from": at, "rows": counts, "health": health}
            windows[window]["extra"] = extra
            at += sum(counts.values())
            for pair, (times, answer) in page.items():
                self._append(rows, pair, times, answer)
        columns = {name: np.concatenate(parts) for name, parts in rows.items()}
        self._write(columns, canonical({"sha256": _checksum(columns, windows), "windows": windows}))

    def _columns(self) -> list[str]:
        statistics = [f"{n}{end}" for n in self.label_names for end in ("", "_mean", "_std")]
        return ["date", "pair", *statistics, "do_predict", "DI_values"]

    def _append(
        self, rows: dict[str, list[Any]], pair: str, times: NDArray[np.int64], answer: Answer
    ) -> None:
        n_rows = len(times)
        rows["date"].append(times.astype("datetime64[s]"))
        rows["pair"].append(np.full(n_rows, pair, dtype=object))
        for column, name in enumerate(self.label_names):
            rows[name].append(answer.predictions[:, column])
            rows[f"{name}_mean"].append(np.full(n_rows, answer.means[column]))
            rows[f"{name}_std"].append(np.full(n_rows, answer.stds[column]))
        rows["do_predict"].append(answer.do_predict)
        rows["DI_values"].append(answer.outlier_index)
        for beside in rows.keys() - {*self._columns()}:
            unknown = np.full(n_rows, np.nan)
            rows[beside].append(answer.extra.get(beside.removeprefix(_BESIDE), unknown))

    def _write(self, columns: dict[str, Any], header: str) -> None:
        table = pa.table(columns).replace_schema_metadata({_KEY: header})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            feather.write_feather(table, partial, compression="uncompressed")
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)

    def _read(
        self, columns: dict[str, Any], windows: dict[str, Any]
    ) -> dict[str, tuple[str, dict[str, Answer]]]:
        found = {}
        for window, entry in windows.items():
            at, answers = entry["from"], {}
            for pair, count in entry["rows"].items():
                answers[pair] = self._answer(columns, slice(at, at + count), entry, pair)
                at += count
            found[window] = (entry["fingerprint"], answers)
        return found

    def _answer(
        self, columns: dict[str, Any], rows: slice, entry: Mapping[str, Any], pair: str
    ) -> Answer:
        def wide(end: str) -> NDArray[np.float64]:
            return np.column_stack([columns[name + end][rows] for name in self.label_names])

        means, stds = wide("_mean"), wide("_std")
        none = np.full(len(self.label_names), np.nan)
        return Answer(
            predictions=wide(""),
            do_predict=columns["do_predict"][rows],
            means=means[0] if len(means) else none,
            stds=stds[0] if len(stds) else none,
            outlier_index=columns["DI_values"][rows],
            health=entry["health"][pair],
            extra={name: columns[_beside(name)][rows] for name in entry["extra"]},
        )


def _beside(name: str) -> str:
    """Column of the file that holds an extra column: none that a label could be called."""
    return _BESIDE + name


def _checksum(columns: Mapping[str, Any], windows: Mapping[str, Any]) -> str:
    hasher = hashlib.sha256("|".join(columns).encode() + canonical(windows).encode())
    for name, values in columns.items():
        if name == "pair":
            hasher.update("|".join(values).encode())
        elif name == "date":
            hasher.update(values.astype("datetime64[s]").astype(np.int64).tobytes())
        else:
            hasher.update(np.ascontiguousarray(values, dtype=np.float64).tobytes())
    return hasher.hexdigest()
