"""Chance that repeats: seeds for the time of a training, and states that can be stored."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

States = dict[str, Tensor]


@contextmanager
def repeatable(seed: int, threads: int | None) -> Iterator[None]:
    """Seed Python, numpy and torch, and put all back afterwards.

    torch keeps to deterministic algorithms meanwhile where there are some: always on the CPU, while
    some kernels of other devices have no such variant and warn.
    """
    device = _accelerator()
    before, gauss = states(device)
    was, had = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    was_filling = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    try:
        if threads is not None:
            torch.set_num_threads(threads)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 - whoever uses the global one repeats, too
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True, warn_only=device != "cpu")
        # Nothing here reads memory before writing it: filling it with NaN first only costs time.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        yield
    finally:
        torch.use_deterministic_algorithms(was, warn_only=warned)
        torch.utils.deterministic.fill_uninitialized_memory = was_filling  # type: ignore[attr-defined]
        torch.set_num_threads(had)
        restore(before, gauss, device)


def states(device: str) -> tuple[States, dict[str, Any]]:
    """Return where all generators stand: tensors, and the few numbers beside them."""
    version, numbers, python_next = random.getstate()
    drawn: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    found = {
        "torch": torch.get_rng_state(),
        "numpy": torch.from_numpy(drawn["state"]["key"].astype(np.int64)),
        "python": torch.tensor(numbers, dtype=torch.int64),
    }
    if device == "cuda":
        found["cuda"] = torch.cuda.get_rng_state()
    if device == "mps":
        found["mps"] = torch.mps.get_rng_state()
    beside = {
        "python": [version, python_next],
        "numpy": [int(drawn["state"]["pos"]), int(drawn["has_gauss"]), float(drawn["gauss"])],
    }
    return found, beside


def _accelerator() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def restore(found: Mapping[str, Tensor], beside: Mapping[str, Any], device: str) -> None:
    """Put all generators where `states` found them; those of an absent device are left alone."""
    version, python_next = beside["python"]
    random.setstate((version, tuple(found["python"].tolist()), python_next))
    position, has_gauss, gauss = beside["numpy"]
    key = found["numpy"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", key, position, has_gauss, gauss))  # noqa: NPY002
    torch.set_rng_state(found["torch"])
    if device == "cuda" and "cuda" in found:
        torch.cuda.set_rng_state(found["cuda"])
    if device == "mps" and "mps" in found:
        torch.mps.set_rng_state(found["mps"])
