"""``hydra-quant settings``: the configuration table, as the README shows it."""

import argparse
import json

from hydra_quant.settings import table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command; it takes no options."""
    parser.description = (
        'Print every key HYDRA reads under "hydra" in freqtrade\'s configuration, as a Markdown '
        "table: default, allowed range, meaning."
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    print("| key | default | range | meaning |")
    print("|---|---|---|---|")
    for key, default, allowed, meaning in table():
        print(f"| `{key}` | {json.dumps(default)} | {allowed} | {meaning} |")
    return 0
