"""``hydra-quant``: the commands beside freqtrade's own."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from hydra_quant import __version__

COMMANDS = {
    "demo": ("hydra_quant.demo.command", "see HYDRA trade in freqtrade, on a local venue"),
    "venue": ("hydra_quant.sandbox.venue.command", "serve a market that freqtrade can trade on"),
    "sandbox": ("hydra_quant.sandbox.command", "look at the synthetic market"),
    "import": ("hydra_quant.commands.import_files", "history from files into the memory"),
    "collect": ("hydra_quant.commands.collect", "fill the memory from its sources"),
    "memory": ("hydra_quant.commands.memory", "what the memory holds, and whether it is sound"),
    "train": ("hydra_quant.commands.train", "fit a head outside the bot"),
    "evaluate": ("hydra_quant.commands.evaluate", "what a head is worth on later history"),
    "sentiment": ("hydra_quant.commands.sentiment", "score the mood of texts"),
    "gate": ("hydra_quant.commands.gate", "verdicts about past news, and what they were worth"),
    "llm": ("hydra_quant.commands.llm", "try the language model that reads the news"),
    "report": ("hydra_quant.report.command", "compare backtests and count reasons"),
    "settings": ("hydra_quant.settings_command", "list every setting: default, range, meaning"),
}
DESCRIPTION = """\
HYDRA's own commands. Trading, backtesting, hyperopt and data download are freqtrade's:
  freqtrade backtesting -c config.json --timerange 20250101-20250401
"""


def build_parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """Build the parser; only the chosen command's module is imported, so that help stays quick."""
    parser = argparse.ArgumentParser(
        "hydra-quant",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"hydra-quant {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, text) in COMMANDS.items():
        command = commands.add_parser(
            name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == chosen:
            import_module(module).add_arguments(command)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 2 a mistake in the input, 130 Ctrl-C."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    chosen = next((word for word in arguments if word in COMMANDS), None)
    try:
        parsed = build_parser(chosen).parse_args(arguments)
        return int(import_module(COMMANDS[parsed.command][0]).run(parsed))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read the output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
