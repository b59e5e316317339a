"""A trained agent: weights, what it looks at, and answers in plain torch."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from hydra_quant.models.store import Refused
from hydra_quant.rl import policy_file, spaces
from hydra_quant.rl.desk import STATE
from hydra_quant.rl.observation import Normaliser
from hydra_quant.rl.policy_layers import KINDS, Layer, layer, layers

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"tanh": torch.tanh, "relu": functional.relu}
LOG_STD = (-20.0, 2.0)
"""Bounds of SAC's log standard deviation, as in stable-baselines3."""


@dataclass(frozen=True, eq=False)
class Policy:
    """What an agent has learned.

    Attributes
    ----------
    kind : of `KINDS`
    weights : dict of str to Tensor
        All of stable-baselines3's policy under its own names, critics included, on the CPU.
    normaliser : Normaliser
        Of observations.
    names : of the features, in their order
    length : candles in an observation
    space : of actions, see `hydra_quant.rl.spaces`
        Where it is about several pairs, they are in one observation, one after the other.
    activation : 'tanh' or 'relu'
    record : dict
        How it was trained; JSON values.

    Raises
    ------
    Refused
        When weights, normaliser and observation do not belong together.
    """

    kind: str
    weights: Mapping[str, Tensor]
    normaliser: Normaliser
    names: tuple[str, ...]
    length: int
    space: spaces.Space
    activation: str = "tanh"
    record: Mapping[str, Any] = field(default_factory=dict)
    _layers: list[Layer] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise Refused(f"a policy is one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.activation not in _ACTIVATIONS:
            raise Refused(f"activation is {self.activation!r}: tanh or relu would be right")
        self._layers.extend(layers(self.kind, self.weights))
        seen, normal = self._layers[0][0].shape[1], self.normaliser.size
        if not self.size == seen == normal:
            raise Refused(
                f"this {self.kind} does not fit together: an observation has {self.size} numbers, "
                f"its network takes {seen}, its normaliser {normal}"
            )
        chosen, each = self._layers[-1][0].shape[0], getattr(self.space, "n", 1)
        if chosen != self.space.n_pairs * each:
            raise Refused(
                f"this {self.kind} gives {chosen} numbers, "
                f"a {self.space.kind} space of {self.space.n_pairs} pairs takes another count"
            )

    @property
    def size(self) -> int:
        """Numbers in an observation."""
        return (self.length * len(self.names) + len(STATE)) * self.space.n_pairs

    @property
    def hidden(self) -> tuple[int, ...]:
        """Widths of the hidden layers."""
        return tuple(weight.shape[0] for weight, _ in self._layers[:-1])

    @property
    def sha256(self) -> str:
        """Hash of weights and normaliser: the same after every reload."""
        hasher = hashlib.sha256()
        for name, value in sorted(self.tensors().items()):
            hasher.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
            hasher.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
        return hasher.hexdigest()

    def tensors(self) -> dict[str, Tensor]:
        """Return weights and normaliser as they are stored."""
        scaling = self.normaliser.to_arrays()
        found = {f"weights.{name}": value for name, value in self.weights.items()}
        found |= {f"normaliser.{k}": torch.from_numpy(np.array(v)) for k, v in scaling.items()}
        return {name: value.detach().cpu().contiguous() for name, value in found.items()}

    def act(
        self,
        observations: Floats32,
        deterministic: bool = True,
        generator: torch.Generator | None = None,
    ) -> NDArray[Any]:
        """Choose an action for each observation.

        Parameters
        ----------
        observations : float32 array of shape (n, size), as `Observer` gives them, not normalised
        deterministic : False draws from what the agent explores with; td3, ddpg and dqn do not
        generator : of that chance; None takes torch's own

        Returns
        -------
        array of shape (n, *space.shape), int64 with a discrete space, else float32

        Raises
        ------
        ValueError
            When observations are of another shape, or one of them is not a finite number.
        """
        self._check(observations)
        with torch.no_grad():
            hidden = torch.from_numpy(self.normaliser.apply(observations))
            squash = _ACTIVATIONS[self.activation]
            for weight, bias in self._layers[:-1]:
                hidden = squash(functional.linear(hidden, weight, bias))
            out = functional.linear(hidden, *self._layers[-1])
            if isinstance(self.space, spaces.Discrete):
                return self._choices(out, deterministic, generator)
            return self._numbers(hidden, out, deterministic, generator)

    def targets(
        self,
        observations: Floats32,
        deterministic: bool = True,
        generator: torch.Generator | None = None,
    ) -> Floats:
        """Return the target of each pair, see `Desk.advance`; shape (n, space.n_pairs)."""
        return self.space.targets(self.act(observations, deterministic, generator))

    def decide(self, observations: Floats32) -> Floats:
        """Return the target of each pair of one wallet, for `rollout.rollout`.

        Parameters
        ----------
        observations : float32 array of shape (n_pairs, size of a pair)
        """
        return self.targets(observations.reshape(-1, self.size)).reshape(-1)

    def _choices(
        self, out: Tensor, best: bool, generator: torch.Generator | None
    ) -> NDArray[np.int64]:
        logits = out.reshape(-1, spaces.Discrete.n)
        if best or self.kind == "dqn":
            chosen = logits.argmax(dim=1)
        else:
            chosen = torch.multinomial(logits.softmax(dim=1), 1, generator=generator)
        found: NDArray[np.int64] = chosen.reshape(len(out), *self.space.shape).numpy()
        return found

    def _numbers(
        self, hidden: Tensor, out: Tensor, best: bool, generator: torch.Generator | None
    ) -> Floats32:
        if not best and self.kind in ("ppo", "sac"):
            spread = self._log_std(hidden).exp().expand_as(out)
            out = torch.normal(out, spread, generator=generator)
        found: Floats32 = (out.clamp(-1.0, 1.0) if self.kind == "ppo" else out.tanh()).numpy()
        return found

    def _log_std(self, hidden: Tensor) -> Tensor:
        if self.kind == "ppo":
            return self.weights["log_std"]
        weight, bias = layer(self.kind, self.weights, "actor.log_std")
        return functional.linear(hidden, weight, bias).clamp(*LOG_STD)

    def _check(self, observations: Floats32) -> None:
        if observations.ndim != 2 or observations.shape[1] != self.size:
            raise ValueError(
                f"observations have the shape {observations.shape}, not (n, {self.size})"
            )
        if np.isfinite(observations).all():
            return
        row, column = np.argwhere(~np.isfinite(observations))[0]
        raise ValueError(
            f"observation {row}: {self._called(int(column))} is {observations[row, column]}, "
            "not a finite number"
        )

    def _called(self, column: int) -> str:
        pair, at = divmod(column, self.size // self.space.n_pairs)
        of = f" of pair {pair}" if self.space.n_pairs > 1 else ""
        back, name = divmod(at, len(self.names)) if self.names else (self.length, at)
        if back >= self.length:
            return f"state {STATE[at - self.length * len(self.names)]!r}{of}"
        return f"feature {self.names[name]!r}{of}, {self.length - 1 - back} candles back,"

    def save(self, path: Path) -> None:
        """Replace the file in one step; see `policy_file.write`."""
        policy_file.write(path, self)

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        names: Sequence[str] | None = None,
        length: int | None = None,
        sha256: str | None = None,
    ) -> "Policy":
        """Read it back, if it is whole and fits; see `policy_file.read`."""
        found = cls(**policy_file.read(path, names=names, length=length))
        if sha256 is not None and found.sha256 != sha256:
            raise Refused(
                f"{path} holds the policy {found.sha256[:12]}, not {sha256[:12]} as wanted"
            )
        return found
