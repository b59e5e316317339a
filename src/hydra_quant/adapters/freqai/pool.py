"""From pairs' frames to pooled rows and back."""

from collections.abc import Callable, Mapping

import numpy as np
from freqtrade.exceptions import OperationalException
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.answers import Answer
from hydra_quant.adapters.freqai.frames import PairFrame, complete_rows
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.windows import Window
from hydra_quant.models.rows import Rows

Array = NDArray[np.float64]
Fit = Callable[[Array], NDArray[np.bool_]]
Places = dict[str, NDArray[np.intp]]


def usable(
    frame: PairFrame, window: Window, horizon: int, fit: Fit = complete_rows
) -> NDArray[np.intp]:
    """Return positions of the candles a window may learn from, ascending.

    Those inside the training stretch whose features are `fit` (every one finite), whose label is
    finite and known by the window's end: a label at position t needs the candle at ``t + horizon``.
    """
    learn = frame.rows(window.train_start, window.train_stop)
    known = frame.position(window.known_until) - horizon
    at = np.arange(learn.start, max(learn.start, min(learn.stop, known)))
    good = frame.complete[at] if fit is complete_rows else fit(frame.features[at])
    return at[good & complete_rows(frame.labels[at])]


def agreeing(frames: dict[str, PairFrame]) -> dict[str, PairFrame]:
    """Return the frames if all pairs have the same features and labels in the same order.

    Raises
    ------
    OperationalException
        Naming the pair and the columns that differ.
    """
    pairs = iter(frames.values())
    first = next(pairs)
    for frame in pairs:
        if (frame.names, frame.label_names) != (first.names, first.label_names):
            columns = {*frame.names, *frame.label_names} ^ {*first.names, *first.label_names}
            raise OperationalException(
                f"{frame.pair} and {first.pair} have different features or labels "
                f"({', '.join(sorted(columns)[:4]) or 'in another order'}): a panel model needs "
                "the same columns for every pair (leave include_corr_pairlist empty)."
            )
    return frames


def pool(
    frames: Mapping[str, PairFrame], window: Window, horizon: int, fit: Fit = complete_rows
) -> Rows:
    """Return every pair's usable rows of a window, sorted by time, then by pair."""
    universe = tuple(sorted(frames))
    at = {pair: usable(frames[pair], window, horizon, fit) for pair in universe}
    times = np.concatenate([frames[pair].times[at[pair]] for pair in universe])
    codes = np.concatenate(
        [np.full(len(at[pair]), code, dtype=np.int16) for code, pair in enumerate(universe)]
    )
    order = np.argsort(times, kind="stable")
    features = np.concatenate([frames[pair].features[at[pair]] for pair in universe])
    labels = np.concatenate([frames[pair].labels[at[pair]] for pair in universe])
    return Rows(features[order], labels[order], times[order], codes[order], universe)


def asked_rows(
    features: Mapping[str, Array],
    times: Mapping[str, NDArray[np.int64]],
    fit: Fit = complete_rows,
) -> tuple[Rows, Places]:
    """Return the rows to be answered (those that are `fit`), sorted by time, then by pair.

    Returns
    -------
    rows : Rows
        Labels of width 0.
    places : dict of str to NDArray of int
        For each pair, which of its candles those rows are (ascending).
    """
    universe = tuple(sorted(features))
    places = {p: np.flatnonzero(fit(features[p])) for p in universe}
    moments = np.concatenate([times[pair][places[pair]] for pair in universe])
    codes = np.concatenate(
        [np.full(len(places[pair]), code, dtype=np.int16) for code, pair in enumerate(universe)]
    )
    order = np.argsort(moments, kind="stable")
    values = np.concatenate([features[pair][places[pair]] for pair in universe])
    none = np.empty((len(order), 0))
    return Rows(values[order], none, moments[order], codes[order], universe), places


def scatter(
    predictions: Array,
    rows: Rows,
    places: Places,
    times: Mapping[str, NDArray[np.int64]],
    trained: Trained,
) -> dict[str, Answer]:
    """Give each pair its predictions back, in the order of its candles.

    Raises
    ------
    ValueError
        When the model answered with another shape than (n_rows, n_labels).
    """
    wanted = (len(rows), len(trained.label_names))
    if predictions.shape != wanted:
        raise ValueError(f"predict_panel returned shape {predictions.shape}, expected {wanted}")
    answers = {}
    for code, pair in enumerate(rows.universe):
        n_candles = len(times[pair])
        found = np.full((n_candles, wanted[1]), np.nan)
        found[places[pair]] = predictions[rows.pairs == code]
        answered = complete_rows(found).astype(np.int64)
        answers[pair] = Answer(
            found, answered, *trained.statistics(pair), np.zeros(n_candles), trained.health
        )
    return answers


def mean_and_std(labels: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation (divided by n) of each column.

    Column by column, in the order of summation that scipy's ``norm.fit`` uses: the same bits.
    """
    columns = [np.ascontiguousarray(labels[:, c]) for c in range(labels.shape[1])]
    means = np.array([column.mean() for column in columns])
    variances = [((x - m) ** 2).mean() for x, m in zip(columns, means, strict=True)]
    return means, np.sqrt(np.array(variances))


def statistics(rows: Rows) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return means and deviations of the labels by pair, and under "" of all rows."""
    means, stds = {}, {}
    means[""], stds[""] = mean_and_std(rows.labels)
    for code, pair in enumerate(rows.universe):
        own = rows.labels[rows.pairs == code]
        if len(own):
            means[pair], stds[pair] = mean_and_std(own)
    return means, stds
