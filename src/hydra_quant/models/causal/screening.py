"""What cannot be tested, and why: constant, scarcely known and linearly dependent columns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Link = tuple[int, int]
"""Column and lag in rows."""

MIN_KNOWN = 0.5
"""A column known in a smaller share of the rows than this is not tested."""
SPAN = 1e-5
"""A column closer than this (relative to its own spread) to a combination of others is one."""
SAME = 1 - 1e-9


def unusable(features: Floats, names: Sequence[str]) -> dict[str, str]:
    """Name the columns that no test can be made on, and why.

    Parameters
    ----------
    features : array of shape (n_rows, n_features), NaN where not known
    names : of the columns

    Returns
    -------
    dict
        Name to reason; empty where every column can be tested.
    """
    why = {}
    for name, column in zip(names, features.T, strict=True):
        known = column[np.isfinite(column)]
        if len(known) < MIN_KNOWN * len(column):
            why[name] = f"known in {len(known)} of {len(column)} rows"
        elif known.min() == known.max():
            why[name] = f"constant ({known[0]:g})"
    return why


def independent_links(columns: Floats, links: Sequence[Link]) -> list[Link]:
    """Return the links that are no linear combination of links before them.

    Were they left in, each of the two would be explained by the other and both would go: a copy,
    a sum of two other columns, a column shifted by some rows, an average that is built from its
    own last value.

    Parameters
    ----------
    columns : array of shape (n_rows, n_columns), NaN where not known
    links : the ones to be preferred first; lags of at least 1

    Notes
    -----
    Looks at the rows where everything is known, or at all of them with unknown values at their
    column's mean where the former are fewer than three a link: a combination of columns that are
    unknown at different rows is then not seen.
    """
    depth = max(lag for _, lag in links)
    design = np.column_stack([columns[depth - lag : len(columns) - lag, at] for at, lag in links])
    whole = np.isfinite(design).all(axis=1)
    if whole.sum() >= 3 * len(links):
        design = design[whole]
    # |R_jj| is the distance of column j from the span of the columns before it
    distance = np.abs(np.diagonal(np.linalg.qr(_standard(design), mode="r")))
    return [link for link, far in zip(links, distance, strict=False) if far > SPAN]


def dependence(columns: Floats, column: int, names: Sequence[str]) -> str:
    """Say in words what a column without any independent link is made of."""
    scaled = _standard(columns)
    alike = np.abs(scaled.T @ scaled[:, column])
    alike[column] = 0.0
    best = int(np.argmax(alike))
    if alike[best] >= SAME:
        return f"the same as {names[best]}"
    return "a linear combination of other columns"


def _standard(columns: Floats) -> Floats:
    """Columns of mean 0 and length 1, with unknown values at the mean."""
    known = np.isfinite(columns)
    share = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, columns, 0.0)
    centred = np.where(known, centred - centred.sum(axis=0) / share, 0.0)
    length = np.sqrt((centred**2).sum(axis=0))
    return np.asarray(centred / np.where(length > 0, length, 1.0))
