"""Files that are only believed when they are whole and made from the very same things."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra_quant.models.fingerprint import canonical, differences, digest

_MAGIC = b"HYDRA-BUNDLE-1\n"


class Refused(ValueError):
    """A stored file is damaged or was made from something else; the text says which and why."""


def fingerprint(description: Mapping[str, Any]) -> str:
    """Return the hash of a description (features, labels, parameters, seed, data, code, …)."""
    return digest(canonical(description))


def write_bundle(path: Path, payload: bytes, description: Mapping[str, Any]) -> None:
    """Store `payload` beside what it was made from; readers see the old file or the new one.

    Parameters
    ----------
    path : Path
        Replaced in one step; folders are made.
    payload : bytes
    description : Mapping
        JSON-able; comes back in refusals as "what changed".
    """
    header = {
        "fingerprint": fingerprint(description),
        "sha256": hashlib.sha256(payload).hexdigest(),
        "description": dict(description),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(_MAGIC + canonical(header).encode() + b"\n" + payload)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_bundle(path: Path, description: Mapping[str, Any]) -> bytes | None:
    """Return the stored payload if it is whole and was made from `description`.

    Returns
    -------
    bytes or None
        None when there is no such file.

    Raises
    ------
    Refused
        When the file is damaged, or made from something else (the text lists what changed).
    """
    if not path.is_file():
        return None
    header, payload = _parse(path)
    if header["fingerprint"] != fingerprint(description):
        changed = differences(header["description"], json.loads(canonical(description)))
        raise Refused(f"{path.name} was made from something else ({'; '.join(changed[:4])})")
    return payload


def _parse(path: Path) -> tuple[dict[str, Any], bytes]:
    magic, _, rest = path.read_bytes().partition(b"\n")
    head, newline, payload = rest.partition(b"\n")
    try:
        header = json.loads(head) if magic + b"\n" == _MAGIC and newline else None
    except ValueError:
        header = None
    if not isinstance(header, dict) or not {"fingerprint", "sha256", "description"} <= {*header}:
        raise Refused(f"{path} is damaged (no readable header)")
    if hashlib.sha256(payload).hexdigest() != header["sha256"]:
        raise Refused(f"{path} is damaged (its contents do not match their checksum)")
    return header, payload
