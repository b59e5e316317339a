"""What a model's own validation showed: the measure of everything it does later."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.validation.stability import codes_in, quantile_edges, shares_in, usual_psi

Floats = NDArray[np.float64]
Names = NDArray[np.str_]

BLOCK_ROWS = 500
BINS = 10


@dataclass(frozen=True)
class Shape:
    """A feature's distribution.

    Attributes
    ----------
    edges : tuple of float
        Inner edges of its bins.
    shares : tuple of float
        Of rows in each bin, the last one for those not known.
    usual : float
        Largest PSI of one block against all rows.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    usual: float


@dataclass(frozen=True)
class Baseline:
    """A model's validation.

    Attributes
    ----------
    accuracy, base_rate : float
        Share of right answers, and of outcomes that were 1.
    outcomes : int
        How many there were.
    threshold : float
        Probability from which an answer counts as 1.
    features : Mapping of str to Shape
        Distribution of what it was asked about.
    regimes : Mapping of str to float
        Share of candles by regime.
    regime_usual : float
        Largest PSI of one block's regimes against all.
    block_rows : int
        Rows in a block.
    known_until_ms : int or None
        Newest moment (epoch ms) that the model may have learned from.
    """

    accuracy: float
    base_rate: float
    outcomes: int
    threshold: float
    features: Mapping[str, Shape]
    regimes: Mapping[str, float]
    regime_usual: float
    block_rows: int
    known_until_ms: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, for a model's folder."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Read back what `as_json` gave.

        Raises
        ------
        ValueError
            When a field is missing or unknown; the text says so.
        """
        try:
            shapes = {
                name: Shape(tuple(shape["edges"]), tuple(shape["shares"]), shape["usual"])
                for name, shape in plain["features"].items()
            }
            return cls(**{**plain, "features": shapes})
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"the baseline of a model is damaged ({error}): train the model again"
            ) from None


def baseline_of(
    features: DataFrame,
    probabilities: Floats,
    outcomes: Floats,
    regimes: Names,
    *,
    threshold: float = 0.5,
    block_rows: int = BLOCK_ROWS,
    known_until_ms: int | None = None,
) -> Baseline:
    """Baseline from a validation: rows that the model had not learned from.

    Rows of all pairs together, oldest first; the three kinds of rows may differ in number.

    Parameters
    ----------
    features : DataFrame of shape (n_rows, n_features), what the model was asked about; NaN allowed
    probabilities, outcomes : arrays of shape (n_answers,), its answers and what came (1 or 0); a
        NaN in either does not count
    regimes : array of shape (n_candles,) of names, ``''`` where not known
    threshold : probability from which an answer counts as 1
    block_rows : rows in which later behaviour is compared
    known_until_ms : newest moment that the model may have learned from, epoch ms

    Raises
    ------
    ValueError
        When no outcome is known, or there are no feature rows.
    """
    accuracy, count = accuracy_of(probabilities, outcomes, threshold)
    if count == 0 or features.empty:
        raise ValueError("a baseline needs validation rows with known outcomes; there are none")
    both = np.isfinite(probabilities) & np.isfinite(outcomes)
    names, codes = np.unique(regimes[regimes != ""], return_inverse=True)
    shares = np.bincount(codes, minlength=len(names)) / max(len(codes), 1)
    return Baseline(
        accuracy=accuracy,
        base_rate=float(outcomes[both].mean()),
        outcomes=count,
        threshold=threshold,
        features={
            str(name): _shape(column.to_numpy(float), block_rows)
            for name, column in features.items()
        },
        regimes=dict(zip(names.tolist(), shares.tolist(), strict=True)),
        regime_usual=usual_psi(codes, len(names), block_rows),
        block_rows=block_rows,
        known_until_ms=known_until_ms,
    )


def accuracy_of(probabilities: Floats, outcomes: Floats, threshold: float) -> tuple[float, int]:
    """Share of known outcomes that the probability was right about (NaN for none), and how many."""
    known = np.isfinite(probabilities) & np.isfinite(outcomes)
    count = int(known.sum())
    right = (probabilities[known] >= threshold) == (outcomes[known] > 0.5)
    return (float(right.mean()) if count else np.nan), count


def bucket_of(probabilities: Floats) -> NDArray[np.int64]:
    """Tenth in which each probability lies, 0 to 9."""
    return np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)


def _shape(values: Floats, block_rows: int) -> Shape:
    edges = quantile_edges(values, BINS)
    return Shape(
        tuple(edges.tolist()),
        tuple(shares_in(values, edges).tolist()),
        usual_psi(codes_in(values, edges), len(edges) + 2, block_rows),
    )
