"""``hydra-quant train rl``: an agent that learns by trading, outside the bot."""

import argparse
import sys
from pathlib import Path

from hydra_quant.collectors.files import FileError
from hydra_quant.commands.evaluate_display import console, number, table
from hydra_quant.commands.evaluate_display import day as shown_day
from hydra_quant.commands.head_input import DATA, day
from hydra_quant.commands.opening import InputError
from hydra_quant.commands.rl_input import (
    RULES,
    Lines,
    Opened,
    add_course_arguments,
    add_market_arguments,
    course_of,
    opened,
)
from hydra_quant.heads.agents.figures import Fared, Traded, fared
from hydra_quant.heads.agents.learned import Learned
from hydra_quant.heads.agents.plan import Block, Plan, TooFew, cut
from hydra_quant.heads.agents.rivals import FIXED, fixed
from hydra_quant.heads.agents.training import ALGOS, HIERARCHICAL, learn
from hydra_quant.heads.agents.walk import How
from hydra_quant.models.store import Refused
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.progress import RichBar

STEPS = {"full": 500_000, "quick": 20_480}
STEPS["resume"] = STEPS["full"]
HOW = """\
without --data: the synthetic market of the sandbox, whose direction cannot be foreseen.

modes
  full     500 000 candles
  quick    20 480 candles: minutes, and no verdict on what an agent can learn
  resume   goes on from the checkpoint, to 500 000 candles; the other options and the data must be
           those of the run that is resumed
  --steps says another number, in any mode; of a hierarchy it is the tactical level's, and the
  others get as much more or less

examples
  hydra-quant train rl --algo ppo --mode quick
  hydra-quant train rl --algo sac --data ../market-data --until 2025-01-01 --logs runs
  hydra-quant train rl --algo ppo --data ../market-data --mode resume --steps 1000000

One agent learns from episodes of every pair, one pair at a time, and is then tried with one wallet
on the last --later of the time, which it has not seen. Ctrl-C keeps a checkpoint beside the file.
The policy file is weights (safetensors), the normaliser of its observations and JSON; its sha256
names it; a hierarchy is a folder of three. hydra-quant evaluate rl --policy FILE says what it makes
of later candles.

exit status: 0 trained; 2 something in the input was wrong; 130 Ctrl-C
"""
EPILOG = f"{HOW}\n{RULES}\n{DATA}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant train rl`` on `parser`."""
    parser.description = "Train an agent by trading on freqtrade's own accounting."
    parser.epilog = EPILOG
    parser.add_argument(
        "--algo", choices=ALGOS, default="ppo", help="what kind of agent (%(default)s)"
    )
    parser.add_argument("--mode", choices=tuple(STEPS), default="full", help="see below")
    add_market_arguments(parser)
    add_course_arguments(parser)
    parser.add_argument(
        "--until", type=day, metavar="DATE", help="use candles that closed by then (UTC)"
    )
    parser.add_argument(
        "--later", type=_share, default=0.2, metavar="SHARE",
        help="of the time, at its end, to be tried on and not learned from (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="(USERDIR/hydra/agents/ALGO-WIDTH.policy)"
    )
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="TensorBoard scalars")
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="(%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Train one agent; 0, 2 for a mistake in the input, or 130 for Ctrl-C."""
    try:
        return _train(args)
    except (InputError, FileError, TooFew, Refused, OSError) as error:
        print(f"hydra-quant train rl: {error}", file=sys.stderr)
        return 2


def _train(args: argparse.Namespace) -> int:
    course = course_of(args, options_of(args))
    with opened(args, args.length, args.until) as market:
        ground = market.ground
        block = cut(ground, Plan(windows=1, first=1.0 - args.later))[0]
        path = args.to or default_path(args.userdir, args.algo, market.timeframe)
        folder = path.with_name(f"{path.name}.training")
        _say_what(args, market, block)
        bar = RichBar(args.algo) if sys.stderr.isatty() else Lines(args.algo)
        agent = market.settings.agent
        try:
            learned = learn(ground, block.train, course, agent, folder=folder, progress=bar)
        except ValueError as error:
            raise InputError(str(error)) from None
        except KeyboardInterrupt:
            _say_how_to_go_on(folder, course.options.planned)
            return 130
        learned = learned.known(_known(market, block))
        learned.save(path)
        _show(learned, market, block, path)
    return 0


