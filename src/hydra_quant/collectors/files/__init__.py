"""History from files: tables of parquet or CSV in known folders become facts with a known-at."""

from hydra_quant.collectors.files.importing import Imported, import_folder
from hydra_quant.collectors.files.layout import Layout, find
from hydra_quant.collectors.files.table import FileError

__all__ = ["FileError", "Imported", "Layout", "find", "import_folder"]
