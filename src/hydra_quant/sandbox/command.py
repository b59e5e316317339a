"""``hydra-quant sandbox``: look at the synthetic market, or record it."""

import argparse

from hydra_quant.sandbox import describe, export
from hydra_quant.sandbox.llm import command as llm

DESCRIPTION = """\
The synthetic market is a pure function of its epoch and seed. `describe` holds it against the
stylised facts of real crypto markets. `export` writes the positioning that a recorder would have
heard, for the memory. `llm` serves a language model that reads the news by key words.

  hydra-quant sandbox describe --seed 7 --days 120
  hydra-quant sandbox export --seed 7 --days 65 --to recorded
  hydra-quant sandbox llm --port 8400
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
    llm.add_arguments(
        commands.add_parser(
            "llm",
            help="serve a language model that reads the news by key words, for nothing",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen command."""
    parts = {"describe": describe, "export": export, "llm": llm}
    return int(parts[arguments.sandbox_command].run(arguments))
