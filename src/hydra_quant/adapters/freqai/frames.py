"""One pair's candles, features and labels as arrays, computed once for a whole backtest."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from freqtrade.exceptions import OperationalException
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from freqtrade.strategy.interface import IStrategy
from numpy.typing import NDArray

from hydra_quant.models.fingerprint import digest, row_digests

_EXPANDERS = ("feature_engineering_expand_all", "feature_engineering_expand_basic")
CANDLE = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class PairFrame:
    """Everything a window needs of one pair, oldest row first.

    Attributes
    ----------
    pair : str
    times : NDArray of shape (n_candles,), int64
        Candle open times, seconds since 1970 UTC.
    features : NDArray of shape (n_candles, n_features), float64
        ``%`` columns in the strategy's order; NaN where not known (warm-up).
    names : list of str
        Feature names as FreqAI cleans them (no colons).
    labels : NDArray of shape (n_candles, n_labels), float64
        ``&`` columns computed on the whole frame: a window must not read a label whose horizon
        ends beyond its own last candle.
    label_names : list of str
    plain : pd.DataFrame
        What goes back to the strategy: all columns that are neither features nor labels, and
        ``%%`` columns.
    """

    pair: str
    times: NDArray[np.int64]
    features: NDArray[np.float64]
    names: list[str]
    labels: NDArray[np.float64]
    label_names: list[str]
    plain: pd.DataFrame

    @cached_property
    def complete(self) -> NDArray[np.bool_]:
        """Rows whose features are all finite, shape (n_candles,)."""
        return complete_rows(self.features)

    @cached_property
    def row_hashes(self) -> NDArray[np.uint8]:
        """Hash of each row of features, shape (n_candles, 32)."""
        return row_digests(self.features)

    def rows(self, start: int, stop: int | None) -> slice:
        """Return the positions of candles with ``start <= open time < stop`` (None: to the end)."""
        first = int(np.searchsorted(self.times, start))
        return slice(first, len(self.times) if stop is None else self.position(stop))

    def position(self, time: int) -> int:
        """Return the position of the first candle that opens at `time` or later."""
        return int(np.searchsorted(self.times, time))

    def without_arrays(self) -> "PairFrame":
        """Return the frame with `plain` and names only, to let the memory go."""
        none = np.empty((0, 0))
        return PairFrame(
            self.pair, self.times, none, self.names, none, self.label_names, self.plain
        )

    def neutral(self) -> "PairFrame":
        """Return the frame with its own pair's name in feature names replaced by ``own``.

        FreqAI's expansion puts the pair into every name; pooled columns must be called the same.
        """
        names = [neutral_name(name, self.pair) for name in self.names]
        return replace(self, names=names)

    def hash_of(self, rows: slice, labels_until: int | None = None) -> str:
        """Return a hash of times and features of `rows`, and of labels before `labels_until`."""
        parts = [self.times[rows].tobytes(), self.row_hashes[rows].tobytes()]
        if labels_until is not None:
            parts.append(self.labels[rows.start : max(rows.start, labels_until)].tobytes())
        return digest(*parts)


def as_matrix(dataframe: pd.DataFrame, names: list[str]) -> NDArray[np.float64]:
    """Return columns as an array of shape (n_candles, n_names), row after row, copied once."""
    matrix = np.empty((len(dataframe), len(names)))
    for column, name in enumerate(names):
        matrix[:, column] = dataframe[name].to_numpy(np.float64)
    return matrix


def complete_rows(features: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows are finite throughout, shape (n_rows,)."""
    return np.logical_and.reduce(np.isfinite(features), axis=1)


def neutral_name(name: str, pair: str) -> str:
    """Return a column name without colons and with the pair's own name replaced by ``own``."""
    return name.replace(":", "").replace(pair.replace(":", ""), "own")


def candle_hash(dataframe: pd.DataFrame) -> str:
    """Return a hash of a frame's candles (date, open, high, low, close, volume)."""
    values = dataframe[list(CANDLE)].to_numpy(np.float64)
    return digest(open_times(dataframe).tobytes(), np.ascontiguousarray(values).tobytes())


def open_times(dataframe: pd.DataFrame) -> NDArray[np.int64]:
    """Return the ``date`` column as seconds since 1970 UTC, shape (n_candles,)."""
    return pd.DatetimeIndex(dataframe["date"]).as_unit("s").asi8


