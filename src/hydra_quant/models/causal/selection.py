"""Features that drive a target, by PCMCI+ with links into the target only.

Sources: J. Runge, "Discovering contemporaneous and lagged causal relations in autocorrelated
nonlinear time series datasets", UAI 2020 (PCMCI+); J. Runge et al., "Detecting and quantifying
causal associations in large nonlinear time series datasets", Science Advances 5, 2019 (PC1, MCI,
partial correlation). The algorithm is that of the tigramite package (GPL-3).
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hydra_quant.models.causal.found import Parent, Selection
from hydra_quant.models.causal.screening import (
    Floats,
    Link,
    dependence,
    independent_links,
    unusable,
)

Correction = Literal["lags", "fdr", "none"]
MIN_ROWS = 100
"""Fewer rows than this with a known target tell nothing."""
_MISSING = 1e300
"""Stands for an unknown value where tigramite wants a number; it leaves those rows out."""


def select(
    features: NDArray[np.floating[Any]],
    target: NDArray[np.floating[Any]],
    names: Sequence[str],
    *,
    tau_max: int = 5,
    alpha: float = 0.05,
    most: int | None = None,
    seed: int = 0,
    reach: int = 0,
    correction: Correction = "lags",
) -> Selection:
    """Find the features that drive the target.

    Links into the target only are asked for (its own past among them), and every one is lagged:
    so PCMCI+ is its PC1 phase and its MCI test, and the contemporaneous phases, which do not end
    on dozens of columns that move together, have nothing to do. A feature that is merely moved by
    what moves the target is dropped if that driver is among the features; a driver that nobody
    measured cannot be seen through (causal sufficiency).

    **Pass the rows of the training window and no others**: every row given is learned from. Where
    the target looks ahead, the caller leaves out the last rows, whose labels reach further.

    Parameters
    ----------
    features : array of shape (n_rows, n_features)
        Rows in the order of time, evenly spaced; NaN (or infinite) where not known. A test leaves
        out the rows at which one of its own values is unknown, as tigramite does it; nothing is
        filled in.
    target : array of shape (n_rows,)
        What became known at the row, such as the bar's return; or with `reach` a label of what
        comes after it.
    names : of the features, each once
    tau_max : largest lag in rows
    alpha : level of every test, and of what is kept in the end
    most : keep at most so many features, the strongest
    seed : of tigramite's generator (the test used here is analytic and does not draw)
    reach
        Rows that the target looks ahead: 0 for a value of the row itself, whose drivers came
        before it (lag 1 and more); 1 and more for a label, which the row's own features may
        drive (lag 0 and more). Labels of more than one row overlap, and what a row already shows
        is part of the labels before it: therefore every `reach`-th row alone is tested, and of
        the target's own past only labels that had ended.
    correction
        For testing several links, of the largest p-value that a link had on its way: "lags"
        multiplies it by the number of the feature's lags that were tested, so that a feature that
        drives nothing is kept with probability `alpha` at most; "fdr" corrects over all links
        after Benjamini and Hochberg (stricter with many features); "none" takes each link alone.

    Raises
    ------
    ValueError
        When shapes, names or settings do not fit.
    """
    values = np.where(np.isfinite(features), features, np.nan).astype(np.float64)
    aim = np.where(np.isfinite(target), target, np.nan).astype(np.float64)
    _check(values, aim, names, tau_max, alpha, most)
    if reach < 0 or correction not in get_args(Correction):
        raise ValueError(f"reach {reach} or correction {correction!r} cannot be")
    shift = min(reach, 1)  # a label of row t becomes the value at row t + 1: every link is lagged
    aim = np.append(np.full(shift, np.nan), aim)[: len(aim)] if shift else aim
    points = np.arange(len(aim))[:: -max(reach, 1)][::-1]
    rows = int(np.isfinite(aim[points]).sum())
    why = unusable(values, names)
    tested = [name for name in names if name not in why]
    asked = [
        (at, lag)
        for lag in range(1, tau_max + 1 + shift)
        for at in range(len(tested) + 1)
        if at < len(tested) or lag >= reach
    ]
    hopeless = _hopeless(aim, rows, len(asked))
    if hopeless or not tested:
        why |= dict.fromkeys(tested, hopeless)
        return Selection((), (), (), why, rows)
    columns = np.column_stack([values[:, [n not in why for n in names]], aim])
    links = independent_links(columns, asked)
    for at, name in enumerate(tested):
        if at not in {column for column, _ in links}:
            why[name] = dependence(columns[:, :-1], at, tested)
    found = _discover(columns, points, links, alpha, seed, correction)
    parents, own = [], []
    for (column, lag), (strength, p) in found.items():
        if p <= alpha and column == len(tested):
            own.append(Parent("target", lag, strength, p))
        elif p <= alpha:
            parents.append(Parent(tested[column], lag - shift, strength, p))
    return _ranked(names, parents, own, why, alpha, most, rows)


def _check(
    values: Floats, aim: Floats, names: Sequence[str], tau_max: int, alpha: float, most: int | None
) -> None:
    if values.ndim != 2 or aim.shape != (len(values),) or len(names) != values.shape[1]:
        raise ValueError(f"{values.shape} features, {aim.shape} target, {len(names)} names")
    if len(set(names)) != len(names) or "target" in names:
        raise ValueError("names of features must differ from each other and from 'target'")
    if tau_max < 1 or not 0 < alpha < 1 or (most is not None and most < 1):
        raise ValueError(f"tau_max {tau_max}, alpha {alpha}, most {most} cannot be")


def _hopeless(aim: Floats, rows: int, links: int) -> str:
    """Why no test at all can be made, or nothing."""
    if rows < MIN_ROWS:
        return f"{rows} rows with a known target"
    if np.nanmin(aim) == np.nanmax(aim):
        return "the target is constant"
    # as many columns span everything: none could be told from a combination of the others
    return f"{len(aim)} rows are too few for {links} links" if len(aim) < 1.2 * links else ""


def _discover(
    columns: Floats,
    points: NDArray[np.int64],
    links: Sequence[Link],
    alpha: float,
    seed: int,
    correction: Correction,
) -> dict[Link, tuple[float, float]]:
    """Partial correlation and corrected p-value of each link into the last column."""
    from tigramite.data_processing import DataFrame  # takes seconds, and few ask for it
    from tigramite.independence_tests.parcorr import ParCorr
    from tigramite.pcmci import PCMCI

    target = columns.shape[1] - 1
    values = np.where(np.isnan(columns), _MISSING, columns)
    frame = DataFrame(values, missing_flag=_MISSING, reference_points=points)
    search = PCMCI(frame, ParCorr(significance="analytic", seed=seed), verbosity=0)
    asked: dict[int, dict[Link, str]] = {column: {} for column in range(target + 1)}
    asked[target] = {(column, -lag): "-?>" for column, lag in links}
    depth = max(lag for _, lag in links)
    result = search.run_pcmciplus(
        link_assumptions=asked, tau_min=1, tau_max=depth, pc_alpha=alpha, fdr_method="none"
    )
    # The largest p-value of all tests that a link took. That of the MCI test alone is too small:
    # its conditions were chosen on the same rows, and what they explain by chance is left out.
    largest = [
        max(result["p_matrix"][column, target, lag], search.pval_max[target][column, -lag])
        for column, lag in links
    ]
    corrected = _corrected(np.nan_to_num(largest, nan=1.0), links, correction)
    strength = [float(result["val_matrix"][column, target, lag]) for column, lag in links]
    return dict(zip(links, zip(strength, corrected.tolist(), strict=True), strict=True))


def _corrected(p: Floats, links: Sequence[Link], correction: Correction) -> Floats:
    if correction == "none":
        return p
    if correction == "fdr":
        from scipy.stats import false_discovery_control

        return np.asarray(false_discovery_control(p))
    lags = np.bincount([column for column, _ in links])
    return np.minimum(p * lags[[column for column, _ in links]], 1.0)


def _ranked(
    names: Sequence[str],
    parents: list[Parent],
    own: list[Parent],
    why: dict[str, str],
    alpha: float,
    most: int | None,
    rows: int,
) -> Selection:
    parents.sort(key=lambda link: (-abs(link.strength), link.name, link.lag))
    own.sort(key=lambda link: (-abs(link.strength), link.lag))
    strongest = list(dict.fromkeys(link.name for link in parents))
    kept = tuple(strongest[:most])
    why |= dict.fromkeys(strongest[len(kept) :], f"weaker than the {most} that are kept")
    for name in names:
        if name not in kept:
            why.setdefault(name, f"no link into the target at level {alpha:g}")
    listed = tuple(link for link in parents if link.name in kept)
    return Selection(kept, listed, tuple(own), why, rows)