def options_of(args: argparse.Namespace) -> AgentOptions:
    """How the networks are trained."""
    return AgentOptions(
        steps=args.steps or STEPS[args.mode],
        mode="resume" if args.mode == "resume" else "full",
        seed=args.seed,
        logs=args.logs,
        checkpoint_every=10,
    )


def default_path(userdir: Path, algo: str, timeframe: str) -> Path:
    """Return where a policy is kept."""
    name = f"{algo}-{timeframe}"
    return userdir / "hydra" / "agents" / (name if algo == HIERARCHICAL else f"{name}.policy")


def _known(market: Opened, block: Block) -> dict[str, object]:
    """What a later evaluation must know of the training."""
    opens = market.ground.opens_ms
    return {
        "timeframe": market.timeframe,
        "pairs": list(market.ground.arena.pairs),
        "trained_from_ms": int(opens[block.train[0]]),
        "known_until_ms": int(opens[block.train[1] - 1])
        + 60_000 * market.ground.arena.rules.candle_minutes,
    }


def _say_what(args: argparse.Namespace, market: Opened, block: Block) -> None:
    opens = market.ground.opens_ms // 1000
    begin, end = opens[block.train[0]], opens[block.train[1] - 1]
    console().print(
        f"{args.algo}, {market.timeframe} candles of {len(market.ground.arena.pairs)} pairs "
        f"({market.where}), learns from {shown_day(int(begin))} to {shown_day(int(end))}",
        style="bold", highlight=False,
    )  # fmt: skip


def _say_how_to_go_on(folder: Path, steps: int) -> None:
    print(
        f"stopped; the checkpoint is in {folder}; to go on, give the same command with "
        f"--mode resume --steps {steps}",
        file=sys.stderr,
    )


def _show(learned: Learned, market: Opened, block: Block, path: Path) -> None:
    out, opens = console(), market.ground.opens_ms // 1000
    record = learned.record
    history = [told for told in record.get("history", ()) if told.get("reward") is not None]
    if history:
        newest = history[-1]
        out.print(
            f"{record['steps']} steps, {record['steps_per_s']:.0f} a second; last 100 episodes: "
            f"reward {newest['reward']:.4f}, drawdown {newest['drawdown']:.1%}",
            highlight=False,
        )
    begin, end = shown_day(int(opens[block.test[0]])), shown_day(int(opens[-1]))
    out.print(f"Tried on {begin} to {end}, one seed; it has not learned from these:")
    out.print(table(("", *HEADERS), _tried(learned, market, block)))
    for note in market.ground.notes:
        out.print(f"Note: {note}", style="yellow", highlight=False)
    out.print(f"Saved: {path}", highlight=False, soft_wrap=True)
    out.print(f"sha256: {learned.sha256}", highlight=False, soft_wrap=True)


HEADERS = ("return", "Sharpe", "drawdown", "trades", "in market", "fees", "funding")


def _tried(learned: Learned, market: Opened, block: Block) -> list[list[str]]:
    ground, agent = market.ground, market.settings.agent
    how = How(agent.act_beyond, agent.leverage)
    first, last = block.test
    try:
        own = how.carried(learned.acting(ground.arena, first), ground.arena, block, None)
    except ValueError as error:
        raise InputError(f"the agent's answer: {error}") from None
    more = {"act_beyond": agent.act_beyond, "leverage": agent.leverage}
    beside = {name: fixed(name, ground, first, last, **more) for name in FIXED}
    made = {learned.kind: own, **beside}
    return [row(name, fared(Traded.of([one]), ground.opens_ms)) for name, one in made.items()]


def row(name: str, found: Fared) -> list[str]:
    """A line of figures, as `HEADERS`."""
    return [
        name, f"{found.profit:.1%}", number(found.sharpe, 2), f"{found.drawdown:.1%}",
        str(found.trades), f"{found.in_market:.0%}", f"{found.fees:.2f}", f"{found.funding:.2f}",
    ]  # fmt: skip


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < 1.0:
        raise argparse.ArgumentTypeError(f"a share is above 0 and below 1, not {text!r}")
    return value
