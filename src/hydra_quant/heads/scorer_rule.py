"""The rule that scores signals while there is no model to do it."""

import json
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.scorer_features import AT

Floats = NDArray[np.float64]
FORMAT = "HYDRA-RULE-SCORER-1"


def rule_score(features: Floats) -> Floats:
    """Score signals by SPEC §4's rule.

    The signal's confidence, × 1.1 in normal volatility (1), × 0.8 in high (2 or more), × 1.1 where
    funding is beyond 0.05 % either way, × 0.7 where a cascade is likelier than 0.3; at most 1.

    Parameters
    ----------
    features : array of shape (n_rows, 49), columns `scorer_features.NAMES`

    Returns
    -------
    array of shape (n_rows,), 0 to 1; NaN where the confidence is. Whatever else is not known
    changes nothing.
    """
    regime = features[:, AT["volatility_regime"]]
    funding = np.abs(features[:, AT["funding_rate"]])
    cascade = features[:, AT["cascade_probability"]]
    score = features[:, AT["signal_confidence"]].copy()
    score *= np.where(regime == 1, 1.1, np.where(regime >= 2, 0.8, 1.0))
    score *= np.where(funding > 0.0005, 1.1, 1.0)
    score *= np.where(cascade > 0.3, 0.7, 1.0)
    return np.asarray(np.minimum(score, 1.0))


class RuleScorer:
    """`rule_score` in the place of a model.

    Parameters
    ----------
    why : in words, why there is no model
    health : see `heads.scorer_health`
    explanation : what is written down beside a training, JSON-able
    """

    by_model = False

    def __init__(
        self,
        why: str,
        health: Mapping[str, float] | None = None,
        explanation: Mapping[str, Any] | None = None,
    ) -> None:
        self.why = why
        self.health = dict(health or {})
        self.explanation = dict(explanation or {})

    def predict(self, features: Floats) -> Floats:
        """Return scores of shape (n_rows,) for features of shape (n_rows, 49); see `rule_score`."""
        return rule_score(features)

    def to_bytes(self) -> bytes:
        """All there is to it, as JSON."""
        return json.dumps(
            {
                "format": FORMAT,
                "why": self.why,
                "health": {k: v if np.isfinite(v) else None for k, v in self.health.items()},
                "explanation": self.explanation,
            }
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the scorer that `to_bytes` was called on.

        Raises
        ------
        ValueError
            When the bytes are something else.
        """
        found = json.loads(data)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ValueError(f"no rule of format {FORMAT}: train again")
        health = {k: np.nan if v is None else v for k, v in found["health"].items()}
        return cls(found["why"], health, found["explanation"])
