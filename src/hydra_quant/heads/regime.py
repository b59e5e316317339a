"""The regime classifier: seven classes from 25 features, by a random forest or by XGBoost."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.boosted import Boosted, Constant
from hydra_quant.heads.forest import Forest
from hydra_quant.heads.macro_f1 import macro_f1
from hydra_quant.labels.regimes import REGIMES
from hydra_quant.settings import Regimes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
N = len(REGIMES)


class Later(NamedTuple):
    """Rows after those that were learned from, by which a model's health is told.

    Attributes
    ----------
    features : array of shape (n_rows, n_features)
    codes : array of shape (n_rows,)
        What came, index into `REGIMES`.
    persistence, rule : array of shape (n_rows,), or None
        What two that learn nothing would have said: the regime stays, and the rule's.
    """

    features: Floats
    codes: Ints
    persistence: Ints | None = None
    rule: Ints | None = None


KINDS: dict[str, type[Forest | Boosted | Constant]] = {
    "forest": Forest,
    "xgboost": Boosted,
    "constant": Constant,
}


@dataclass(frozen=True)
class RegimeModel:
    """Tells how likely each regime is.

    Attributes
    ----------
    kind : 'forest', 'xgboost' or 'constant'
    learned : Forest, Boosted or Constant
    classes : tuple of int
        Index into `REGIMES` of each class that occurred in training.
    names : tuple of str
        Its features, in their order.
    label : 'next' or 'same'
        Which window it was taught.
    health : dict of str to float
        ``macro_f1``, ``accuracy``, ``n_later`` on later rows, ``persistence_f1`` and ``rule_f1``
        beside them as far as given; ``n_train`` and the share of each regime in training
        (``share_ranging`` …).
    """

    kind: str
    learned: Forest | Boosted | Constant
    classes: tuple[int, ...]
    names: tuple[str, ...]
    label: Literal["next", "same"] = "next"
    health: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        features: Floats,
        codes: Ints,
        names: Sequence[str],
        settings: Regimes,
        *,
        seed: int,
        later: Later | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Self:
        """Learn what regime belongs to which features.

        Parameters
        ----------
        features : array of shape (n_rows, n_features), NaN where not known
        codes : array of shape (n_rows,), index into `REGIMES`
        names : n_features
        settings : Regimes
            ``classifier`` and ``label``.
        seed : same seed, same model
        later : rows for `health`; they teach nothing
        params : of the classifier, over `forest.DEFAULTS` or `boosted.BOOSTED`

        Raises
        ------
        ValueError
            When there is no row, or the numbers of rows or features differ.
        """
        features, codes = np.asarray(features, float), np.asarray(codes, np.int64)
        if not len(codes) or features.shape != (len(codes), len(names)):
            raise ValueError(
                f"a regime model learns from rows of {len(names)} features and one label each: "
                f"features are {features.shape}, labels {codes.shape}"
            )
        present, classes = np.unique(codes, return_inverse=True)
        kind = settings.classifier if len(present) > 1 else "constant"
        learned: Forest | Boosted | Constant = Constant()
        if kind == "forest":
            learned = Forest.fit(features, classes, seed=seed, params=params)
        elif kind == "xgboost":
            learned = Boosted.fit(features, classes, seed=seed, params=params or {})
        known = tuple(int(code) for code in present)
        model = cls(kind, learned, known, tuple(names), settings.label)
        shares = np.bincount(codes, minlength=N) / len(codes)
        health = {f"share_{name}": float(s) for name, s in zip(REGIMES, shares, strict=True)}
        health |= {"n_train": float(len(codes)), **(model.judge(later) if later else {})}
        return cls(kind, learned, known, tuple(names), settings.label, health)

    def predict(self, features: Floats) -> Floats:
        """How likely each regime is.

        Parameters
        ----------
        features : array of shape (n_rows, n_features), NaN where not known

        Returns
        -------
        array of shape (n_rows, 7), in the order of `REGIMES`, rows sum to 1; 0 for regimes that
        never occurred in training. As the classes were weighted to be equally frequent, these are
        what the features speak for, not frequencies to be expected.
        """
        features = np.asarray(features, float)
        if features.ndim != 2 or features.shape[1] != len(self.names):
            raise ValueError(f"rows have {features.shape[1:]} features, not {len(self.names)}")
        out = np.zeros((len(features), N))
        if len(features):
            out[:, self.classes] = self.learned.predict(features)
        return out

    def judge(self, later: Later) -> dict[str, float]:
        """Macro-F1 and accuracy on rows that were not learned from; nothing for no rows."""
        if not len(later.codes):
            return {"n_later": 0.0}
        told, even = self.predict(later.features).argmax(axis=1), np.ones(len(later.codes))
        others = {"persistence_f1": later.persistence, "rule_f1": later.rule}
        return {
            "n_later": float(len(later.codes)),
            "accuracy": float((told == later.codes).mean()),
            "macro_f1": float(macro_f1(later.codes, told, even, N)),
            **{
                name: float(macro_f1(later.codes, codes, even, N))
                for name, codes in others.items()
                if codes is not None
            },
        }

    def to_bytes(self) -> bytes:
        """A line of JSON, then what was learned."""
        about = {
            "kind": self.kind,
            "classes": [REGIMES[code] for code in self.classes],
            "names": list(self.names),
            "label": self.label,
            "health": dict(self.health),
        }
        return json.dumps(about).encode() + b"\n" + self.learned.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read `to_bytes` back.

        Raises
        ------
        ValueError or KeyError
            When it is damaged, or of another version.
        """
        line, _, payload = data.partition(b"\n")
        about = json.loads(line)
        classes = tuple(REGIMES.index(name) for name in about["classes"])
        learned = KINDS[about["kind"]].from_bytes(payload)
        names = tuple(about["names"])
        return cls(about["kind"], learned, classes, names, about["label"], about["health"])
