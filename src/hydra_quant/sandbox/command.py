"""``hydra-quant sandbox``: look at the synthetic market, or record it."""

import argparse

from hydra_quant.sandbox import describe, export

DESCRIPTION = """\
The synthetic market is a pure function of its epoch and seed. `describe` holds it against the
stylised facts of real crypto markets. `export` writes the positioning that a recorder would have
heard, for the memory.

  hydra-quant sandbox describe --seed 7 --days 120
  hydra-quant sandbox export --seed 7 --days 65 --to recorded
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sandbox's own commands."""
    parser.description = DESCRIPTION
    commands = parser.add_subparsers(dest="sandbox_command", metavar="COMMAND", required=True)
    describe.add_arguments(
        commands.add_parser(
            "describe",
            help="measured against expected, for each stylised fact",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    export.add_arguments(
        commands.add_parser(
            "export",
            help="recorded history for the memory: positioning, liquidations, books",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen command."""
    if arguments.sandbox_command == "export":
        return export.run(arguments)
    return describe.run(arguments)