def populate(
    strategy: IStrategy,
    dataframe: pd.DataFrame,
    pair: str,
    dk: FreqaiDataKitchen,
    base: dict[str, pd.DataFrame] | None = None,
    corr: dict[str, dict[str, pd.DataFrame]] | None = None,
) -> pd.DataFrame:
    """Return the frame with the strategy's features, as FreqAI would compute them.

    A strategy that leaves both expanding functions alone gets no expansion from FreqAI either, only
    a series of merges that add nothing: those are left out.

    Parameters
    ----------
    base, corr : dict, optional
        Candles of further time frames and pairs where FreqAI holds them in memory (live).
    """
    if any(getattr(type(strategy), f) is not getattr(IStrategy, f) for f in _EXPANDERS):
        populated = dk.use_strategy_to_populate_indicators(
            strategy,
            corr_dataframes=corr,
            base_dataframes=base,
            prediction_dataframe=None if base else dataframe,
            pair=pair,
        )
        return populated[[c for c in populated.columns if "&" not in c]]
    return strategy.feature_engineering_standard(dataframe.copy(), metadata={"pair": pair})


def build_frame(
    strategy: IStrategy,
    dataframe: pd.DataFrame,
    pair: str,
    dk: FreqaiDataKitchen,
    *,
    horizon: int,
    base: dict[str, pd.DataFrame] | None = None,
    corr: dict[str, dict[str, pd.DataFrame]] | None = None,
) -> PairFrame:
    """Compute features and labels of one pair over its whole frame.

    Parameters
    ----------
    dataframe : pd.DataFrame
        Candles as freqtrade hands them over, oldest first.
    horizon : int
        ``label_period_candles``: the label of row t may depend on rows up to ``t + horizon``.
        Checked once, by computing the labels again without the last tenth of the candles.
    base, corr : dict, optional
        See `populate`.

    Raises
    ------
    OperationalException
        When there are no features or labels, a label is text, or a label reads further ahead than
        `horizon`.
    """
    populated = populate(strategy, dataframe, pair, dk, base, corr)
    names = [column for column in populated.columns if "%" in column]
    if not names:
        raise OperationalException(
            f"{pair}: the strategy gave no features. "
            "Name them '%-…' in feature_engineering_standard."
        )
    labelled = strategy.set_freqai_targets(populated.copy(deep=False), metadata={"pair": pair})
    label_names = [column for column in labelled.columns if "&" in column]
    labels = _numeric(labelled, label_names, pair)
    cut = len(labels) - max(1, len(labels) // 10)
    if cut > horizon:
        _check_reach(strategy, populated.iloc[:cut], pair, label_names, labels, horizon)
    keep = [c for c in populated.columns if ("%" not in c or c.startswith("%%")) and "&" not in c]
    return PairFrame(
        pair=pair,
        times=open_times(populated),
        features=as_matrix(populated, names),
        names=[name.replace(":", "") for name in names],
        labels=labels,
        label_names=[name.replace(":", "") for name in label_names],
        plain=populated[keep].copy(),
    )


def _numeric(labelled: pd.DataFrame, names: list[str], pair: str) -> NDArray[np.float64]:
    if not names:
        raise OperationalException(
            f"{pair}: the strategy set no label. Name it '&-…' in set_freqai_targets."
        )
    for name in names:
        if not pd.api.types.is_numeric_dtype(labelled[name]):
            raise OperationalException(
                f"{pair}: label {name!r} is {labelled[name].dtype}, not a number; "
                "give a number (for example the forward log return)."
            )
    return as_matrix(labelled, names)


def _check_reach(
    strategy: IStrategy,
    cut: pd.DataFrame,
    pair: str,
    names: list[str],
    labels: NDArray[np.float64],
    horizon: int,
) -> None:
    """Refuse labels that change when candles beyond their horizon are taken away."""
    known = len(cut) - horizon
    again = strategy.set_freqai_targets(cut.copy(deep=False), metadata={"pair": pair})
    seen = as_matrix(again, names)[:known]
    differs = ~((seen == labels[:known]) | (np.isnan(seen) & np.isnan(labels[:known])))
    if differs.any():
        row, column = np.argwhere(differs)[0]
        raise OperationalException(
            f"{pair}: label {names[column]!r} at {cut['date'].iloc[row]} changes when candles more "
            f"than label_period_candles={horizon} later are removed: it reads further ahead than "
            "declared. Raise freqai.feature_parameters.label_period_candles or shorten the label."
        )
