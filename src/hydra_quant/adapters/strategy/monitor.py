"""Looks after a bot's model: is it as right as its validation promised, on markets it has met?"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.adapters.strategy.monitored import recent_rows
from hydra_quant.memory import Series
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import Monitor as Limits
from hydra_quant.validation.baseline import Baseline
from hydra_quant.validation.drift import Verdict, judge

logger = logging.getLogger(__name__)
Floats = NDArray[np.float64]
MINUTE_MS = 60_000
FIGURES = (
    *("accuracy", "baseline_accuracy", "outcomes", "calibration_gap"),
    *("feature_psi", "drifted_features", "regime_psi"),
)


class Monitor:
    """Judges a model every so often, and says so when its state changes.

    Called from the trading loop; it never raises there, and all it does is arithmetic on frames
    that exist (some milliseconds) and calls that return at once.

    Parameters
    ----------
    limits : Limits
        When a model counts as worn out, and how often it is looked at.
    outcome_of : callable
        From a pair's frame to what came of each candle's signal: 1 paid, 0 did not, NaN unknown.
    features_of : callable, optional
        From a pair's frame to the columns that the model was asked with, under the names of its
        baseline; unset: those that are in the frame.
    send : callable, optional
        Sends a text to the user (``dp.send_msg``).
    retrain : callable, optional
        Asks for a new training at the next chance.
    note : callable, optional
        Keeps a row of the memory (`Recorder.note`).
    bot, head : str
        Who is looked after: in the memory, the series' source and name.
    regimes : sequence of str
        What the codes in column ``regime`` mean.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        outcome_of: Callable[[DataFrame], Floats],
        features_of: Callable[[DataFrame], DataFrame] | None = None,
        send: Callable[[str], Any] | None = None,
        retrain: Callable[[], Any] | None = None,
        note: Callable[[Series, Mapping[str, Any]], Any] | None = None,
        bot: str = "hydra",
        head: str = "scorer",
        regimes: Sequence[str] = REGIMES,
    ) -> None:
        self._limits, self._head, self._bot, self._regimes = limits, head, bot, regimes
        self._outcome_of, self._features_of = outcome_of, features_of or (lambda frame: frame)
        self._send, self._retrain, self._note = send, retrain, note
        self._looked_ms: int | None = None
        self._baseline: Baseline | None = None
        self._verdict: Verdict | None = None

    @property
    def verdict(self) -> Verdict | None:
        """What the last look found; None before the first, and without a model's baseline."""
        return self._verdict

    @property
    def worn(self) -> bool:
        """Whether the model was worn out at the last look."""
        return self._verdict is not None and self._verdict.worn

    def values(self) -> dict[str, float]:
        """The state as columns for FreqUI: ``health_worn`` (1, 0) and figures; NaN: not judged."""
        figures = self._verdict.figures if self._verdict is not None else {}
        worn = nan if self._verdict is None else float(self._verdict.worn)
        return {
            "health_worn": worn,
            **{f"health_{name}": float(figures.get(name, nan)) for name in FIGURES},
        }

    def looked(
        self, now_ms: int, frames: Mapping[str, DataFrame], baseline: Baseline | None
    ) -> None:
        """Take a look, if it is time; never raises.

        Parameters
        ----------
        now_ms : the time, epoch ms
        frames : analysed candles by pair, oldest first, as the strategy's columns left them
        baseline : the present model's own validation; None while there is no model that has one
        """
        try:
            if self._is_time(now_ms):
                self._looked_ms = now_ms
                self._look(now_ms, frames, baseline)
        except Exception:
            logger.exception("the %s was not looked at; the bot trades on", self._head)

    def _is_time(self, now_ms: int) -> bool:
        every = self._limits.every_minutes * MINUTE_MS
        return self._looked_ms is None or now_ms - self._looked_ms >= every

    def _look(
        self, now_ms: int, frames: Mapping[str, DataFrame], baseline: Baseline | None
    ) -> None:
        if baseline is None:
            self._baseline = self._verdict = None
            return
        recent = recent_rows(frames, baseline, self._outcome_of, self._features_of, self._regimes)
        verdict = judge(baseline, recent, self._limits)
        was_worn, same_model = self.worn, baseline == self._baseline
        self._baseline, self._verdict = baseline, verdict
        if self._note is not None:
            self._try(self._note, *run_note(now_ms, self._bot, self._head, baseline, verdict))
        if verdict.worn and not (was_worn and same_model):
            self._warn(verdict)
        elif was_worn and not verdict.worn:
            now = "is well again" if same_model else "has been trained anew"
            self._tell(f"HYDRA: the {self._head} {now}.")

    def _warn(self, verdict: Verdict) -> None:
        logger.warning("the %s is worn out: %s", self._head, "; ".join(verdict.findings))
        retrain = self._retrain if self._limits.retrain else None
        self._tell(worn_text(self._head, verdict, asked=retrain is not None))
        if retrain is not None:
            self._try(retrain)

    def _tell(self, text: str) -> None:
        if self._send is not None:
            self._try(self._send, text)

    def _try(self, call: Callable[..., Any], *arguments: Any) -> None:
        """One that fails must not keep the next from being told."""
        try:
            call(*arguments)
        except Exception:
            logger.exception("the state of the %s could not be told", self._head)


def worn_text(head: str, verdict: Verdict, *, asked: bool) -> str:
    """Message to the user."""
    then = " A new training has been asked for." if asked else ""
    return f"HYDRA: the {head} is worn out: {'; '.join(verdict.findings)}.{then}"


def run_note(
    now_ms: int, bot: str, head: str, baseline: Baseline, verdict: Verdict
) -> tuple[Series, dict[str, Any]]:
    """A look as a row of the memory's model runs; figures that were not measured are null."""
    measured = {
        name: None if np.isnan(value) else float(value) for name, value in verdict.figures.items()
    }
    figures = {"worn": verdict.worn, "findings": list(verdict.findings), **measured}
    row = {
        "event_time": now_ms,
        "item": f"health:{head}:{now_ms}",
        "trained_to": baseline.known_until_ms,
        "figures": json.dumps(figures),
    }
    return Series("model_runs", bot, "", head), row


def ask_freqai(freqai: Any, pairs: Sequence[str], now_s: float) -> None:
    """Make FreqAI's training thread take these pairs at its next chance.

    It trains a pair anew when its training is older than ``live_retrain_hours``, so the time of
    training is set back to just that; the model in use goes on answering. No further, because
    ``expiration_hours`` is counted from it too.

    Parameters
    ----------
    freqai : the strategy's FreqAI model
    pairs : whose models
    now_s : the time, epoch seconds
    """
    hours = float(freqai.freqai_info.get("live_retrain_hours", 0))
    due = int(now_s - hours * 3600) - 1
    for pair in pairs:
        entry = freqai.dd.pair_dict.get(pair)
        if entry is not None and entry["trained_timestamp"] > due:
            entry["trained_timestamp"] = due
