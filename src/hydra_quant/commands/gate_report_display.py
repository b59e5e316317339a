"""The gate's report as tables in the terminal."""

from datetime import UTC, datetime

from rich.console import Console

from hydra_quant.commands.evaluate_display import below, interval, table
from hydra_quant.news.gate_agreement import HOURS, SIDED, Calls, Followed
from hydra_quant.news.gate_report import GateReport, Run, Said
from hydra_quant.news.gate_worth import Worth
from hydra_quant.news.verdict import ACTIONS

VERDICT_HEADERS = (
    "verdict",
    "verdicts",
    *(f"agreed {hours} h" for hours in HOURS),
    *(f"bps {hours} h" for hours in HOURS),
)
TRADE_HEADERS = ("the gate said", "trades", "net bps a trade", "gained")
LIMITS = (
    "Entered at the next candle's open, left after the holding time, net of the round trip. Stops, "
    "other exits and funding are not simulated."
)


def show(report: GateReport, out: Console) -> None:
    """Print every part that there is, and notes on what is not."""
    if report.said is not None:
        _show_said(report.said, out)
    for run in report.runs:
        _show_run(run, out)
    for note in report.notes:
        out.print(f"Note: {note}", style="yellow", highlight=False)


def _show_said(said: Said, out: Console) -> None:
    found = said.agreement
    first, last = (_day(at) for at in (said.first_ms, said.last_ms))
    out.print(
        f"Verdicts: {found.n} on {len(said.pairs)} pairs, known {first} to {last}",
        style="bold",
        highlight=False,
    )
    knew = f"; {found.future} more are not used, as their model may have known what followed"
    out.print(
        f"One stood {found.standing:.1%} of the time. {found.backfilled} were made afterwards"
        f"{knew if found.future else ''}.",
        highlight=False,
    )
    out.print(_asking(said.calls), highlight=False)
    out.print(table(VERDICT_HEADERS, [_row(found.rows, name) for name in (*ACTIONS, SIDED)]))
    held = {row.hours: row.move_bps for row in found.rows if row.action == "hold"}
    moves = ", ".join(
        f"{hours} h {interval(held[hours], 0)} ({found.usual_bps[hours]:.0f})" for hours in HOURS
    )
    out.print(
        "agreed: the market went up after bullish, down after bearish and exit; bps: mean return "
        f"that followed ({SIDED}: in the verdict's direction). Mean absolute move in bps after "
        f"hold (of every candle): {moves}.\n",
        highlight=False,
    )


def _row(rows: tuple[Followed, ...], name: str) -> list[str]:
    own = [row for row in rows if row.action == name]
    agreed = [below(row.agreement, 3) for row in own]
    return [name, str(max(row.n for row in own)), *agreed, *(below(row.mean_bps, 1) for row in own)]


def _asking(calls: Calls) -> str:
    cost = "cost not known" if calls.cost is None else f"{calls.cost:.2f} USD"
    slow = "" if calls.latency_ms is None else f", {calls.latency_ms / 1000:.1f} s an answer"
    return (
        f"The model was asked {calls.asked} times in all and answered {calls.answered}: "
        f"{calls.tokens_in:,} tokens in, {calls.tokens_out:,} out, {cost}{slow}."
    )


def _show_run(run: Run, out: Console) -> None:
    out.print(f"Wanted trades of {run.strategy}", style="bold", highlight=False)
    rows = [
        [found.what, str(found.n), below(found.net_bps, 1), below(found.hit_rate, 3)]
        for found in run.outcomes
    ]
    out.print(table(TRADE_HEADERS, rows))
    cut = f" {run.cut} wanted entries end after the last candle: left out." if run.cut else ""
    out.print(f"{LIMITS}{cut}", highlight=False)
    out.print(_sums(run.worth), highlight=False)
    out.print(f"Verdict, {run.strategy}: {run.worth.verdict}\n", style="bold", highlight=False)


def _sums(found: Worth) -> str:
    return (
        f"The gate vetoed {found.vetoed} of {found.entries} wanted entries and changed "
        f"{found.touched} of {found.trades} trades; {found.gated} came about. In bps of one full "
        f"stake: {found.without:+.0f} without it, {found.with_gate:+.0f} with it, marginal "
        f"{found.marginal:+.0f} ({found.marginal_each:+.1f} a trade). Random gates that block as "
        f"much: {found.random_mean:+.0f} (95 %: {found.random_low:+.0f} to "
        f"{found.random_high:+.0f}). Gate less random: {interval(found.gain, 0)}, p "
        f"{found.p_value:.3f}."
    )


def _day(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"
