"""What every model is worth: figures with intervals, beside logistic regression and HAR."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hydra_quant.heads.dataset import Told, silent
from hydra_quant.heads.models.figures import UNKNOWN, Figure
from hydra_quant.heads.models.material import Material
from hydra_quant.heads.models.plan import Plan
from hydra_quant.heads.models.scored import RIVAL, ByName, Judging, Scored
from hydra_quant.heads.models.walk import Asked, Walked, walk

NOT_BETTER = "does not beat logistic regression"
BETTER = "beats logistic regression"


@dataclass(frozen=True)
class Judged:
    """One model over all test blocks.

    Attributes
    ----------
    direction : by hours of the horizon: ``auc``, ``auc_over_logistic``, ``ic``, ``brier``, ``ece``
    rule : ``net_bp``, ``gross_bp`` a trade and ``share`` of the rows that were traded
    fixed : by name of `thresholds.THRESHOLDS`: share of the rows ``beyond`` it, ``share`` of those
        with enough confidence too, and ``net_bp`` a trade of these
    volatility : ``r2`` and ``r2_over_har``
    seconds : of training, all windows of the median seed
    ms_per_row : of an answer, in batches
    epochs : of a network: in each window the epoch whose weights were best, median over seeds
    """

    direction: dict[int, ByName]
    rule: ByName
    fixed: dict[str, ByName]
    volatility: ByName
    seconds: float
    ms_per_row: float
    epochs: tuple[float, ...] = ()

    def verdict(self, hours: int) -> str:
        """Whether its AUC is above that of logistic regression; empty where there is none."""
        figure = self.direction.get(hours, {}).get("auc_over_logistic", UNKNOWN)
        if not np.isfinite(figure.value):
            return ""
        return BETTER if figure.above(0.0) else NOT_BETTER

    @property
    def beats(self) -> tuple[int, ...]:
        """Hours at which it beats logistic regression."""
        return tuple(hours for hours in self.direction if self.verdict(hours) == BETTER)


@dataclass(frozen=True)
class ModelsReport:
    """What came out.

    Attributes
    ----------
    walked : the answers behind the figures
    models : in the order in which they were asked
    tested : rows of all test blocks
    drawn : blocks of time that the intervals rest on
    """

    walked: Walked
    models: dict[str, Judged]
    tested: int
    drawn: int

    @property
    def compared(self) -> dict[str, Judged]:
        """Models that logistic regression stands against: not itself, nor a constant."""
        left_out = (RIVAL, "constant")
        return {n: m for n, m in self.models.items() if m.direction and n not in left_out}

    @property
    def comparisons(self) -> int:
        """How often a model was compared with logistic regression."""
        return sum(len(model.direction) for model in self.compared.values())


def judge(
    data: Material,
    plan: Plan,
    asked: Asked,
    judging: Judging,
    *,
    cache: Path | None = None,
    told: Told = silent,
) -> ModelsReport:
    """Walk every model forward and measure it.

    Raises
    ------
    TooFew
        When there is nothing to train on, or to test.
    """
    walked = walk(data, plan, asked, cache=cache, told=told)
    told("intervals", 1.0)
    return measured(walked, judging)


def measured(walked: Walked, judging: Judging) -> ModelsReport:
    """All figures of a walk."""
    scored = Scored(walked, judging)
    found = {
        name: Judged(
            scored.direction(name),
            scored.rule(name),
            scored.fixed(name),
            scored.volatility(name),
            float(np.median([sum(a.seconds for a in answers) for answers in by_seed])),
            float(np.median([a.ms_per_row for answers in by_seed for a in answers])),
            tuple(np.median([[a.epoch for a in answers] for answers in by_seed], axis=0).tolist()),
        )
        for name, by_seed in walked.answers.items()
    }
    return ModelsReport(walked, found, len(scored.at), scored.blocks.n)


def as_json(report: ModelsReport) -> dict[str, object]:
    """Every figure as plain values; None where one is not known."""
    windows = report.walked.windows
    return {
        "tested": report.tested,
        "blocks_drawn": report.drawn,
        "pairs": list(report.walked.data.pairs),
        "features": list(report.walked.data.names),
        "models": {name: _model(judged) for name, judged in report.models.items()},
        "missing": dict(report.walked.missing),
        "comparisons": report.comparisons,
        "windows": [
            {
                "begin_s": window.begin_s,
                "end_s": window.end_s,
                "n_train": len(window.train),
                "n_later": len(window.later),
                "n_test": len(window.test),
            }
            for window in windows
        ],
        "notes": list(report.walked.data.notes),
    }


def _model(judged: Judged) -> dict[str, object]:
    return {
        "direction": {f"{hours}h": _all(of) for hours, of in judged.direction.items()},
        "verdict": {f"{hours}h": judged.verdict(hours) for hours in judged.direction},
        "rule": _all(judged.rule),
        "thresholds": {name: _all(of) for name, of in judged.fixed.items()},
        "volatility": _all(judged.volatility),
        "seconds": judged.seconds,
        "ms_per_row": judged.ms_per_row,
        "best_epochs": [_plain(epoch) for epoch in judged.epochs],
    }


def _all(of: Mapping[str, Figure]) -> dict[str, object]:
    return {
        name: {
            **{key: _plain(getattr(found, key)) for key in ("value", "low", "high")},
            "seeds": [_plain(value) for value in found.seeds],
        }
        for name, found in of.items()
    }


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
