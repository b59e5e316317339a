"""FreqAI models that are agents: trained by trading on the ledger, asked for a target a candle."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from freqtrade.exceptions import OperationalException
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from freqtrade.strategy.interface import IStrategy
from numpy.typing import NDArray

import hydra_quant.rl
from hydra_quant.adapters.freqai import agent_options, agent_store, agent_training, checks
from hydra_quant.adapters.freqai.answers import Answer, AnswerBook
from hydra_quant.adapters.freqai.arenas import PRICES, Venue, arena_of, keep_out_of_start_up
from hydra_quant.adapters.freqai.course import Course, Unwritten
from hydra_quant.adapters.freqai.frames import PairFrame
from hydra_quant.adapters.freqai.panel import PANEL, PanelModel
from hydra_quant.adapters.freqai.pool import mean_and_std
from hydra_quant.adapters.freqai.purse import Purse
from hydra_quant.adapters.freqai.sequences import Packed
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.windows import Window
from hydra_quant.adapters.strategy.teaching import TARGET
from hydra_quant.models.fingerprint import code_digest, digest, versions
from hydra_quant.models.rows import Rows
from hydra_quant.rl.agents import train
from hydra_quant.rl.progress import LogLines

logger = logging.getLogger(__name__)
_LIBRARY = Path(hydra_quant.rl.__file__).parents[1]
_ROOMS = (_LIBRARY / "rl", _LIBRARY / "ledger")


class AgentModel(PanelModel):
    """One agent for all pairs, trained once a window on episodes of every pair.

    An agent answers what share of a whole stake it wants to be long (above 0) or short with. In a
    backtest it trades all pairs with one wallet, candle after candle, on a ledger that equals
    freqtrade's backtester; live it is told the real trades and the real wallet.

    Attributes
    ----------
    algo : str
        ``ppo``, ``sac`` or ``td3``.
    options : dict
        Of the agent and its training, where they differ from the defaults. Replaced key by key
        from ``freqai.model_training_parameters``.
    """

    head: ClassVar[str] = "target"
    sections: ClassVar[tuple[str, ...]] = ("agent",)
    continues: ClassVar[bool] = True
    algo: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {}

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.CONV_WIDTH: int = max(int(self.freqai_info.get("conv_width", 1)), self.length)
        self.dd.model_type = "pytorch"  # FreqAI then saves what has a method for it
        self._strategy: IStrategy | None = None
        self._course: Course | None = None
        self._venues: dict[tuple[str, ...], Venue] = {}
        self._purse: Purse | None = None

    @property
    def length(self) -> int:
        """Candles in an observation."""
        return int(self.parameters["length"])

    def resolved_parameters(self) -> dict[str, Any]:
        """Return the options of agent, environment and training in one dict."""
        return agent_options.resolved({**self.options, **self.model_training_parameters}, self.algo)

    def describe(self, names: list[str], label_names: list[str]) -> dict[str, Any]:
        """Return everything but data and rules that a policy depends on."""
        return {
            **super().describe(names, label_names),
            "trading_code": digest(*(code_digest(room) for room in _ROOMS)),
            "trading_versions": versions(("stable-baselines3", "numba")),
        }

    def training_hash(self, frame: PairFrame, window: Window) -> str:
        """Return a hash of a pair's candles, and of all that they are traded by.

        Features tell prices only up to their scale, and nothing of what was paid as funding.
        """
        venue = self._venue(tuple(self.universe()))
        rows, funding = frame.rows(window.train_start, window.train_stop), venue.funding[frame.pair]
        prices = np.ascontiguousarray(frame.plain[PRICES].to_numpy(float)[rows])
        within = slice(*np.searchsorted(funding.times, self._span_ms(window)))
        return digest(
            *(super().training_hash(frame, window), self._rules()),
            *(repr(venue.markets[frame.pair]), prices.tobytes()),
            *(funding.times[within].tobytes(), funding.paid[within].tobytes()),
        )

    @staticmethod
    def _span_ms(window: Window) -> tuple[int, int]:
        return 1000 * window.train_start, 1000 * window.train_stop

    def live_spec(self, strategy: IStrategy) -> str:
        """Return a hash of what a saved policy depends on besides its data: rules too."""
        self._strategy = strategy
        return digest(super().live_spec(strategy), self._rules())

    def _rules(self) -> str:
        return repr(self._venue(tuple(self.universe())).rules)

    # --- what is traded on ------------------------------------------------------------------

    def start_backtesting(
        self,
        dataframe: pd.DataFrame,
        metadata: dict[str, Any],
        dk: FreqaiDataKitchen,
        strategy: IStrategy,
    ) -> FreqaiDataKitchen:
        """Remember who trades, then as every panel."""
        self._strategy = strategy
        return super().start_backtesting(dataframe, metadata, dk, strategy)

    def start_live(
        self,
        dataframe: pd.DataFrame,
        metadata: dict[str, Any],
        strategy: IStrategy,
        dk: FreqaiDataKitchen,
    ) -> FreqaiDataKitchen:
        """Remember who trades; then as every panel."""
        self._strategy = strategy
        if self._purse is None:
            self._purse = Purse(strategy, Path(self.full_path))
        return super().start_live(dataframe, metadata, strategy, dk)

    def _venue(self, pairs: tuple[str, ...]) -> Venue:
        assert self._strategy is not None  # both ways in remember it
        if pairs not in self._venues:
            config, agent = self.config, self.hydra.agent
            self._venues[pairs] = Venue.of(self._strategy, config, pairs, agent)
        return self._venues[pairs]

    # --- training --------------------------------------------------------------------------

    def extract_data_and_train_model(
        self, new_trained_timerange: Any, pair: str, strategy: IStrategy, *more: Any
    ) -> None:
        """Remember who trades; then as every panel."""
        self._strategy = strategy
        self._venues.clear()  # funding has gone on
        super().extract_data_and_train_model(new_trained_timerange, pair, strategy, *more)

    def train_frames(self, frames: dict[str, PairFrame], window: Window) -> Trained:
        """Train on the candles of `frames` in `window`."""
        return self.train_after(frames, window, None)

    def train_after(
        self, frames: dict[str, PairFrame], window: Window, before: Trained | None
    ) -> Trained:
        """Train as `train_frames`, from the weights of the policy before, if there is one."""
        first = next(iter(frames.values()))
        if list(first.label_names) != [TARGET]:
            raise OperationalException(
                f"{type(self).__name__} is an agent for HydraRLStrategy; this strategy teaches "
                f"{', '.join(first.label_names)}."
            )
        rows = {n: f.rows(window.train_start, window.train_stop) for n, f in frames.items()}
        there = {
            name: frame for name, frame in frames.items() if rows[name].stop > rows[name].start
        }
        if not there:
            raise checks.no_rows_error(PANEL, window, 0, self.settings.min_training_rows)
        venue = self._venue(tuple(there))
        arena = arena_of(there, rows, venue, venue.alone(), self.length)
        ready = int(arena.ready.sum())
        if ready < self.settings.min_training_rows:
            raise checks.no_rows_error(PANEL, window, ready, self.settings.min_training_rows)
        taught, _ = self.split(np.arange(len(arena)))
        last = int(taught.max()) + 1
        agent, seed = self.hydra.agent, self.settings.seed
        policy = train(
            self.algo,
            agent_training.environment(arena, last, self.parameters, agent, seed),
            agent_options.training(self.parameters, seed, self._board(window)),
            start_from=None if before is None else before.model,
            stop=lambda: bool(self._stop_event.is_set()) if self.live else False,
            progress=LogLines(self.algo, logger),
        )
        means, stds = mean_and_std(self._known_labels(there, rows, window))
        health = agent_training.health(policy, arena, last, agent)
        names = first.names, first.label_names
        return Trained(policy, *names, {"": means}, {"": stds}, None, None, health)

    def _known_labels(
        self, frames: dict[str, PairFrame], rows: dict[str, slice], window: Window
    ) -> NDArray[np.float64]:
        """Labels that were known when the window ended: their statistics go to the strategy."""
        parts = []
        for name, frame in frames.items():
            stop = min(rows[name].stop, frame.position(window.known_until) - self.horizon)
            parts.append(frame.labels[rows[name].start : max(rows[name].start, stop)])
        known = np.concatenate(parts)
        return known[np.isfinite(known[:, 0])]

    def _board(self, window: Window) -> Path | None:
        if not self.freqai_info.get("activate_tensorboard", False):
            return None
        name = type(self).__name__
        return Path(self.full_path) / "tensorboard" / name / str(window.known_until)

    def fit_panel(self, train: Rows, test: Rows | None, names: list[str]) -> Any:
        """Not used: an agent learns by trading (`train_frames`)."""
        raise OperationalException("an agent is trained on episodes, not on rows.")

    def predict_panel(self, model: Any, rows: Rows) -> NDArray[np.float64]:
        """Not used: an agent answers candle after candle."""
        raise OperationalException("an agent answers candle after candle, not rows.")

    # --- answering -------------------------------------------------------------------------

    def answer_book(self, who: str, label_names: list[str]) -> AnswerBook:
        """Return a book that keeps nothing: answers rest on the trades before them."""
        return Unwritten(Path(self.full_path) / "none", label_names)

    def _answer_all(
        self, trained: Trained, frames: dict[str, PairFrame], rows: dict[str, slice]
    ) -> dict[str, Answer]:
        course = self._on_course(frames)
        if list(course.arena.names) != trained.names:
            raise OperationalException(f"{PANEL}: the agent was made for other features.")
        times = [f.times[rows[n]] for n, f in frames.items() if rows[n].stop > rows[n].start]
        begins, ends = min(int(of[0]) for of in times), max(int(of[-1]) for of in times)
        try:
            course.go_on(trained.model.decide, begins, ends)
        except ValueError as error:
            raise OperationalException(f"{PANEL}: the agent's answer: {error}") from None
        if course.ended:
            course.account(Path(self.full_path), self.config["stake_currency"])
        return {
            name: self._answer(trained, course.told_to(name, frame.times[rows[name]]))
            for name, frame in frames.items()
        }

    def _on_course(self, frames: Mapping[str, PairFrame]) -> Course:
        """The arena of the whole backtest, built when its first window is answered."""
        if self._course is None or self._course.frames is not frames:
            strategy = self._strategy
            assert strategy is not None
            listed = [p for p in self.config["exchange"]["pair_whitelist"] if p in frames]
            traded = {pair: frames[pair] for pair in listed}
            whole = {pair: slice(0, len(frame.times)) for pair, frame in traded.items()}
            venue = self._venue(tuple(traded))
            arena = arena_of(traded, whole, venue, venue.rules, self.length)
            keep_out_of_start_up(arena, strategy.dp.get_required_startup(self.config["timeframe"]))
            agent = self.hydra.agent
            self._course = Course(frames, arena, agent.act_beyond, agent.leverage)
        return self._course

    def _answer(self, trained: Trained, told: NDArray[np.float64]) -> Answer:
        means, stds = trained.statistics("")
        answered = np.isfinite(told).astype(np.int64)
        return Answer(told[:, None], answered, means, stds, np.zeros(len(told)), trained.health)

    def answer_rows(
        self, trained: Trained, features: NDArray[np.float64], times: NDArray[np.int64], pair: str
    ) -> Answer:
        """Answer the newest candle of one pair (live): what was before cannot be traded."""
        told = np.full(len(times), np.nan)
        seen = features[-self.length :].astype(np.float32)
        if len(seen) == self.length and np.isfinite(seen).all() and self._purse is not None:
            state = self._purse.state(pair)
            observation = np.concatenate([seen.ravel(), state]).astype(np.float32)
            told[-1] = trained.model.decide(observation[None])[0]
        return self._answer(trained, told)

    # --- stored --------------------------------------------------------------------------------

    def pack(self, trained: Trained) -> bytes:
        """See `agent_store.pack`."""
        return agent_store.pack(trained)

    def unpack(self, payload: bytes) -> Trained:
        """What `pack` was given; see `agent_store.unpack`."""
        return agent_store.unpack(payload, self.algo, self.length)

    def save_live(self, trained: Trained, pair: str, dk: FreqaiDataKitchen) -> None:
        """Let FreqAI's drawer save the packed policy."""
        self.dd.save_data(Packed(self.pack(trained)), pair, dk)

    def load_live(self, pair: str, path: Path) -> None:
        """Put a saved policy where FreqAI looks before it would unpickle one."""
        saved = path.with_name(f"{path.name}_model.zip")
        self.dd.model_dictionary[pair] = self.unpack(saved.read_bytes())
