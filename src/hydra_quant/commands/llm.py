"""``hydra-quant llm``: whether the language model that reads the news can be used."""

import argparse
import sys

from hydra_quant.commands import llm_check
from hydra_quant.commands.opening import InputError
from hydra_quant.news.providers.build import NoProvider


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant llm`` on `parser`."""
    parser.description = "The language model that reads the news."
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    check = parts.add_parser(
        "check",
        help="ask it one question: key, model, form of the answer, and what an hour costs",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    llm_check.add_arguments(check)


def run(args: argparse.Namespace) -> int:
    """Run the check; its own exit status, or 2 for a mistake in the settings."""
    try:
        return llm_check.run(args)
    except (InputError, NoProvider) as error:
        print(f"hydra-quant llm check: {error}", file=sys.stderr)
        return 2
