"""``hydra-quant evaluate models``: the networks beside trees, logistic regression and HAR."""

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hydra_quant.commands.evaluate_models_display import Shown, check_page, markdown, put, show
from hydra_quant.commands.head_input import (
    DATA,
    add_config_arguments,
    add_data_arguments,
    add_json_argument,
    json_path,
    of_folder,
    positive,
    progress,
    settings_of,
    write_json,
)
from hydra_quant.commands.opening import InputError
from hydra_quant.heads.models.material import of_dataset
from hydra_quant.heads.models.plan import FULL, QUICK, Plan
from hydra_quant.heads.models.report import ModelsReport, as_json, judge
from hydra_quant.heads.models.scored import Judging
from hydra_quant.heads.models.walk import NETS, Asked

DESCRIPTION = "Judge the networks on history that came after what they learned from."
TIMEFRAMES = ("15m", "30m", "1h", "2h", "4h")
HOW = """\
how it is judged
  Every model reads the 15 features of the sequence set and says whether the price will be higher
  1, 4 and 24 hours on, counted from one candle after the decision. Time is cut into test blocks;
  before each, everything is trained anew on what was known by then: outcomes that were still open
  are left out (24 h, the delay and the candle itself), and the last fifth of the time is a tail
  that only ends the training, calibrates, and sets the thresholds of the rule.
  full: all time before a test block teaches (expanding; --years: rolling), test blocks cover the
  last 60 % of the time, networks train as specified. quick: the 180 days before each of 2 test
  blocks of 60 days, every fourth row, 5 epochs at most: minutes instead of hours, and no verdict
  on what a network can do.
  --years 2 --stride 12 is between the two: outcomes of 24 hours overlap, little is lost.
  Trees and logistic regression read the last candle's features alone, from all training rows.
  The soft vote is HydraEnsemble's usual one, .40 LightGBM, .35 LSTM-CNN and .25 graph attention,
  where all three were asked; nothing more is trained for it.
figures
  Median over the seeds, never the best, with the interval (95 %) in which that median lies when
  blocks of 14 days are drawn again, all pairs together. AUC and IC compare rows within a test
  block; IC is Spearman's correlation of the forecast (median, else probability) and the return,
  pooled over rows. Brier and calibration error: after Platt's calibration on the tail.
  net bp: a trade of 4 hours in the direction of the highest and lowest 10 % of the tail's scores,
  less 10 bp; each row trades by itself. R²: of the log realised variance of the next 24 hours, of
  those models alone that forecast a range or the variance; the others show a dash.
  Fixed thresholds: how often p is beyond .65 or .35 and, of these, the model more than .7 sure of
  it (|2 p - 1|); or its median beyond 2 %, and more than .6 sure; then, net bp of 4 h trades.

examples
  hydra-quant evaluate models --data ../market-data --mode quick
  hydra-quant evaluate models --data ../market-data --models lstm_cnn nhits --cache answers
  hydra-quant evaluate models --data ../market-data --mode quick --shuffled   chance alone

Ctrl-C shows the models that are done; with --cache the next run goes on from there.
exit status: 0 done; 2 something in the input was wrong, or too little of it; 130 Ctrl-C
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant evaluate models`` on `parser`."""
    parser.description, parser.epilog = DESCRIPTION, f"{DATA}\n{HOW}"
    add_data_arguments(parser, required=True)
    add_json_argument(parser)
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE",
        help="write the tables there, as Markdown; into a page that has marks, between them",
    )  # fmt: skip
    parser.add_argument(
        "--models", type=_models, nargs="+", default=[list(NETS)], metavar="NET",
        help=f"only these networks, with commas or spaces: {', '.join(NETS)}; none: the rest alone",
    )  # fmt: skip
    parser.add_argument(
        "--mode", choices=("quick", "full"), default="full", help="see below (%(default)s)"
    )
    parser.add_argument(
        "--seeds", type=positive("seeds"), default=3, metavar="N", help="how many (%(default)s)"
    )
    parser.add_argument(
        "--windows", type=positive("windows"), metavar="N",
        help=f"test blocks ({FULL.windows}; quick {QUICK.windows})",
    )  # fmt: skip
    parser.add_argument(
        "--years", type=positive("years"), metavar="N",
        help="train on the last N years before each block (full; all)",
    )  # fmt: skip
    parser.add_argument(
        "--stride", type=positive("stride"), default=1, metavar="N",
        help="train on each N-th candle only (%(default)s), tail too; tests keep all",
    )  # fmt: skip
    parser.add_argument(
        "--delay", type=int, choices=(0, 1, 2, 3), default=1, metavar="CANDLES",
        help="between a decision and the price it gets (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--draws", type=positive("draws"), default=500, metavar="N",
        help="of the bootstrap (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=7, metavar="N", help="the first one (%(default)s)"
    )
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keep answers there, and use what fits"
    )
    parser.add_argument(
        "--continual", action="store_true",
        help="train each network a second time: each block's goes on from the block before",
    )  # fmt: skip
    parser.add_argument(
        "--shuffled", action="store_true", help="give the rows each other's outcomes: a control"
    )
    add_config_arguments(parser)


