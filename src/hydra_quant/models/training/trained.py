"""A trained network: weights, what they were made from, and answers to windows."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor, nn

from hydra_quant.models.nets import registry
from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.windows import GroupedWindows
from hydra_quant.models.store import Refused
from hydra_quant.models.training import stored
from hydra_quant.models.training.batches import AnyWindows, Batches, Graph, as_target
from hydra_quant.models.training.calibration import Calibration, Kind, calibrate
from hydra_quant.models.training.device import choose, one_thread_for_few
from hydra_quant.models.training.loop import JUDGED_AT_ONCE, answers
from hydra_quant.models.training.options import Asked

Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Trained:
    """A network with the weights that were best on the later windows.

    Attributes
    ----------
    name : of the network, as `nets.registry` knows it
    options : all that it is built with, JSON values
    names : of the features, in their order
    weights : dict of str to Tensor
        On the CPU.
    scaling : dict of str to Tensor
        ``spread`` of shape (horizons,): size of a usual return in the training windows. What the
        features are scaled with is among the network's own weights.
    fingerprint : str
        Hash of all that the weights were made from.
    health : dict of str to float
        How good it was on the later windows.
    record : dict
        How it was trained: options, history, data, versions; JSON values.
    calibration : Calibration or None
        Of the probabilities.
    """

    name: str
    options: Mapping[str, Any]
    names: tuple[str, ...]
    weights: Mapping[str, Tensor]
    scaling: Mapping[str, Tensor]
    fingerprint: str
    health: Mapping[str, float] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None
    _nets: dict[str, nn.Module] = field(default_factory=dict, init=False, repr=False)

    @property
    def sha256(self) -> str:
        """Hash of the weights alone: the same on every device and after every reload."""
        hasher = hashlib.sha256()
        for name, value in sorted(self.weights.items()):
            hasher.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
            hasher.update(value.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        return hasher.hexdigest()

    def net(self, device: str = "cpu") -> nn.Module:
        """Return the network with its weights, ready to answer; built once a device.

        Raises
        ------
        Refused
            When the weights are of another network.
        """
        if device not in self._nets:
            with torch.random.fork_rng(devices=[]):  # first weights are drawn, and then replaced
                made = registry.build(self.name, **self.options)
            try:
                made.load_state_dict(dict(self.weights))
            except RuntimeError as error:
                line = " ".join(str(error).split())[:200]
                raise Refused(f"these are no weights of this {self.name} ({line})") from error
            self._nets[device] = made.to(device).eval()
        return self._nets[device]

    def predict(
        self,
        windows: AnyWindows,
        *,
        batch: int = JUDGED_AT_ONCE,
        device: Asked = "cpu",
        graph: Graph | None = None,
    ) -> Arrays:
        """Answer to every window.

        Parameters
        ----------
        windows : Windows or GroupedWindows
            Of the same features.
        batch : windows at once
        device : where; the CPU by default, as a few windows are quicker there
        graph : what else the network wants, as in `fit`

        Returns
        -------
        dict of str to float32 array
            ``probability`` that the price is higher, and ``confidence`` |2 p − 1|, of shape
            (n, horizons) or (n, pair, horizons), if the network tells direction; ``quantiles`` of
            the return, of shape (…, horizons, quantiles), if it gives them. NaN where the network
            does not answer.

        Raises
        ------
        Refused
            When the features are others.
        """
        found: Arrays = {}
        output = self._answers(windows, batch, device, graph)
        shape: tuple[int, ...] = (len(windows),)
        if isinstance(windows, GroupedWindows):
            shape = (len(windows), len(windows.panel.pairs))
        if output.logit is not None:
            logit = output.logit.double().cpu().numpy()
            told = expit(logit)
            if self.calibration is not None:
                told = self.calibration.apply(logit.reshape(-1, logit.shape[-1]))
            told = told.reshape(*shape, logit.shape[-1])
            found["probability"] = told.astype(np.float32)
            found["confidence"] = np.abs(2.0 * told - 1.0).astype(np.float32)
        if output.quantiles is not None:
            told_quantiles = output.quantiles.float().cpu()
            found["quantiles"] = told_quantiles.reshape(*shape, *told_quantiles.shape[-2:]).numpy()
        return found

    def calibrated(
        self,
        kind: Kind,
        windows: AnyWindows,
        targets: NDArray[np.floating] | Tensor,
        *,
        graph: Graph | None = None,
    ) -> "Trained":
        """Return the same network with probabilities that fit these windows.

        Parameters
        ----------
        kind : 'platt' or 'isotonic', see `calibration.calibrate`
        windows, targets : none that were learned from
        graph : as in `predict`

        Raises
        ------
        Refused
            When the features are others.
        ValueError
            When the network does not tell direction.
        """
        target = as_target(windows, targets, "calibration")
        logit = self._answers(windows, JUDGED_AT_ONCE, "cpu", graph).logit
        if logit is None:
            raise ValueError(f"{self.name} gives no direction: there is nothing to calibrate")
        flat = target.reshape(-1, target.shape[-1])
        curves = calibrate(kind, logit.double().reshape(flat.shape).numpy(), flat.double().numpy())
        return replace(self, calibration=curves)

    def _answers(
        self, windows: AnyWindows, batch: int, device: Asked, graph: Graph | None
    ) -> Output:
        refuse_other_names(f"this {self.name}", self.names, windows.panel.names)
        kind = choose(device).kind
        target = torch.empty(len(windows), 0)
        batches = Batches(windows, target, torch.device(kind), graph)
        with one_thread_for_few(len(windows)):
            return answers(self.net(kind), batches, size=batch)

    def save(self, path: Path) -> None:
        """Replace the file in one step; see `stored.write`."""
        stored.write(path, self)

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        name: str | None = None,
        names: Sequence[str] | None = None,
        sha256: str | None = None,
    ) -> "Trained":
        """Read it back, if it is whole and fits; see `stored.read`."""
        found = cls(**stored.read(path, name=name, names=names))
        if sha256 is not None and found.sha256 != sha256:
            raise Refused(
                f"{path} holds the weights {found.sha256[:12]}, not {sha256[:12]} as wanted"
            )
        stored.check_weights(path, found)
        return found


def refuse_other_names(who: str, learned: Sequence[str], given: Sequence[str]) -> None:
    """Refuse features other than those that were learned from, and say which."""
    if tuple(learned) != tuple(given):
        raise Refused(f"{who} answers other features ({stored.first_difference(learned, given)})")
