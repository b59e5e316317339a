"""``hydra-quant evaluate``: what the heads are worth, on history that they did not learn from."""

import argparse
import sys

from hydra_quant.collectors.files import FileError
from hydra_quant.commands import (
    evaluate_cascade,
    evaluate_exit,
    evaluate_models,
    evaluate_regime,
    evaluate_rl,
    evaluate_scorer,
    evaluate_sentiment,
)
from hydra_quant.commands.opening import InputError
from hydra_quant.heads import cascade_report, exit_report, regime_report, scorer_report
from hydra_quant.heads.agents import plan as agents_plan
from hydra_quant.heads.models import plan as models_plan
from hydra_quant.memory import StoreError
from hydra_quant.models.store import Refused
from hydra_quant.sentiment import report as sentiment_report

TOO_FEW = (
    scorer_report.TooFew,
    exit_report.TooFew,
    regime_report.TooFew,
    cascade_report.TooFew,
    sentiment_report.TooFew,
    models_plan.TooFew,
    agents_plan.TooFew,
)
PARTS = {
    "scorer": (evaluate_scorer, "which signals pay: ranking, calibration, net of costs"),
    "regime": (evaluate_regime, "the regime classifier against persistence and the rule"),
    "exit": (evaluate_exit, "the exit predictor against volatility alone"),
    "cascade": (evaluate_cascade, "the fitted cascade model against the prior and a constant"),
    "sentiment": (evaluate_sentiment, "whether returns follow the mood of headlines"),
    "models": (evaluate_models, "the networks beside trees, logistic regression and HAR"),
    "rl": (evaluate_rl, "agents beside hold, momentum and agents by chance"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant evaluate`` on `parser`."""
    parser.description = (
        "Walk a head forward over history: what it says of candles after those it learned from."
    )
    parts = parser.add_subparsers(dest="part", metavar="HEAD", required=True)
    for name, (module, text) in PARTS.items():
        part = parts.add_parser(
            name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        module.add_arguments(part)


def run(args: argparse.Namespace) -> int:
    """Evaluate one head or agent; 0, or 2 for a mistake in the input or too little data."""
    try:
        return int(PARTS[args.part][0].run(args))
    except (InputError, FileError, *TOO_FEW, Refused, StoreError, OSError) as error:
        print(f"hydra-quant evaluate {args.part}: {error}", file=sys.stderr)
        return 2
