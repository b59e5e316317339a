"""``hydra-quant memory``: status, verify, columns."""

import argparse
import sys

from hydra_quant.commands import memory_columns, memory_status, memory_verify
from hydra_quant.commands.opening import InputError
from hydra_quant.memory import StoreError

PARTS = {
    "status": (memory_status, "what is stored of each series, its gaps and age"),
    "verify": (memory_verify, "name everything that is wrong with facts and candles"),
    "columns": (memory_columns, "what candles can be joined with"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant memory`` on `parser`."""
    parser.description = "Look at the memory: what was known when, from every source."
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    for name, (module, text) in PARTS.items():
        part = parts.add_parser(
            name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        module.add_arguments(part)


def run(args: argparse.Namespace) -> int:
    """Run one part; its own exit status, or 2 for a mistake in the input."""
    try:
        return int(PARTS[args.part][0].run(args))
    except (InputError, StoreError, OSError) as error:
        print(f"hydra-quant memory {args.part}: {error}", file=sys.stderr)
        return 2
