"""What ``train rl`` and ``evaluate rl`` share: where the market is from, rules, the course."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from hydra_quant.commands.head_input import (
    add_config_arguments,
    of_folder,
    positive,
    progress,
    settings_of,
)
from hydra_quant.commands.opening import InputError, config_files, read_config
from hydra_quant.commands.rl_sandbox import DAYS, PAIRS, written
from hydra_quant.heads import candles
from hydra_quant.heads.agents.ground import Ground, of_dataset
from hydra_quant.heads.agents.terms import FEE, rules_of
from hydra_quant.heads.agents.training import Course
from hydra_quant.rl.options import LARGE, AgentOptions
from hydra_quant.rl.progress import Update
from hydra_quant.rl.rewards import REWARDS
from hydra_quant.settings import Settings

TIMEFRAMES = ("5m", "15m", "30m", "1h", "2h", "4h")
ENVS = {"usual": Course.n_envs, "large": 256}
RULES = """\
the rules: those of HydraRLStrategy, candle by candle as freqtrade's backtester fills them
  A target at the close of a candle is filled at the open of the next. Balance (dry_run_wallet),
  stake_amount, max_open_trades, tradable_balance_ratio and fee are the configuration's; dead band,
  resizing, stop and leverage are "hydra": {"agent": {...}} (hydra-quant settings). Without any:
  1000, an equal share for each pair, 0.05 % of every order, funding as the folder has it. The tick
  is the last digit that a pair's prices show; amounts are cut to a millionth.
"""


@dataclass(frozen=True)
class Opened:
    """What a command works on.

    Attributes
    ----------
    ground : Ground
    settings : Settings
    timeframe : width of candles
    where : in words, where the market is from
    """

    ground: Ground
    settings: Settings
    timeframe: str
    where: str


class Lines:
    """A line of progress each tenth of the way, where no terminal shows a bar.

    Parameters
    ----------
    name : of the agent
    """

    def __init__(self, name: str) -> None:
        self._name, self._steps, self._next = name, 0, 0.0

    def begin(self, steps: int, done: int) -> None:
        """Begin where `done` of `steps` are done."""
        self._steps, self._next = steps, done + steps / 10

    def update(self, told: Update) -> None:
        """Say how it goes, now and then."""
        if told.steps >= min(self._next, self._steps):
            print(f"{self._name}: step {told.steps} of {self._steps}, {told.spoken()}", flush=True)
            self._next = told.steps + self._steps / 10

    def close(self) -> None:
        """Nothing is left to say."""


def add_market_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe where the market is from and what trading costs."""
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER",
        help="market history; see below (the synthetic market)",
    )  # fmt: skip
    parser.add_argument("--timeframe", metavar="WIDTH", help="width of candles (1h)")
    parser.add_argument(
        "--pairs", nargs="+", default=(), metavar="PAIR", help="only these, like BTC/USDT:USDT"
    )
    parser.add_argument(
        "--days", type=positive("days"), default=DAYS, metavar="N",
        help="of the synthetic market, without --data (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--fee", type=_fee, metavar="SHARE",
        help=f'of every order, like 0.0005 (the configuration\'s "fee", else {FEE:g})',
    )  # fmt: skip
    add_config_arguments(parser)


def add_course_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe how an agent is trained."""
    parser.add_argument(
        "--steps", type=positive("steps"), metavar="N",
        help="candles lived through, all episodes together; see below",
    )  # fmt: skip
    parser.add_argument(
        "--length", type=positive("length"), default=1, metavar="N",
        help="candles in an observation (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--episode", type=positive("episode"), default=Course.episode, metavar="N",
        help="most candles in an episode (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--envs", type=positive("envs"), metavar="N",
        help=f"episodes side by side; divides 2048, large batches 8192 ({ENVS['usual']}, "
        f"large batches {ENVS['large']})",
    )  # fmt: skip
    parser.add_argument(
        "--batches", choices=tuple(ENVS), default="usual",
        help="how ppo learns: usual is batches of 64, 10 times, of 2048 candles; large is 512, "
        "2 times, of 8192 at a rate of 2e-3, in about a tenth of the time (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--reward", choices=tuple(REWARDS), default=Course.reward, metavar="NAME",
        help=f"one of {', '.join(REWARDS)} (%(default)s)",
    )  # fmt: skip


def course_of(args: argparse.Namespace, options: AgentOptions) -> Course:
    """How an agent is trained.

    Raises
    ------
    InputError
        When environments do not divide the steps between updates, or batches are not ppo's.
    """
    envs = args.envs or ENVS[args.batches]
    if args.batches == "large":
        if args.algo != "ppo":
            raise InputError(f"--batches large is about ppo; {args.algo} learns in its own way")
        options = replace(options, **LARGE)
    try:
        options.steps_each(envs)
    except ValueError:
        line = f"--envs {envs}: a divisor of {options.n_steps} would be right, like 64"
        raise InputError(line) from None
    return Course(args.algo, options, args.episode, envs, args.reward)


@contextmanager
def opened(
    args: argparse.Namespace, length: int, until: pd.Timestamp | None = None
) -> Iterator[Opened]:
    """Read the market: a folder's, or the synthetic one.

    Raises
    ------
    InputError, FileError
        When something in the input is wrong.
    """
    settings = settings_of(args)
    config = read_config(config_files(args))
    timeframe = args.timeframe or "1h"
    if timeframe not in TIMEFRAMES:
        raise InputError(f"--timeframe {timeframe}: one of {', '.join(TIMEFRAMES)} is meant")
    with tempfile.TemporaryDirectory(prefix="hydra-") as folder:
        root, where = args.data, str(args.data)
        if root is None:
            root = written(Path(folder), timeframe, args.days, tuple(args.pairs) or PAIRS)
            where = f"{args.days} days of the synthetic market"
        (_, data), *_ = of_folder(root, [timeframe], settings, pairs=args.pairs, until=until)
        minutes = candles.minutes_of(timeframe)
        try:
            rules = rules_of(config, settings, len(data.pairs), minutes, args.fee)
        except (ValueError, TypeError) as error:
            named = ", ".join(map(str, config_files(args))) or "the configuration"
            raise InputError(f"{named}: {error}") from None
        with progress("features") as told:
            ground = of_dataset(data, root, rules, settings, length=length, told=told)
        yield Opened(ground, settings, timeframe, where)


def _fee(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 0.1:
        raise argparse.ArgumentTypeError(f"a fee is a share from 0 to 0.1, not {text!r}")
    return value
