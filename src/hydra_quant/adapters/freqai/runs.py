"""The models of one backtest under one name, so that exactly these can be used again."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from freqtrade.exceptions import OperationalException

from hydra_quant.models.fingerprint import canonical, differences, digest
from hydra_quant.models.store import Refused, open_bundle

FORMAT = 1
_AGAIN = "backtest again and put the id that it logs into hydra.freeze"


@dataclass(frozen=True)
class Entry:
    """One stored model of a run.

    Attributes
    ----------
    who : the pair it answers, or the panel's name
    window : beginning and end of its training stretch and of what it knew, seconds since 1970 UTC
    file : relative to the folder of the run's identifier
    sha256 : of the whole file
    """

    who: str
    window: tuple[int, int, int]
    file: str
    sha256: str


@dataclass(frozen=True)
class Run:
    """The stored models of one backtest.

    Attributes
    ----------
    folder : ``user_data/models/<identifier>``
    about : all that its models depend on but the data, as `HydraFreqaiModel.describe` says it
    strategy : hash of the strategy's feature and label code
    entries : its models
    """

    folder: Path
    about: Mapping[str, Any]
    strategy: str
    entries: tuple[Entry, ...]

    @property
    def id(self) -> str:
        """The identifier and eight characters of a hash of the files."""
        return f"{self.folder.name}-{digest(*sorted(e.sha256 for e in self.entries))[:8]}"

    @property
    def path(self) -> Path:
        """Where its list of files lies."""
        return self.folder / f"hydra_run_{self.id.rpartition('-')[2]}.json"

    def write(self) -> None:
        """Write the list of files in one step."""
        told = {
            "format": FORMAT,
            "run": self.id,
            "about": json.loads(canonical(self.about)),
            "strategy": self.strategy,
            "windows": [asdict(entry) for entry in self.entries],
        }
        whole = {"sha256": _checksum(told), **told}
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            partial.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)

    def check(self, about: Mapping[str, Any]) -> None:
        """Refuse other settings than the run was made with, and any file that is not the run's.

        Raises
        ------
        OperationalException
            Naming what is found, what the run has, and the remedy.
        """
        if changed := differences(self.about, json.loads(canonical(about))):
            raise OperationalException(
                f'hydra.freeze: run "{self.id}" was made otherwise (run → now: '
                f"{'; '.join(changed[:4])}). Set this back, or {_AGAIN}."
            )
        for entry in self.entries:
            self._check_file(entry)

    def check_columns(self, kind: str, names: Iterable[str]) -> None:
        """Refuse other features or labels (`kind`) than the run's."""
        known, given = list(self.about[kind]), list(names)
        if known != given:
            gone = [name for name in known if name not in given]
            new = [name for name in given if name not in known]
            said = f"without {gone[:3]}" * bool(gone) + f" with {new[:3]}" * bool(new)
            raise OperationalException(
                f'hydra.freeze: the strategy gives {len(given)} {kind}, run "{self.id}" was made '
                f"with {len(known)} ({said.strip() or 'in another order'}). Give the same ones, or "
                f"{_AGAIN}."
            )

    def check_strategy(self, code: str) -> None:
        """Refuse a strategy whose features or labels are computed by other code."""
        if code != self.strategy:
            raise OperationalException(
                f"hydra.freeze: the strategy's feature and label functions have hash {code}, run "
                f'"{self.id}" was made with {self.strategy}. Use that strategy, or {_AGAIN}.'
            )

    def of(self, who: str, window: tuple[int, int, int], label: str) -> Entry:
        """Return the model of a pair (or the panel) and window."""
        for entry in self.entries:
            if entry.who == who and entry.window == window:
                return entry
        raise OperationalException(
            f'hydra.freeze: run "{self.id}" has no model of {who} that learned from {label}. Use '
            f"the run's own timerange and whitelist, or {_AGAIN}."
        )

    def newest(self, who: str) -> Entry:
        """Return the model of a pair (or the panel) that knew most."""
        own = [entry for entry in self.entries if entry.who == who]
        if not own:
            has = ", ".join(sorted({entry.who for entry in self.entries}))
            raise OperationalException(
                f'hydra.freeze: run "{self.id}" has no model of {who}, it has {has}. Take {who} '
                f"from the whitelist, or {_AGAIN}."
            )
        return max(own, key=lambda entry: entry.window[2])

    def read(self, entry: Entry) -> tuple[str, bytes]:
        """Return what a model was made from (canonical JSON), and its payload.

        Raises
        ------
        OperationalException
            When the file is missing, or not the one that was backtested.
        """
        self._check_file(entry)
        description, payload = open_bundle(self.folder / entry.file)
        return canonical(description), payload

    def _check_file(self, entry: Entry) -> None:
        path = self.folder / entry.file
        found = sha256_of(path) if path.is_file() else "missing"
        if found != entry.sha256:
            what = "is missing" if found == "missing" else f"has sha256 {found}"
            raise OperationalException(
                f'hydra.freeze: {path} {what}, run "{self.id}" has it with sha256 {entry.sha256}. '
                f"Restore that file, or {_AGAIN}."
            )


def open_run(models: Path, asked: str) -> Run:
    """Return the run of this id.

    Parameters
    ----------
    models : ``user_data/models``
    asked : ``hydra.freeze``

    Raises
    ------
    OperationalException
        When there is none, or its list of files is damaged.
    """
    identifier, _, mark = asked.rpartition("-")
    path = models / identifier / f"hydra_run_{mark}.json"
    if not identifier or Path(identifier).name != identifier or not path.is_file():
        known = ", ".join(_known(models)) or "none"
        raise OperationalException(
            f'config key "hydra.freeze" is "{asked}": there is no such run in {models} (runs: '
            f'{known}). Take the id from a backtest\'s log line "models of this run: …".'
        )
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told.pop("sha256") != _checksum(told):
            raise Refused("its contents do not match its checksum")
        entries = tuple(
            Entry(**{**entry, "window": tuple(entry["window"])}) for entry in told["windows"]
        )
        run = Run(path.parent, told["about"], told["strategy"], entries)
        if run.id != asked:
            raise Refused(f'it is the list of run "{run.id}"')
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OperationalException(
            f'hydra.freeze: {path} of run "{asked}" is damaged ({error}). Restore it, or {_AGAIN}.'
        ) from None
    return run


def sha256_of(path: Path) -> str:
    """Return the hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _known(models: Path) -> list[str]:
    found = models.glob("*/hydra_run_*.json")
    return sorted(f"{path.parent.name}-{path.stem.removeprefix('hydra_run_')}" for path in found)


def _checksum(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(told).encode()).hexdigest()
