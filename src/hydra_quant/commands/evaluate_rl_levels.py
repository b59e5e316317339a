"""``hydra-quant evaluate rl --levels``: what each level of a hierarchy adds."""

import argparse
from pathlib import Path

from hydra_quant.commands.evaluate_display import console, day, table
from hydra_quant.commands.head_input import progress, write_json
from hydra_quant.commands.opening import InputError
from hydra_quant.commands.rl_input import Opened, opened
from hydra_quant.heads.agents.levels import Levels, levels, levels_as_json
from hydra_quant.heads.agents.plan import Plan, cut
from hydra_quant.heads.agents.training import HIERARCHICAL, Course

HOW = """\
--levels, with --algo hierarchical: what each level adds
  A hierarchy a seed is trained on the candles before the first test block, level by level, then
  jointly, and trades that block with levels switched off; other blocks are not tried. Growth is
  the log of equity at the end over its start; a level adds the growth with it less the growth
  without it, seed by seed. hold is here a target of 1 in every pair, by an agent's own rules.
  The execution level moves no order of the ledger: what it saves on the sandbox's book is taken
  from the fees, an estimate.
"""


def refuse(args: argparse.Namespace) -> None:
    """Refuse what has no levels to be switched off.

    Raises
    ------
    InputError
    """
    if args.algo != HIERARCHICAL:
        raise InputError(f"--levels: {args.algo} has no levels; give --algo {HIERARCHICAL}")
    if args.policy is not None:
        raise InputError("--levels trains hierarchies of its own: give it without --policy")


def run(
    args: argparse.Namespace, course: Course, plan: Plan, seeds: range, path: Path | None
) -> int:
    """Show what each level adds; 0, or 130 when it was cut short.

    Raises
    ------
    InputError, TooFew
        One line each.
    """
    with opened(args, args.length, args.until) as market:
        block = cut(market.ground, plan)[0]
        agent = market.settings.agent
        with progress("levels") as told:
            try:
                found = levels(market.ground, block, course, agent, seeds, told)
            except ValueError as error:
                raise InputError(str(error)) from None
        show(market, found)
    if path is not None:
        asked = {
            "mode": args.mode, "length": args.length, "fee": args.fee, "algo": course.algo,
            "steps": course.options.planned, "episode": course.episode, "envs": course.n_envs,
            "reward": course.reward,
        }  # fmt: skip
        write_json(path, {**levels_as_json(market.ground, found), "settings": asked})
    return 130 if found.interrupted else 0


def show(market: Opened, found: Levels) -> None:
    """Print what came out.

    Parameters
    ----------
    market : Opened
    found : Levels
    """
    out, opens = console(), market.ground.opens_ms // 1000
    block, report = found.block, found.report
    dates = [day(int(opens[row])) for a, b in (block.train, block.test) for row in (a, b - 1)]
    out.print(
        f"{HIERARCHICAL}, level by level, {market.timeframe} candles of "
        f"{len(market.ground.arena.pairs)} pairs ({market.where}), learned from {dates[0]} to "
        f"{dates[1]}, tested {dates[2]} to {dates[3]} (the first test block alone), "
        f"{len(report.seeds)} seed(s); one wallet, net of fees and funding",
        style="bold", highlight=False,
    )  # fmt: skip
    out.print(table(("median (least to most)", *report.headers), report.rows()))
    for line in report.said():
        out.print(line, highlight=False)
    for note in market.ground.notes:
        out.print(f"Note: {note}", style="yellow", highlight=False)
    out.print(f"Verdict: {verdict(found)}", style="bold", highlight=False)


def verdict(found: Levels) -> str:
    """Say in one sentence what adds nothing in the median seed, and what adds growth."""
    added = found.report.added()
    nothing = [name for name, one in added.items() if one.nothing]
    some = [name for name, one in added.items() if not one.nothing]
    words = {"adding nothing in the median seed": nothing, "adding growth": some}
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in words.items() if names)