def _models(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    if names == ["none"]:
        return []
    if unknown := [name for name in names if name not in NETS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(NETS)}")
    return names


def run(args: argparse.Namespace) -> int:
    """Judge the models of one width of candles; 0, or 130 when it was cut short.

    Raises
    ------
    TooFew
        When there is too little history.
    """
    settings = settings_of(args)
    path = json_path(args)
    check_page(args.markdown)
    timeframe = args.timeframe or "1h"
    if timeframe not in TIMEFRAMES:
        raise InputError(f"--timeframe {timeframe}: one of {', '.join(TIMEFRAMES)} is meant")
    plan, asked = plan_of(args), asked_of(args)
    judging = Judging(draws=args.draws, seed=args.seed)
    (_, data), *_ = of_folder(args.data, [timeframe], settings, pairs=args.pairs)
    with progress("models") as told:
        material = of_dataset(data, delay=args.delay, told=told)
        if args.shuffled:
            material = material.shuffled(args.seed)
        report = judge(material, plan, asked, judging, cache=args.cache, told=told)
    shown = Shown(timeframe, args.mode, asked.seeds, args.shuffled, 1e4 * judging.cost)
    show(report, shown)
    if path is not None:
        write_json(path, everything(report, args, plan, asked, judging))
    if args.markdown is not None:
        put(args.markdown, markdown(report, shown))
        print(f"Tables: {args.markdown}")
    return 130 if report.walked.interrupted else 0


def plan_of(args: argparse.Namespace) -> Plan:
    """How time is cut."""
    plan = QUICK if args.mode == "quick" else FULL
    if args.windows is not None:
        plan = replace(plan, windows=args.windows)
    if args.years is not None:
        plan = replace(plan, train_days=365 * args.years)
    return replace(plan, stride=args.stride)


def asked_of(args: argparse.Namespace) -> Asked:
    """What is trained."""
    names = tuple(dict.fromkeys(name for part in args.models for name in part))
    return Asked(
        nets=names,
        seeds=args.seeds,
        first_seed=args.seed,
        mode=args.mode,
        continual=args.continual,
    )


def everything(
    report: ModelsReport, args: argparse.Namespace, plan: Plan, asked: Asked, judging: Judging
) -> dict[str, Any]:
    """Build the JSON."""
    return {
        **as_json(report),
        "settings": {
            "timeframe": args.timeframe or "1h",
            "mode": args.mode,
            "delay": args.delay,
            "shuffled": args.shuffled,
            "continual": args.continual,
            "interval": 0.95,
            "seeds": list(asked.seeds_of("lightgbm")),
            **asdict(plan),
            **{key: value for key, value in asdict(judging).items() if key != "seed"},
        },
    }
