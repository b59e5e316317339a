"""Every model walked forward: trained on what was known, asked about what came next."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import hydra_quant
from hydra_quant.heads.dataset import Told, silent
from hydra_quant.heads.models import baselines, together
from hydra_quant.heads.models.answers import Answer, Cache, Failed
from hydra_quant.heads.models.material import Material
from hydra_quant.heads.models.plan import Plan, cut
from hydra_quant.heads.windows import Window
from hydra_quant.models.fingerprint import canonical, code_digest, digest

Ints = NDArray[np.int64]
# As `models.nets.registry` knows them, without importing torch for their names.
NETS = (
    *("lstm_cnn", "lstm_attention", "direction_transformer", "tft", "nhits", "graph_attention"),
)
# A network whose training goes on from that of the window before.
CONTINUED = "_continued"
MODELS = (*NETS, *baselines.DIRECTION, *baselines.VOLATILITY, together.VOTE)


@dataclass(frozen=True)
class Asked:
    """What is trained, and how.

    Attributes
    ----------
    nets : of `NETS`
    seeds : how many, of everything that depends on chance
    first_seed : they count up from it
    mode : of the trainer; 'quick' learns from every fourth row, five epochs at most
    options, training : by network, over their usual ones
    continual : train each network a second time, each window going on from the one before
    """

    nets: tuple[str, ...] = NETS
    seeds: int = 3
    first_seed: int = 7
    mode: Literal["full", "quick"] = "full"
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    training: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    continual: bool = False

    @property
    def models(self) -> tuple[str, ...]:
        """The quick ones first: whoever stops early has something to compare with."""
        again = [name + CONTINUED for name in self.nets if self.continual]
        return (*baselines.DIRECTION, *baselines.VOLATILITY, *self.nets, *again)

    def seeds_of(self, name: str) -> tuple[int, ...]:
        """One for what does not depend on chance."""
        several = name.removesuffix(CONTINUED) in NETS or name in baselines.SEEDED
        return tuple(range(self.first_seed, self.first_seed + (self.seeds if several else 1)))


@dataclass(frozen=True, eq=False)
class Walked:
    """What every model said.

    Attributes
    ----------
    data : Material
    at : array of shape (n, 2): (row, pair) that can be judged
    windows : list of Window, rows of `at`
    answers : by model, then one list a seed of one answer a window
    missing : models that were not finished, and why
    interrupted : whether by Ctrl-C
    """

    data: Material
    at: Ints
    windows: list[Window]
    answers: dict[str, list[list[Answer]]]
    missing: dict[str, str]
    interrupted: bool = False


def walk(
    data: Material, plan: Plan, asked: Asked, *, cache: Path | None = None, told: Told = silent
) -> Walked:
    """Train and ask every model in every window, with every seed.

    Ctrl-C ends it with the models that were finished; `cache` keeps the answers of those that
    were not, window by window, for the next run.

    Raises
    ------
    TooFew
        When time cannot be cut.
    KeyboardInterrupt
        Before what everything is compared with was finished.
    """
    at, windows = cut(data, plan)
    answers: dict[str, list[list[Answer]]] = {}
    missing: dict[str, str] = {}
    every = _Walk(data, at, windows, asked, Cache(cache), told)
    try:
        for name in asked.models:
            try:
                answers[name] = every.model(name)
            except Failed as error:
                missing[name] = str(error)
    except KeyboardInterrupt:
        if not {*baselines.DIRECTION, *baselines.VOLATILITY} <= set(answers):
            raise
        left = [name for name in asked.models if name not in {*answers, *missing}]
        cut_short = dict.fromkeys(left, "cut short")
        return Walked(data, at, windows, answers, {**missing, **cut_short}, interrupted=True)
    if (joint := together.vote(answers)) is not None:
        answers[together.VOTE] = joint
    return Walked(data, at, windows, answers, missing)


class _Walk:
    """All seeds and windows, model by model."""

    def __init__(
        self, data: Material, at: Ints, windows: list[Window], asked: Asked, kept: Cache, told: Told
    ) -> None:
        self.data, self.at, self.windows, self.asked = data, at, windows, asked
        self.kept, self.told = kept, told
        self.about = _about(data, at, windows)
        self.jobs = sum(len(asked.seeds_of(name)) for name in asked.models) * len(windows)
        self.done = 0

    def model(self, name: str) -> list[list[Answer]]:
        """The answers of one model, a list a seed."""
        ask = _Asker(name, self.data, self.at, self.asked, self.windows)
        return [
            [self._one(ask, seed, number) for number in range(len(self.windows))]
            for seed in self.asked.seeds_of(name)
        ]

    def _one(self, ask: "_Asker", seed: int, number: int) -> Answer:
        label = f"{ask.name}, seed {seed}, window {number + 1} of {len(self.windows)}"
        key = digest(self.about, str(number), ask.name, str(seed), ask.described(seed))
        found = self.kept.get(key)
        if found is None:
            found = ask(number, seed, _within(self.told, label, self.done, self.jobs))
            self.kept.put(key, found)
        self.done += 1
        self.told(label, self.done / self.jobs)
        return found


@dataclass
class _Asker:
    """Trains one model and asks it."""

    name: str
    data: Material
    at: Ints
    asked: Asked
    windows: list[Window]
    graphs: Any = None
    before: dict[tuple[int, int], Any] = field(default_factory=dict)

    @property
    def net(self) -> str:
        return self.name.removesuffix(CONTINUED)

    def __call__(self, number: int, seed: int, told: Told) -> Answer:
        window = self.windows[number]
        if self.net not in NETS:
            told("", 0.0)
            return baselines.answer(self.name, self.data, self.at, window, seed)
        if self.net == self.name or number == 0:
            before = None
        else:
            if (number - 1, seed) not in self.before:  # its answer was kept, not its weights
                self(number - 1, seed, told)
            before = self.before.pop((number - 1, seed))
        answer, trained = self._trained(window, seed, before, told)
        if self.net != self.name:
            self.before[number, seed] = trained
        return answer

    def _trained(self, window: Window, seed: int, before: Any, told: Told) -> tuple[Answer, Any]:
        from hydra_quant.heads.models import networks
        from hydra_quant.models.nets import registry

        if self.net in registry.GROUPED and self.graphs is None:
            self.graphs = networks.graphs_of(self.data)
        return networks.answer(
            self.net, self.data, self.at, window,
            networks.training_of(
                self.net, self.asked.mode, seed, self.asked.training.get(self.net, {})
            ),
            networks.options_of(self.net, self.data, self.asked.options.get(self.net, {})),
            graphs=self.graphs, start_from=before, told=told,
        )  # fmt: skip

    def described(self, seed: int) -> str:
        """What its answers depend on besides rows and windows."""
        if self.net not in NETS:
            return ""
        from hydra_quant.heads.models import networks
        from hydra_quant.models.nets import registry

        given = networks.options_of(self.net, self.data, self.asked.options.get(self.net, {}))
        training = networks.training_of(
            self.net, self.asked.mode, seed, self.asked.training.get(self.net, {})
        )
        shape = {"features": len(self.data.names), "horizons": len(self.data.hours), **given}
        return canonical(
            {"options": registry.options(self.net, shape), "training": asdict(training)}
        )


def _within(told: Told, label: str, done: int, jobs: int) -> Told:
    """The progress of one job as a part of all."""

    def tell(what: str, share: float) -> None:
        told(f"{label} {what}".strip(), (done + min(share, 1.0)) / jobs)

    return tell


def _about(data: Material, at: Ints, windows: list[Window]) -> str:
    """What every answer depends on: code, features, outcomes, windows."""
    package = Path(hydra_quant.__file__).parent
    return digest(
        code_digest(package / "models"),
        code_digest(package / "heads" / "models"),
        canonical({"pairs": data.pairs, "names": data.names, "hours": data.hours}),
        *(
            np.ascontiguousarray(part).tobytes()
            for part in (data.values, data.opens_ms, data.targets, data.ahead, at)
        ),
        *(
            np.ascontiguousarray(rows).tobytes()
            for window in windows
            for rows in (window.train, window.later, window.test)
        ),
    )
