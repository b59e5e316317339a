"""How an agent is trained, as one frozen value."""

import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

Algo = Literal["ppo", "sac", "td3"]
Mode = Literal["full", "quick", "resume"]
Asked = Literal["auto", "cpu", "cuda", "mps"]
Activation = Literal["tanh", "relu"]

ALGOS: tuple[str, ...] = get_args(Algo)
QUICK_STEPS = 20_480
LARGE: dict[str, Any] = {"n_steps": 8192, "batch": 512, "epochs": 2, "lr": 2e-3}
"""Of ppo: fewer and larger updates, a multiple of the candles in the same time (``bench.rl``)."""
# What may change between a run and its resumption: none of these changes what is learned.
_FREE = ("mode", "steps", "checkpoint_every", "logs", "threads", "device")
_OWN: dict[str, dict[str, Any]] = {
    "ppo": {"lr": 3e-4, "batch": 64, "hidden": (64, 64), "activation": "tanh"},
    "sac": {"lr": 3e-4, "batch": 256, "hidden": (256, 256), "activation": "relu"},
    "td3": {"lr": 1e-3, "batch": 256, "hidden": (400, 300), "activation": "relu"},
}
_COUNTS = (
    *("steps", "n_steps", "batch", "epochs", "buffer", "train_every", "checkpoint_every"),
    *("threads", "gradient_steps"),
)
_SHARES = ("gamma", "gae_lambda", "tau")
_NOT_BELOW_0 = ("entropy", "value", "noise", "learning_starts", "warmup")


@dataclass(frozen=True)
class AgentOptions:
    """Options of one training. None is the algorithm's own default in stable-baselines3.

    Attributes
    ----------
    steps : int
        Candles lived through in all environments together; ``quick`` does no more than 20 480.
    lr : float or None
        ppo and sac 3e-4, td3 1e-3.
    batch : int or None
        ppo 64, sac and td3 256.
    hidden : tuple of int or None
        Widths of the layers of each network: ppo (64, 64), sac (256, 256), td3 (400, 300).
    activation : 'tanh', 'relu' or None
        ppo tanh, the others relu.
    gamma : float
    n_steps : int
        Steps of all environments together between two updates of ppo, n_steps / environments of
        each. With sac and td3: between two lines of progress.
    epochs, gae_lambda, clip, entropy, value : of ppo
    max_grad_norm : float
        Of ppo.
    buffer, learning_starts, tau, train_every, gradient_steps : of sac and td3
        `train_every` counts steps of each environment; the buffer is never larger than `steps`.
    spread : float
        Standard deviation of ppo's actions before it has learned any: a wide one turns the
        position round at every candle, so that little but its fees is learned from.
    noise : float
        Standard deviation of what td3 adds to its actions while it explores.
    normalise : bool
        Whether observations are brought to mean 0 and spread 1.
    warmup : int
        Steps with actions by chance that the first normalisation is taken from. ppo goes on
        adapting it between updates; sac and td3, which keep what they have seen, do not.
    mode : 'full', 'quick' or 'resume'
        ``resume`` goes on from the folder's checkpoint.
    seed : int
    threads : int
        Of the CPU. Sums, and so the last bits, depend on it.
    device : 'auto', 'cpu', 'cuda' or 'mps'
        ``auto`` takes the CPU: these networks are too small for anything else to be faster.
    checkpoint_every : int
        Updates between checkpoints; one more is written at the end and when interrupted.
    logs : Path or None
        Folder of the TensorBoard scalars.

    Raises
    ------
    ValueError
        Naming the value that is out of range.
    """

    steps: int = 500_000
    lr: float | None = None
    batch: int | None = None
    hidden: tuple[int, ...] | None = None
    activation: Activation | None = None
    gamma: float = 0.99
    n_steps: int = 2048
    epochs: int = 10
    gae_lambda: float = 0.95
    spread: float = 0.3
    clip: float = 0.2
    entropy: float = 0.0
    value: float = 0.5
    max_grad_norm: float = 0.5
    buffer: int = 1_000_000
    learning_starts: int = 100
    tau: float = 0.005
    train_every: int = 1
    gradient_steps: int = 1
    noise: float = 0.0
    normalise: bool = True
    warmup: int = 2048
    mode: Mode = "full"
    seed: int = 0
    threads: int = 1
    device: Asked = "auto"
    checkpoint_every: int = 10
    logs: Path | None = None

    def __post_init__(self) -> None:
        for name, choices in {"mode": get_args(Mode), "device": get_args(Asked)}.items():
            if (value := getattr(self, name)) not in choices:
                raise ValueError(f"{name} is {value!r}: one of {', '.join(choices)} would be right")
        if self.activation not in (None, *get_args(Activation)):
            raise ValueError(f"activation is {self.activation!r}: tanh or relu would be right")
        for name in _COUNTS:
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"{name} is {value}: at least 1 would be right")
        for name in _SHARES:
            if not 0.0 <= (value := getattr(self, name)) <= 1.0:
                raise ValueError(f"{name} is {value}: from 0 to 1 would be right")
        for name in _NOT_BELOW_0:
            if not 0.0 <= (value := getattr(self, name)) < math.inf:
                raise ValueError(f"{name} is {value}: 0 or more would be right")
        for name in ("lr", "clip", "max_grad_norm", "spread"):
            if (value := getattr(self, name)) is not None and not 0.0 < value < math.inf:
                raise ValueError(f"{name} is {value}: above 0 would be right")
        if self.hidden is not None and (not self.hidden or min(self.hidden) < 1):
            raise ValueError(f"hidden is {self.hidden}: widths of at least 1 would be right")

    def whole(self, algo: str) -> "AgentOptions":
        """Return these options with the algorithm's own where they are None.

        Raises
        ------
        ValueError
            When there is no such algorithm.
        """
        if algo not in _OWN:
            raise ValueError(f"algo is {algo!r}: one of {', '.join(ALGOS)} would be right")
        own = {k: v for k, v in _OWN[algo].items() if getattr(self, k) is None}
        return replace(self, **own)

    @property
    def planned(self) -> int:
        """Steps at most."""
        return min(self.steps, QUICK_STEPS) if self.mode == "quick" else self.steps

    def steps_each(self, n_envs: int) -> int:
        """Return the steps of each environment between two updates.

        Raises
        ------
        ValueError
            When `n_steps` cannot be split evenly.
        """
        each, rest = divmod(self.n_steps, n_envs)
        if rest or not each:
            raise ValueError(
                f"n_steps is {self.n_steps}: a multiple of the {n_envs} environments would be right"
            )
        return each

    def described(self) -> dict[str, Any]:
        """Return what the weights depend on, as JSON values."""
        kept = {f.name for f in fields(self)} - {*_FREE}
        return {name: value for name, value in asdict(self).items() if name in kept}
