"""``hydra-quant evaluate rl``: agents on later history, beside hold, momentum and luck."""

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd

from hydra_quant.commands import evaluate_rl_levels
from hydra_quant.commands.evaluate_rl_display import show
from hydra_quant.commands.head_input import (
    DATA,
    add_json_argument,
    day,
    json_path,
    positive,
    progress,
    write_json,
)
from hydra_quant.commands.opening import InputError
from hydra_quant.commands.rl_input import (
    RULES,
    Opened,
    add_course_arguments,
    add_market_arguments,
    course_of,
    opened,
)
from hydra_quant.heads.agents.learned import Learned, load
from hydra_quant.heads.agents.plan import FULL, QUICK, Block, Plan, cut, refuse_unseeing
from hydra_quant.heads.agents.report import as_json
from hydra_quant.heads.agents.training import ALGOS, Course, learn
from hydra_quant.heads.agents.walk import How, Learn, Walked, walk
from hydra_quant.heads.dataset import Told
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.progress import Update
from hydra_quant.rl.rollout import Act

STEPS = {"full": 500_000, "quick": 20_480}
SEEDS = {"full": 10, "quick": 3}
HOW = """\
how it is judged
  Time is cut into test blocks that follow each other. Before each, every seed's agent is trained
  anew on candles before the block alone: network, normaliser of observations, everything. It then
  trades the block with one wallet and all pairs; the next block's agent goes on with that wallet.
  full: 5 blocks over the last 60 % of the time, all time before a block teaches, 10 seeds of
  500 000 candles. quick: 2 blocks over the last 30 %, the two years before each teach, 3 seeds of
  20 480 candles: minutes, and no verdict on what an agent can learn.
beside the agents, on the same ledger with the same fees and funding
  flat      is out of the market
  hold      buys every pair with an equal stake at the beginning and keeps it, without a stop
  momentum  holds the share of a stake that the momentum vote says, by an agent's own rules
  random    what each agent did, at other moments: all its targets are moved in time by a drawn
            number of candles, so that it holds as long, as much and as often; --shadows of each
figures
  Median over seeds, never the best, and their spread. Return, Sharpe (daily, 365 days), deepest
  fall, turnover (orders a year over equity), entries, share of candles with a position, fees and
  funding paid.
  The interval (95 %) is where the median's Sharpe, or its difference, lies when blocks of 14 days
  are drawn again, the same for both. The verdict is edge only if every rival is beaten: the whole
  interval and three quarters of the seeds above it; of random, no more than 5 % as good.

examples
  hydra-quant evaluate rl --data ../market-data --mode quick
  hydra-quant evaluate rl --data ../market-data --batches large --json found.json
  hydra-quant evaluate rl --data ../market-data --algo sac --seeds 10
  hydra-quant evaluate rl --data ../market-data --algo hierarchical --levels --mode quick
  hydra-quant evaluate rl --data ../market-data --policy user_data/hydra/agents/ppo-1h.policy

--policy judges a stored agent on candles after those it learned from, with nothing trained; the
options of training do not count then. Ctrl-C shows the seeds that are done.
exit status: 0 done; 2 something in the input was wrong, or too little of it; 130 Ctrl-C
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant evaluate rl`` on `parser`."""
    parser.description = "Judge agents on history that came after what they learned from."
    parser.epilog = f"{HOW}\n{evaluate_rl_levels.HOW}\n{RULES}\n{DATA}"
    parser.add_argument(
        "--algo", choices=ALGOS, default="ppo", help="what kind of agent (%(default)s)"
    )
    parser.add_argument("--mode", choices=tuple(SEEDS), default="full", help="see below")
    parser.add_argument(
        "--levels", action="store_true",
        help="of hierarchical: what each level adds, instead; see below",
    )  # fmt: skip
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="judge this one instead of training"
    )
    parser.add_argument(
        "--since", type=day, metavar="DATE", help="with --policy: test from there (UTC)"
    )
    parser.add_argument(
        "--until", type=day, metavar="DATE", help="use candles that closed by then (UTC)"
    )
    add_market_arguments(parser)
    add_json_argument(parser)
    parser.add_argument(
        "--seeds", type=positive("seeds"), metavar="N",
        help=f"how many agents ({SEEDS['full']}; quick {SEEDS['quick']})",
    )  # fmt: skip
    parser.add_argument(
        "--windows", type=positive("windows"), metavar="N",
        help=f"test blocks ({FULL.windows}; quick {QUICK.windows})",
    )  # fmt: skip
    parser.add_argument(
        "--shadows", type=positive("shadows"), default=How.shadows, metavar="N",
        help="random agents beside each (%(default)s)",
    )  # fmt: skip
    add_course_arguments(parser)
    parser.add_argument(
        "--seed", type=int, default=7, metavar="N", help="the first one (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Judge agents; 0, or 130 when it was cut short.

    Raises
    ------
    InputError, Refused, TooFew
        One line each.
    """
    path = json_path(args)
    if args.levels:
        evaluate_rl_levels.refuse(args)
    policy = None if args.policy is None else load(args.policy)
    steps = args.steps or STEPS[args.mode]
    course = course_of(args, AgentOptions(steps=steps))
    if args.levels:
        seeds = range(args.seed, args.seed + (args.seeds or SEEDS[args.mode]))
        return evaluate_rl_levels.run(args, course, plan(args), seeds, path)
    with opened(args, policy.length if policy else args.length, args.until) as market:
        how = How(market.settings.agent.act_beyond, market.settings.agent.leverage, args.shadows)
        blocks = [stretch(policy, market, args.since)] if policy else cut(market.ground, plan(args))
        count = 1 if policy else args.seeds or SEEDS[args.mode]
        with progress(args.algo) as told:
            taught: Learn = _Taught(course, market, count * len(blocks), told)
            if policy is not None:
                taught = _stored(policy, market)
            walked = _walk(market, blocks, range(args.seed, args.seed + count), taught, how)
        show(f"{policy.kind} {policy.sha256[:12]}" if policy else args.algo, market, walked)
    if path is not None:
        asked = _settings(args, how, None if policy else course)
        write_json(path, {**as_json(market.ground, walked), "settings": asked})
    return 130 if walked.interrupted else 0


def plan(args: argparse.Namespace) -> Plan:
    """How time is cut."""
    usual = QUICK if args.mode == "quick" else FULL
    return usual if args.windows is None else replace(usual, windows=args.windows)


def stretch(policy: Learned, market: Opened, since: pd.Timestamp | None) -> Block:
    """Return the candles that a stored agent has not learned from.

    Raises
    ------
    InputError
        When it was made for candles of another width, or has learned from all there is.
    TooFew
        When nothing is known of any candle after that.
    """
    record, ground = policy.record, market.ground
    width = record.get("timeframe", market.timeframe)
    if width != market.timeframe:
        raise InputError(f"the policy learned from candles of {width}: give --timeframe {width}")
    known_ms = int(record.get("known_until_ms", 0))
    if since is None and not known_ms:
        raise InputError("the policy does not say until when it has learned: give --since DATE")
    begin_ms = known_ms if since is None else since.value // 10**6
    if begin_ms < known_ms:
        until = pd.Timestamp(known_ms, unit="ms")
        raise InputError(f"--since {since:%Y-%m-%d}: the policy has learned until {until:%Y-%m-%d}")
    first = ground.row_of(begin_ms)
    if len(ground.arena) - first < 2:
        raise InputError(f"{market.where} ends before what the policy has learned from does")
    refuse_unseeing(ground, first)
    return Block((0, first), (first, len(ground.arena)))


def _stored(policy: Learned, market: Opened) -> Learn:
    return lambda block, seed: policy.acting(market.ground.arena, block.test[0])


class _Taught:
    """Trains an agent for every block and seed, and tells how far that is."""

    def __init__(self, course: Course, market: Opened, count: int, told: Told) -> None:
        self._course, self._market, self._told = course, market, told
        self._count, self._done, self._steps = count, 0, course.options.planned

    def __call__(self, block: Block, seed: int) -> Act:
        course = replace(self._course, options=replace(self._course.options, seed=seed))
        agent = self._market.settings.agent
        found = learn(self._market.ground, block.train, course, agent, progress=self)
        self._done += 1
        return found.acting(self._market.ground.arena, block.test[0])

    def begin(self, steps: int, done: int) -> None:
        """Nothing is to be said yet."""

    def update(self, told: Update) -> None:
        """Move the bar."""
        share = (self._done + min(1.0, told.steps / self._steps)) / self._count
        self._told(f"{self._done + 1} of {self._count}: {told.spoken()}", share)

    def close(self) -> None:
        """Nothing is left to say."""


def _walk(market: Opened, blocks: list[Block], seeds: range, taught: Learn, how: How) -> Walked:
    try:
        return walk(market.ground, blocks, seeds, taught, how)
    except ValueError as error:
        raise InputError(f"{error}; nothing is traded on such an answer") from None


def _settings(args: argparse.Namespace, how: How, course: Course | None) -> dict[str, Any]:
    trained = {} if course is None else {
        "algo": course.algo, "steps": course.options.planned, "episode": course.episode,
        "envs": course.n_envs, "reward": course.reward, "batches": args.batches,
    }  # fmt: skip
    return {
        "mode": args.mode, "length": args.length, "fee": args.fee, **asdict(how), **trained,
        "policy": None if args.policy is None else str(args.policy),
    }  # fmt: skip
