"""Files that are only believed when they are whole and made from the very same things."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from hydra_quant.models.fingerprint import canonical, differences, digest

_MAGIC = b"HYDRA-BUNDLE-1\n"


class Refused(ValueError):
    """A stored file is damaged or was made from something else; the text says which and why."""


def fingerprint(description: str) -> str:
    """Return the hash of a description (features, labels, parameters, seed, data, code, …)."""
    return digest(description)


def write_bundle(path: Path, payload: bytes, description: str) -> None:
    """Store `payload` beside what it was made from; readers see the old file or the new one.

    Parameters
    ----------
    path : Path
        Replaced in one step; its folder must exist.
    payload : bytes
    description : str
        A JSON object as `canonical` writes it; refusals say "what changed" from it.
    """
    mark, checksum = fingerprint(description), hashlib.sha256(payload).hexdigest()
    header = f'{{"fingerprint":"{mark}","sha256":"{checksum}","description":{description}}}\n'
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(_MAGIC + header.encode() + payload)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def read_bundle(path: Path, description: str) -> bytes | None:
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
        changed = differences(header["description"], json.loads(description))
        raise Refused(f"{path.name} was made from something else ({'; '.join(changed[:4])})")
    return payload


def open_bundle(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return what a file says it was made from, and its payload.

    For readers that judge the description themselves; `read_bundle` wants the very same.

    Raises
    ------
    Refused
        When there is no such file, or it is damaged.
    """
    if not path.is_file():
        raise Refused(f"{path}: no such file")
    header, payload = _parse(path)
    description = header["description"]
    if not isinstance(description, dict) or header["fingerprint"] != digest(canonical(description)):
        raise Refused(f"{path} is damaged (what it was made from does not match its mark)")
    return description, payload


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
