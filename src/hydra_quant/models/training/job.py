"""A training from its first or next epoch to its end, whatever ends it."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from hydra_quant.models.store import Refused
from hydra_quant.models.training import checkpoint
from hydra_quant.models.training.loop import Diverged, Lesson, answers, epoch, ranking
from hydra_quant.models.training.progress import Progress, listeners
from hydra_quant.models.training.state import Snapshot, State

logger = logging.getLogger(__name__)


class Interrupted(RuntimeError):
    """Asked to stop before the first epoch had ended: there is nothing that was learned."""


class Job:
    """One training from its first or next epoch to its record.

    Parameters
    ----------
    state : State
    lesson : Lesson
    folder : of the checkpoint; None keeps none
    made_from : what the weights depend on, JSON values
    """

    def __init__(
        self, state: State, lesson: Lesson, folder: Path | None, made_from: Mapping[str, Any]
    ) -> None:
        self.state, self.lesson, self.folder, self.made_from = state, lesson, folder, made_from
        self.whole: Snapshot | None = None
        self.seconds = 0.0

    def resume(self) -> None:
        """Go on from the folder's checkpoint if that is wanted."""
        if self.state.training.mode != "resume":
            return
        if self.folder is None:
            raise ValueError("mode 'resume' needs the folder of the checkpoint")
        found = checkpoint.read(self.folder, self.made_from)
        if found is None:
            logger.info("no checkpoint in %s: training starts with the first epoch", self.folder)
            return
        try:
            self.state.restore(found)
        except (RuntimeError, ValueError, KeyError) as error:
            path = checkpoint.path_in(self.folder)
            raise Refused(f"{path} does not fit ({error}); train anew with mode 'full'") from error
        logger.info("training goes on after epoch %d", self.state.done)

    def train(self, name: str, progress: Progress | None) -> str:
        """Run all epochs and say why it ended."""
        since, training = perf_counter(), self.state.training
        self._remember()
        with listeners(name, training.logs, progress, training.planned, self.state.done) as told:
            try:
                ended = self._epochs(told)
            except Diverged as error:
                self._write()
                raise Diverged(f"{name}: {error}{self._left()}") from error
            except KeyboardInterrupt:
                self._write()
                raise
        self._write()
        self.seconds = perf_counter() - since
        if not self.state.best.epoch:
            raise Interrupted(f"{name}: asked to stop before the first epoch had ended")
        logger.info(
            "%s: ended after epoch %d (%s), %.0f s; the weights are those of epoch %d",
            *(name, self.state.done, ended, self.seconds, self.state.best.epoch),
        )
        return ended

    def _epochs(self, told: Progress) -> str:
        state = self.state
        while not state.is_over:
            found = epoch(state, self.lesson, told)
            if found is None:
                return "asked to stop"
            self._remember()
            told.epoch(found)
            if state.done % state.training.checkpoint_every == 0:
                self._write()
        if state.best.is_over(state.training.patience):
            return f"no better for {state.best.waited} epochs"
        return "all epochs"

    def _remember(self) -> None:
        if self.folder is not None:
            self.whole = self.state.snapshot()

    def _write(self) -> None:
        if self.folder is not None and self.whole is not None:
            checkpoint.write(self.folder, self.whole, self.made_from)

    def _left(self) -> str:
        if self.whole is None or self.folder is None:
            return ""
        return f"; {checkpoint.path_in(self.folder)} holds epoch {self.whole.beside['done']}"

    def health(self) -> dict[str, float]:
        """How good the best weights are on the later windows; empty without such windows."""
        state, later = self.state, self.lesson.later
        if later is None:
            return {}
        state.net.load_state_dict(dict(state.best.weights))
        output = answers(state.net, later)
        ranked = ranking(output, later.target)
        loss = self.lesson.teacher(output, later.target.to(state.device.torch)).item()
        known = np.flatnonzero(~np.isnan(ranked))
        mean = float(ranked[known].mean()) if len(known) else float("nan")
        each = {f"auc_{horizon}": float(value) for horizon, value in enumerate(ranked)}
        return {"loss": loss, "auc": mean, **each}

    def record(self, ended: str) -> dict[str, Any]:
        """How it was trained, as JSON values."""
        state, history = self.state, self.state.history
        training = asdict(state.training)
        return {
            "training": {**training, "logs": training["logs"] and str(training["logs"])},
            "device": state.device.line,
            "seed": state.training.seed,
            "epochs": state.done,
            "best_epoch": state.best.epoch,
            "ended": ended,
            "seconds": self.seconds,
            "samples_per_s": float(np.mean([row["samples_per_s"] for row in history])),
            "loading_share": float(np.mean([row["loading_share"] for row in history])),
            "parameters": sum(p.numel() for p in state.net.parameters()),
            "history": history,
            "start_from": self.made_from.get("start_from"),
            "data": self.made_from["data"],
            "versions": self.made_from["versions"],
        }
