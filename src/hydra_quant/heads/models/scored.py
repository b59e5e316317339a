"""Answers turned into figures: one model after the other over the same test rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.calibration import logistic
from hydra_quant.heads.models import figures
from hydra_quant.heads.models.answers import Answer
from hydra_quant.heads.models.baselines import VOLATILITY
from hydra_quant.heads.models.figures import UNKNOWN, Blocks, Figure
from hydra_quant.heads.models.plan import DAY_S
from hydra_quant.heads.models.thresholds import THRESHOLDS, Threshold
from hydra_quant.heads.models.walk import Walked
from hydra_quant.heads.platt import platt
from hydra_quant.labels.returns import net_of_costs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ByName = dict[str, Figure]
RIVAL, HAR, RULE_HOURS = "logistic", VOLATILITY[0], 4


@dataclass(frozen=True)
class Judging:
    """How figures are made.

    Attributes
    ----------
    cost : of a round trip, fees and slippage (fraction)
    share : of the validation tail's scores beyond each of the rule's two thresholds
    block_days : length of the blocks that are drawn again
    draws, seed : of the bootstrap
    """

    cost: float = 0.001
    share: float = 0.1
    block_days: int = 14
    draws: int = 500
    seed: int = 7


class Scored:
    """The rows of all test blocks, what followed them, and how figures of them are made."""

    def __init__(self, walked: Walked, judging: Judging) -> None:
        self.walked, self.judging = walked, judging
        data = self.data = walked.data
        sizes = [len(window.test) for window in walked.windows]
        self.window = np.repeat(np.arange(len(sizes)), sizes)
        self.at = walked.at[np.concatenate([window.test for window in walked.windows])]
        self.returns = data.targets[self.at[:, 0], self.at[:, 1]]
        self.ahead = data.ahead[self.at[:, 0], self.at[:, 1]]
        self.blocks = Blocks(
            data.opens_ms[self.at[:, 0]] // 1000, judging.block_days * DAY_S, judging.draws,
            judging.seed,
        )  # fmt: skip
        self.rivals = {
            horizon: self._auc(walked.answers[RIVAL][0], horizon)
            for horizon in range(len(data.hours))
        }
        self.har = self._explained(walked.answers[HAR][0])

    def direction(self, name: str) -> dict[int, ByName]:
        """By hours of the horizon; empty of a model that says nothing of direction.

        Raises
        ------
        ValueError
            When it answers some rows and others not.
        """
        by_seed = self.walked.answers[name]
        said = [np.isfinite(answer.score) for answers in by_seed for answer in answers]
        if not any(part.any() for part in said):
            return {}
        if not all(part.all() for part in said):
            raise ValueError(f"{name} leaves rows without an answer")
        found = {h: self._direction(by_seed, n) for n, h in enumerate(self.data.hours)}
        if name == RIVAL:
            found = {hours: {**of, "auc_over_logistic": UNKNOWN} for hours, of in found.items()}
        return found

    def _direction(self, by_seed: list[list[Answer]], horizon: int) -> ByName:
        up = (self.returns[:, horizon] > 0).astype(float)
        areas = [self._auc(answers, horizon) for answers in by_seed]
        chances = [calibrated(self.walked, answers, horizon) for answers in by_seed]
        figure, blocks = self.blocks.figure, self.blocks
        return {
            "auc": figure(areas),
            "auc_over_logistic": figure([area - self.rivals[horizon] for area in areas]),
            "ic": figure([self._ic(answers, horizon) for answers in by_seed]),
            "brier": figure([figures.brier(blocks, chance, up) for chance in chances]),
            "ece": figure([figures.ece(blocks, chance, up) for chance in chances]),
        }

    def _auc(self, answers: list[Answer], horizon: int) -> Floats:
        score = np.concatenate([answer.score[:, horizon] for answer in answers])
        up = (self.returns[:, horizon] > 0).astype(float)
        return figures.auc(self.blocks, score, up, self.window)

    def _ic(self, answers: list[Answer], horizon: int) -> Floats:
        """Of the median where the model forecasts one, else of the probability."""
        median = np.concatenate([answer.median[:, horizon] for answer in answers])
        score = np.concatenate([answer.score[:, horizon] for answer in answers])
        said = median if np.isfinite(median).all() else score
        return figures.correlation(self.blocks, said, self.returns[:, horizon], self.window)

    def rule(self, name: str) -> ByName:
        """What the trades of the rule earned; empty of a model that says nothing of direction."""
        by_seed = self.walked.answers[name]
        if not np.isfinite(by_seed[0][0].score).any():
            return {}
        horizon = self.data.hours.index(RULE_HOURS)
        returns, figure = self.returns[:, horizon], self.blocks.figure
        found: dict[str, list[Floats]] = {"net_bp": [], "gross_bp": [], "share": []}
        for answers in by_seed:
            side = np.concatenate([sides(a, horizon, self.judging.share) for a in answers])
            traded = np.abs(side)
            for name, cost in (("net_bp", self.judging.cost), ("gross_bp", 0.0)):
                earned = 1e4 * net_of_costs(returns, cost, side)
                found[name].append(figures.mean(self.blocks, earned, traded))
            found["share"].append(figures.mean(self.blocks, traded))
        return {name: figure(values) for name, values in found.items()}

    def fixed(self, name: str) -> dict[str, ByName]:
        """How often `THRESHOLDS` fire, and what their trades earned; only of what it says."""
        answers = self.walked.answers[name]
        horizon = self.data.hours.index(RULE_HOURS)
        return {
            rule: self._fired(answers, threshold, horizon)
            for rule, threshold in THRESHOLDS.items()
            if threshold.known(answers[0][0], horizon)
        }

    def _fired(self, by_seed: list[list[Answer]], rule: Threshold, horizon: int) -> ByName:
        returns = self.returns[:, horizon]
        found: dict[str, list[Floats]] = {"beyond": [], "share": [], "net_bp": []}
        for answers in by_seed:
            loose = np.concatenate([rule.sides(a, horizon, sure=False) for a in answers])
            side = np.concatenate([rule.sides(a, horizon) for a in answers])
            earned = 1e4 * net_of_costs(returns, self.judging.cost, side)
            found["beyond"].append(figures.mean(self.blocks, np.abs(loose)))
            found["share"].append(figures.mean(self.blocks, np.abs(side)))
            found["net_bp"].append(figures.mean(self.blocks, earned, np.abs(side)))
        told = {name: self.blocks.figure(values) for name, values in found.items()}
        if not np.isfinite(found["net_bp"]).all():
            # Trades in so few blocks that some draws have none: no interval can be told.
            told["net_bp"] = told["net_bp"]._replace(low=np.nan, high=np.nan)
        return told

    def volatility(self, name: str) -> ByName:
        """R²; empty of a model that forecasts neither variance nor range."""
        by_seed = self.walked.answers[name]
        if not np.isfinite(by_seed[0][0].volatility).any():
            return {}
        found = [self._explained(answers) for answers in by_seed]
        figure = self.blocks.figure
        over = UNKNOWN if name == HAR else figure([values - self.har for values in found])
        return {"r2": figure(found), "r2_over_har": over}

    def _explained(self, answers: list[Answer]) -> Floats:
        forecast = np.concatenate([answer.volatility for answer in answers])
        return figures.explained(self.blocks, forecast, self.ahead)


def calibrated(walked: Walked, answers: list[Answer], horizon: int) -> Floats:
    """Probabilities of all test rows after Platt's calibration on the tail of their window."""
    parts = []
    for window, answer in zip(walked.windows, answers, strict=True):
        later = walked.at[window.later]
        rose = (walked.data.targets[later[:, 0], later[:, 1], horizon] > 0).astype(float)
        slope, offset = platt(_odds(answer.tail[:, horizon]), rose)
        parts.append(logistic(slope * _odds(answer.score[:, horizon]) + offset))
    return np.concatenate(parts)


def sides(answer: Answer, horizon: int, share: float) -> Floats:
    """What the rule does: +1 in the highest `share` of the tail's scores, -1 in the lowest.

    The thresholds are fixed before the test block begins. Who tells nothing apart does nothing.
    """
    low, high = np.quantile(answer.tail[:, horizon], (share, 1.0 - share))
    score = answer.score[:, horizon]
    if not low < high:
        return np.zeros(len(score))
    return np.asarray((score >= high).astype(float) - (score <= low))


def _odds(probability: Floats) -> Floats:
    clipped = np.clip(probability, 1e-6, 1.0 - 1e-6)
    return np.asarray(np.log(clipped / (1.0 - clipped)))
