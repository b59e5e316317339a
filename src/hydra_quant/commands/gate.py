"""``hydra-quant gate``: backfill, report."""

import argparse
import sys
from importlib import import_module

from hydra_quant.commands.opening import InputError
from hydra_quant.memory import StoreError

PARTS = {
    "backfill": ("hydra_quant.commands.gate_backfill", "make verdicts about past news"),
    "report": ("hydra_quant.commands.gate_report", "what the gate's verdicts were worth"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant gate`` on `parser`."""
    parser.description = "The news gate: verdicts about the past, and what they were worth."
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    for name, (module, text) in PARTS.items():
        part = parts.add_parser(
            name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        import_module(module).add_arguments(part)


def run(args: argparse.Namespace) -> int:
    """Run one part; its own exit status, or 2 for a mistake in the input."""
    try:
        return int(import_module(PARTS[args.part][0]).run(args))
    except (InputError, StoreError, OSError) as error:
        print(f"hydra-quant gate {args.part}: {error}", file=sys.stderr)
        return 2
