"""How a hierarchy is trained, as one frozen value."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hydra_quant.rl.hierarchy.costs import Costs
from hydra_quant.rl.options import AgentOptions, Mode

LEVELS = ("strategic", "tactical", "execution")
QUICK = {"strategic": 4096, "tactical": 20_480, "execution": 20_480}
_STEPS = {"strategic": 65_536, "tactical": 500_000, "execution": 200_000}


def _strategic() -> AgentOptions:
    return AgentOptions(steps=_STEPS["strategic"], n_steps=1024, batch=128, gamma=0.95)


def _tactical() -> AgentOptions:
    return AgentOptions(
        steps=_STEPS["tactical"],
        noise=0.3,
        n_steps=4096,
        gamma=0.95,
        learning_starts=2048,
        gradient_steps=4,
    )


def _execution() -> AgentOptions:
    return AgentOptions(steps=_STEPS["execution"], n_steps=4096, gamma=1.0, learning_starts=2048)


@dataclass(frozen=True)
class HierarchyOptions:
    """Options of a training in phases.

    Attributes
    ----------
    strategic, tactical, execution : AgentOptions
        Of each level's algorithm: ppo, ddpg and dqn. Steps of the strategic level are its
        decisions, those of the execution level are minutes. Their seed, mode and logs are not
        looked at: these are given here for all.
    every : int
        Candles between strategic decisions: 12 of five minutes, 24 of an hour.
    days : int
        Decisions' spans in the long average that the strategic level sees.
    minutes : int
        Most that the execution level works an order.
    rounds : int
        Of learning jointly after the three phases; 0 leaves that out.
    joint_share : float
        Steps of each level in a round, as a share of its first training.
    n_envs : int
        Wallets, or orders, side by side.
    episode : int
        Candles in an episode.
    act_beyond, leverage : see `hydra_quant.rl.desk.Desk`
    costs : Costs
        Of the execution level.
    reward : str
        Name in `hydra_quant.rl.rewards.REWARDS`.
    mode : 'full', 'quick' or 'resume'
        ``quick`` takes fewer steps, ``resume`` goes on from the folder.
    seed : int
    logs : Path or None
        Folder of the TensorBoard scalars, with one for each phase.

    Raises
    ------
    ValueError
        Naming the value that is out of range.
    """

    strategic: AgentOptions = field(default_factory=_strategic)
    tactical: AgentOptions = field(default_factory=_tactical)
    execution: AgentOptions = field(default_factory=_execution)
    every: int = 12
    days: int = 24
    minutes: int = 5
    rounds: int = 1
    joint_share: float = 0.25
    n_envs: int = 64
    episode: int = 480
    act_beyond: float = 0.3
    leverage: float = 1.0
    costs: Costs = field(default_factory=Costs)
    reward: str = "log_equity"
    mode: Mode = "full"
    seed: int = 0
    logs: Path | None = None

    def __post_init__(self) -> None:
        least = {"every": 1, "days": 1, "minutes": 1, "rounds": 0, "n_envs": 1, "episode": 1}
        for name, lowest in least.items():
            if (value := getattr(self, name)) < lowest:
                raise ValueError(f"{name} is {value}: at least {lowest} would be right")
        if not 0.0 < self.joint_share <= 1.0:
            raise ValueError(f"joint_share is {self.joint_share}: above 0, at most 1 is right")
        if self.mode not in ("full", "quick", "resume"):
            raise ValueError(f"mode is {self.mode!r}: full, quick or resume would be right")

    def of(self, level: str, phase: str, share: float = 1.0) -> AgentOptions:
        """Return the options of one level in one phase.

        Parameters
        ----------
        level : of `LEVELS`
        phase : its name, a folder of the logs
        share : of the level's steps
        """
        own: AgentOptions = getattr(self, level)
        steps = min(own.steps, QUICK[level]) if self.mode == "quick" else own.steps
        steps = max(int(steps * share), 1)
        return replace(
            own,
            steps=steps,
            learning_starts=min(own.learning_starts, steps // 4),
            mode="resume" if self.mode == "resume" else "full",
            seed=self.seed,
            logs=None if self.logs is None else self.logs / phase,
        )

    def described(self) -> dict[str, Any]:
        """Return what a hierarchy depends on beside its levels' options, as JSON values."""
        kept = ("every", "days", "minutes", "n_envs", "episode", "act_beyond", "leverage", "reward")
        return {**{name: getattr(self, name) for name in kept}, "costs": asdict(self.costs)}
