"""What a result depends on, as one short text: nothing stale is ever served."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DIGEST_BYTES = 32


def digest(*parts: bytes | str) -> str:
    """Return a 32-character hexadecimal hash of the parts; where one ends is part of it."""
    hasher = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(8, "little"))
        hasher.update(data)
    return hasher.hexdigest()[:32]


def canonical(value: Mapping[str, Any]) -> str:
    """Return `value` as JSON that does not depend on the order of keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def row_digests(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a hash of each row.

    Hashing rows once lets every window that holds them be hashed at the cost of 32 bytes a row.

    Parameters
    ----------
    values : NDArray of shape (n_rows, n_columns), float64

    Returns
    -------
    NDArray of shape (n_rows, 32), uint8
        Equal rows (bit for bit) have equal hashes.
    """
    values = np.ascontiguousarray(values)
    hashed = b"".join(hashlib.sha256(row).digest() for row in values)
    return np.frombuffer(hashed, dtype=np.uint8).reshape(-1, _DIGEST_BYTES)


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each package; "absent" where it is not installed."""
    return {package: _version(package) for package in packages}


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


@cache
def code_digest(folder: Path) -> str:
    """Return a hash of every Python file below `folder`, names and contents."""
    files = sorted(folder.rglob("*.py"))
    return digest(*(part for f in files for part in (f.name, f.read_bytes())))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Name what changed between two flat or nested descriptions, as ``key: old → new``."""
    changed = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            changed += [f"{key}.{line}" for line in differences(before, after)]
        elif before != after:
            changed.append(f"{key}: {_short(before)} → {_short(after)}")
    return changed


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:40]}… ({len(text)} characters)"
