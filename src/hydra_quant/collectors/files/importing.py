"""Imports a folder: file after file, page after page, and says what became of each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hydra_quant.collectors.files.layout import Layout, Rule
from hydra_quant.collectors.files.readers import Table
from hydra_quant.collectors.files.table import FileError
from hydra_quant.memory import Memory, Written
from hydra_quant.memory.kinds import KINDS

PAGE = 20_000
Told = Callable[[Path], None]


@dataclass
class Imported:
    """What became of a folder.

    Attributes
    ----------
    written : counts of rows by series
    failed : one line a file that could not be imported; what it held is not stored
    left : number of candle files, which are freqtrade's
    """

    written: dict[str, Written] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    left: int = 0

    @property
    def total(self) -> Written:
        """Over all series."""
        return sum(self.written.values(), Written())


def import_folder(
    memory: Memory,
    root: Path,
    layout: Layout,
    source: str | None = None,
    begin: Told = lambda path: None,
) -> Imported:
    """Store what the files of `layout` say; what is stored already changes nothing.

    A file that cannot be read is named and the others go on. A file is read and checked whole
    before its first row is written, and every page of rows is stored whole or not at all: an
    interruption loses nothing that was committed, and importing again goes on.

    Parameters
    ----------
    memory : Memory
    root : Path
        The folder, for files that belong together.
    layout : Layout
        Of `find`.
    source : str, optional
        Whose data it is, instead of what the layout says.
    begin : callable
        Told every file before it is read.
    """
    imported = Imported(failed=list(layout.strange), left=layout.left)
    for path, rule, match in layout.readable:
        begin(path)
        about = match.groupdict()
        table = Table(root, path, about, source or rule.source, memory.lags)
        try:
            _import_file(memory, rule, table, imported)
        except FileError as error:
            imported.failed.append(str(error))
    return imported


def _import_file(memory: Memory, rule: Rule, table: Table, imported: Imported) -> None:
    for series, rows in list(rule.read(table)):
        # Over the whole file: told apart page by page, two versions would revise each other.
        once = rows.drop_duplicates(KINDS[series.kind].key, keep="last")
        repeated = len(rows) - len(once)
        written = Written(refused={"repeated": repeated} if repeated else {})
        for start in range(0, len(once), PAGE):
            written += memory.write(series, once.iloc[start : start + PAGE])
        if written != Written():
            before = imported.written.get(str(series), Written())
            imported.written[str(series)] = before + written
