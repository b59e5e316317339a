"""``hydra-quant sandbox``: look at the synthetic market."""

import argparse

from hydra_quant.sandbox import describe

DESCRIPTION = """\
The synthetic market is a pure function of its epoch and seed. `describe` holds it against the
stylised facts of real crypto markets.

  hydra-quant sandbox describe --seed 7 --days 120
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


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen command."""
    return describe.run(arguments)
