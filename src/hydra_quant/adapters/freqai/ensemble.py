"""Several models of direction as one FreqAI model, with what each of them says beside it."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from freqtrade.exceptions import OperationalException
from numpy.typing import NDArray

from hydra_quant.adapters.freqai import ensemble_options, ensemble_store
from hydra_quant.adapters.freqai.answers import Answer
from hydra_quant.adapters.freqai.beside import BesideModel
from hydra_quant.adapters.freqai.ensemble_record import Lessons, record_of, weights_now
from hydra_quant.adapters.freqai.ensemble_trained import Ensemble, judged, told_by
from hydra_quant.adapters.freqai.grouped import HearingModel
from hydra_quant.adapters.freqai.member import Member, Terms, places_of
from hydra_quant.adapters.freqai.member_ground import Dealing
from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.models.ensemble.meta import Blend, learn
from hydra_quant.models.ensemble.roll import Roll
from hydra_quant.models.ensemble.vote import by_confidence, soft
from hydra_quant.models.ensemble.weights import shares, side
from hydra_quant.models.rows import Rows
from hydra_quant.models.training.job import Interrupted
from hydra_quant.models.training.trained import Arrays

logger = logging.getLogger(__name__)
PASS_ON = (OperationalException, Interrupted)
BESIDE = "model_"
"""Begins the columns that stand beside the answer."""


class EnsembleModel(BesideModel, HearingModel):
    """Models that vote on where the price goes, trained on the same candles.

    ``freqai.model_training_parameters``: ``members`` (weights by name, or the name of a set:
    ``"direction"`` or ``"broad"``), ``vote`` (``"soft"``, ``"adaptive"`` or ``"learned"``),
    ``act_above``, ``folds``, and under a member's name what it is to be built and trained with.
    Members are trees, networks, an agent and rules (`members.KINDS`).

    ``adaptive`` and ``learned`` let every member tell ``folds`` later stretches of the training
    window from what came before them. Adaptive weights are those of the last candle of this
    record; they and learned ones are stored with the model and stay until the next training, in a
    backtest as in a bot: whatever weighs a candle was known before the window began.

    Columns beside the answer: ``model_up_<member>`` (its P(rise); NaN where it has dropped out),
    ``model_members`` (how many answered), ``model_disagreement``, ``model_confidence`` and
    ``model_act`` (1, -1 or 0: a side is more likely than ``act_above``).
    """

    # --- what it consists of -------------------------------------------------------------------

    @cached_property
    def members(self) -> dict[str, Member]:
        """Every member of the configuration, by name, in sorted order."""
        return ensemble_options.members_of(
            self.model_training_parameters,
            seed=self.settings.seed,
            horizon=self.horizon,
            dealing=Dealing.of(self.config, self.hydra),
        )

    def resolved_parameters(self) -> dict[str, Any]:
        """Return how members vote, and every parameter of each."""
        return ensemble_options.resolved(self.model_training_parameters, self.members)

    def describe(self, names: list[str], label_names: list[str]) -> dict[str, Any]:
        """Return everything but the data that a trained model depends on.

        Also the code that only some members go through, and what paper positions cost.
        """
        told = super().describe(names, label_names)
        if own := {name: made for name, of in self.members.items() if (made := of.made_by())}:
            told["made_by"] = own
        if self.parameters["vote"] == "adaptive":
            told["round_trip_cost"] = self.hydra.gates.round_trip_cost
        return told

    @property
    def hears(self) -> bool:
        """Whether a member's answer to one pair depends on the others."""
        return any(member.hears for member in self.members.values())

    @property
    def reach(self) -> int:
        """Candles before its own that an answer depends on: those of the member that needs most."""
        return max(member.reach for member in self.members.values())

    # --- training ------------------------------------------------------------------------------

    def _fit(self, grid: Grid, train: Rows, later: Rows | None) -> Ensemble:
        roll = Roll(self.members, PASS_ON)
        rows = _in_order(train, later)
        weights, blend = self._weighed(grid, rows, roll)
        models = self._trained(grid, train, later, roll)
        if not models:
            why = "; ".join(f"{name}: {said}" for name, said in roll.dropped.items())
            raise OperationalException(f"{type(self).__name__}: every member failed ({why}).")
        spread = float(np.median(np.abs(train.labels[:, 0])) / 0.6745) or 1.0
        made = Ensemble(models, shares(weights, models), blend, spread)
        seen = (later if later is not None else train.take(slice(0, 0))), grid
        return replace(made, health=self._health(made, *seen))

    def _trained(self, grid: Grid, train: Rows, later: Rows | None, roll: Roll) -> dict[str, Any]:
        """Members that were trained and answer."""
        asked = places_of(grid, train.take(slice(len(train) - min(len(train), 64), None)))
        found = {}
        for name in roll.present:
            member, terms = self.members[name], self._terms(grid)

            def make(member: Member = member, terms: Terms = terms) -> tuple[Any, Any]:
                model = member.fit(grid, train, later, terms)
                return model, member.tell(model, grid, asked)

            made = roll.attempt(name, "training", make)
            if made is None:
                continue
            if member.sound(made[1]):
                found[name] = made[0]
            else:
                roll.drop(name, "answers are NaN")
        return found

    def _weighed(self, grid: Grid, rows: Rows, roll: Roll) -> tuple[dict[str, float], Blend | None]:
        """Weights of the members, and what was learned about them where they are to be learned."""
        base: dict[str, float] = self.parameters["members"]
        if self.parameters["vote"] == "soft":
            return base, None
        record = record_of(self._lessons(grid, rows), self.members, roll)
        if record is None:
            return base, None
        if self.parameters["vote"] == "adaptive":
            cost = self.hydra.gates.round_trip_cost
            return weights_now(record, grid, base, round_trip_cost=cost, holding=self.horizon), None
        blend = learn(record, base, horizon=self.horizon)
        if not blend.learned:
            logger.warning(f"ensemble: weights are not learned, {blend.why}; base weights vote.")
            return base, None
        return dict(blend.weights), blend

    def _lessons(self, grid: Grid, rows: Rows) -> Lessons:
        return Lessons(
            grid,
            rows,
            folds=int(self.parameters["folds"]),
            reach=self.horizon,
            gap=max(0, self.purge - self.horizon) + self.settings.embargo_candles,
            least=self.settings.min_training_rows,
            split=self.split,
            terms=self._terms(grid)._replace(logs=None),
        )

    def _terms(self, grid: Grid) -> Terms:
        logs = None
        if self.freqai_info.get("activate_tensorboard", False):
            ends = grid.begins + grid.bar * len(grid.panel)
            logs = Path(self.full_path) / "tensorboard" / type(self).__name__ / str(ends)
        stop = self._stop_event.is_set if self.live else bool
        return Terms(self.settings.seed, stop, logs)

    def _health(self, made: Ensemble, later: Rows, grid: Grid) -> dict[str, float]:
        """Figures of the joint answer to the later rows, who takes part, and how much it counts."""
        told = self.ask(made, grid, places_of(grid, later))["probability"][:, 0].astype(float)
        return {
            **judged(told, later.labels[:, 0]),
            "members": float(len(made.models)),
            **{f"member_{name}": float(name in made.models) for name in self.members},
            **{f"weight_{name}": made.weights.get(name, 0.0) for name in self.members},
            "learned": float(made.blend is not None),
        }

    # --- answering -----------------------------------------------------------------------------

    def ask(self, model: Ensemble, grid: Grid, places: NDArray[np.int64]) -> Arrays:
        """Answer (row, pair) of the grid: the joint probability, and beside it what members say."""
        told = {name: told_by(model, member, grid, places) for name, member in self.members.items()}
        weights: Mapping[str, Any] = {name: model.weights.get(name, 0.0) for name in told}
        if self.parameters["vote"] == "adaptive":
            weights = by_confidence(told, weights)
        joint = soft(told, weights)
        up = joint.probability
        if model.blend is not None:
            up = model.blend.probability({name: told[name] for name in model.blend.weights})
        here = np.sum([np.isfinite(answer) for answer in told.values()], axis=0)
        beside = {
            **{f"up_{name}": answer for name, answer in told.items()},
            "members": here,
            "disagreement": joint.disagreement,
            "confidence": np.abs(2.0 * up - 1.0),
            "act": side(up, self.parameters["act_above"]),
        }
        named = {f"{BESIDE}{name}": np.asarray(column, float) for name, column in beside.items()}
        return {"probability": up[:, None], **named}

    def spread(self, model: Ensemble) -> float:
        """Size of a usual return of those that were learned from."""
        return model.spread

    def beside(self) -> list[str]:
        """Names of the columns that stand beside the answer."""
        own = ("members", "disagreement", "confidence", "act")
        return [f"{BESIDE}{name}" for name in (*(f"up_{name}" for name in self.members), *own)]

    def _answer(
        self, trained: Trained, pair: str, asked: NDArray[np.bool_], told: Arrays | None
    ) -> Answer:
        extra = {name: np.full(len(asked), np.nan) for name in self.beside()}
        for name, column in extra.items():
            if told is not None:
                column[asked] = told[name]
        return replace(super()._answer(trained, pair, asked, told), extra=extra)

    # --- stored --------------------------------------------------------------------------------

    def pack(self, trained: Trained) -> bytes:
        """Each member in its own format behind one line of JSON with everything else."""
        return ensemble_store.pack(trained, self.members)

    def unpack(self, payload: bytes) -> Trained:
        """Return what `pack` was given, every member whole.

        Raises
        ------
        Refused
            When one member is damaged, or not among the configured ones.
        """
        return ensemble_store.unpack(payload, self.members)


def _in_order(train: Rows, later: Rows | None) -> Rows:
    """Both blocks as one, by time, then by pair."""
    if later is None:
        return train
    labels, times, pairs = (
        np.concatenate([getattr(rows, name) for rows in (train, later)])
        for name in ("labels", "times", "pairs")
    )
    order = np.lexsort((pairs, times))
    none = np.empty((len(order), 0))
    return Rows(none, labels[order], times[order], pairs[order], train.universe)
