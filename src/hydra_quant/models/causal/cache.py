"""Selections kept in files: the same rows and settings are not searched twice."""

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.models.causal.found import Selection
from hydra_quant.models.causal.selection import select
from hydra_quant.models.fingerprint import canonical, code_digest, digest, versions

log = logging.getLogger(__name__)


def cached_select(
    folder: Path,
    features: NDArray[np.floating[Any]],
    target: NDArray[np.floating[Any]],
    names: Sequence[str],
    **settings: Any,
) -> Selection:
    """Return what `select` returns, from `folder` if it was searched before.

    A stored result is only believed where values, names, settings, this package's code and the
    version of tigramite are the same; a damaged file is searched anew and replaced.

    Parameters
    ----------
    folder : Path
        Made where it is missing; one JSON file a search.
    features, target, names, **settings : as `select` takes them
    """
    key = selection_key(features, target, names, settings)
    path = folder / f"causal-{key}.json"
    stored = _read(path, key)
    if stored is not None:
        return stored
    found = select(features, target, names, **settings)
    _write(path, key, found)
    return found


def selection_key(
    features: NDArray[np.floating[Any]],
    target: NDArray[np.floating[Any]],
    names: Sequence[str],
    settings: dict[str, Any],
) -> str:
    """Hash of everything that a selection depends on."""
    made_of = {
        "settings": settings,
        "names": list(names),
        "shape": list(features.shape),
        "types": [features.dtype.str, target.dtype.str],
        "versions": versions(["tigramite", "numpy", "scipy"]),
        "code": code_digest(Path(__file__).parent),
    }
    values = [np.ascontiguousarray(array).tobytes() for array in (features, target)]
    return digest(canonical(made_of), *values)


def _read(path: Path, key: str) -> Selection | None:
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        body = document["selection"]
        if document["key"] != key or document["sha256"] != _checksum(body):
            raise ValueError("its contents do not match its checksum")
        return Selection.from_dict(body)
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s is damaged (%s): the selection is made anew.", path.name, error)
        return None


def _write(path: Path, key: str, found: Selection) -> None:
    """Store a selection; readers see the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = found.to_dict()
    document = {"key": key, "sha256": _checksum(body), "selection": body}
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(body).encode()).hexdigest()
