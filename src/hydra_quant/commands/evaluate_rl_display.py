"""What agents came to, as tables in the terminal."""

import math
from collections.abc import Sequence

from hydra_quant.commands.evaluate_display import console, day, interval, number, table
from hydra_quant.commands.rl_input import Opened
from hydra_quant.heads.agents.figures import Fared, Spread, spreads
from hydra_quant.heads.agents.report import rows_of
from hydra_quant.heads.agents.walk import Walked

SPREAD = ("median", "least", "quarter", "quarter", "most")


def show(name: str, market: Opened, walked: Walked) -> None:
    """Print what came out.

    Parameters
    ----------
    name : of the agents
    market : Opened
    walked : Walked
    """
    out, opens = console(), market.ground.opens_ms // 1000
    first, last = walked.blocks[0].test[0], walked.blocks[-1].test[1]
    out.print(
        f"{name}, {market.timeframe} candles of {len(market.ground.arena.pairs)} pairs "
        f"({market.where}), tested {day(int(opens[first]))} to {day(int(opens[last - 1]))} "
        f"in {len(walked.blocks)} block(s), {len(walked.seeds)} seed(s); one wallet, net of "
        "fees and funding",
        style="bold", highlight=False,
    )  # fmt: skip
    lines = rows_of(walked)
    out.print(table(("median", *HEADERS), [_row(label, own) for label, own in lines.items()]))
    for figure, title in (("profit", "return"), ("sharpe", "Sharpe")):
        rows = [_spread(label, own, figure) for label, own in lines.items() if len(own) > 1]
        out.print(table((title, *SPREAD), rows))
    out.print(table(("median agent's Sharpe", "95 %", "", ""), _against(walked)))
    for note in market.ground.notes:
        out.print(f"Note: {note}", style="yellow", highlight=False)
    out.print(f"Verdict: {walked.verdict.line}", style="bold", highlight=False)


HEADERS = (
    *("return", "Sharpe", "drawdown", "turnover", "trades", "in market", "fees"),
    "funding",
)


def _row(label: str, wallets: Sequence[Fared]) -> list[str]:
    found = {name: spread.median for name, spread in spreads(wallets).items()}
    return [
        label, f"{found['profit']:.1%}", number(found["sharpe"], 2),
        f"{found['drawdown']:.1%}", f"× {found['turnover']:.0f}", f"{found['trades']:.0f}",
        f"{found['in_market']:.0%}", f"{found['fees']:.2f}", f"{found['funding']:.2f}",
    ]  # fmt: skip


def _spread(label: str, wallets: Sequence[Fared], figure: str) -> list[str]:
    found = Spread.of([getattr(one, figure) for one in wallets])
    values = (found.median, found.least, found.low_quarter, found.high_quarter, found.most)
    shown = [f"{v:.1%}" if figure == "profit" else number(v, 2) for v in values]
    return [label, *shown]


def _against(walked: Walked) -> list[list[str]]:
    found = walked.verdict
    rows = [["its own", interval(found.sharpe, 2), "", ""]]
    for one in found.against:
        luck = f"luck as good: {one.luck:.0%}" if math.isfinite(one.luck) else ""
        said = "beaten" if one.beaten else "not beaten"
        rows.append([f"less that of {one.name}", interval(one.over, 2), luck, said])
    return rows
