"""The report as one HTML page that opens offline."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from hydra_quant.report.figures import equity_figure, pair_figure, trades_figure
from hydra_quant.report.layout import (
    LIMITS,
    REASON_HEADERS,
    REGIME_HEADERS,
    Cells,
    comparison_cells,
    reason_cells,
    regime_cells,
    regime_sentence,
    signal_cells,
    signal_headers,
    skill_sentence,
)
from hydra_quant.report.report import Report

STYLE = """
:root { --ink: #212529; --soft: #6c757d; --line: #dee2e6; --accent: #0b7285; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f6f8; color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 26px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 0 0 10px; }
.soft { color: var(--soft); }
header .soft { margin: 4px 0 18px; }
section { background: #fff; border: 1px solid var(--line); border-radius: 10px;
  padding: 18px 20px; margin: 16px 0; }
.banner { background: #fff9db; border-color: #ffe066; }
.verdict { border-left: 5px solid var(--accent); }
.verdict p { margin: 4px 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px; text-align: right; border-bottom: 1px solid #f1f3f5; }
th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
tr.total td { font-weight: 600; border-top: 1px solid var(--line); }
.scroll { overflow-x: auto; }
ul { margin: 0; padding-left: 20px; }
"""


def render(report: Report, *, banner: str = "") -> str:
    """Render the report as one HTML document with everything inside it.

    Parameters
    ----------
    report : what to show
    banner : what a reader must know before any figure; plain text

    Returns
    -------
    A page of about 5 MB (the chart library is most of it) that loads nothing from anywhere.
    """
    first = report.results[0]
    names = " · ".join(result.strategy for result in report.results)
    about = (
        f"{first.timeframe} candles of {len(first.pairs)} pairs, {first.start:%Y-%m-%d %H:%M} to "
        f"{first.end:%Y-%m-%d %H:%M} UTC, {first.starting_balance:,.0f} {first.currency} at the "
        "start, net of fees and funding"
    )
    body = [
        f"<header><h1>{escape(names)}</h1><div class='soft'>{escape(about)}</div></header>",
        f"<section class='banner'>{escape(banner)}</section>" if banner else "",
        _verdicts(report),
        _section("Side by side", _comparison(report)),
        _section("Equity and drawdown", _chart(equity_figure(report))),
        _section("Trades on the price", _trades_hint() + _chart(trades_figure(report))),
        _section("Profit by pair", _chart(pair_figure(report))),
        *_reasons(report),
        _section("What these numbers do not show", _list([*report.notes, *LIMITS])),
    ]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(names)}</title><style>{STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body><main>{''.join(body)}</main></body></html>\n"
    )


def _verdicts(report: Report) -> str:
    lines = "".join(f"<p>{escape(v.sentence)}</p>" for v in report.comparison.verdicts)
    return f"<section class='verdict'><h2>Verdict</h2>{lines}</section>" if lines else ""


def _comparison(report: Report) -> str:
    measures = report.comparison.measures
    return _table(["", *(found.strategy for found in measures)], comparison_cells(measures))


def _reasons(report: Report) -> list[str]:
    first = report.results[0]
    hint = (
        "<p class='soft'>Every candle of every pair ends in one reason. Then: the mean "
        f"return over the next {first.horizon} candles in the direction of the signal or "
        f"vote, minus {1e4 * first.round_trip_cost:.0f} bps of costs; a gate that keeps out "
        "negative figures earns its place. Neighbouring candles overlap, so small differences are "
        "noise.</p>"
    )
    sections = []
    for strategy, table in report.reasons.items():
        sections += [
            _section(
                f"Reasons: {strategy}",
                hint
                + _table(REASON_HEADERS, reason_cells(table), total=True)
                + f"<p>{escape(skill_sentence(report.skills[strategy], first.horizon))}</p>",
            ),
            *_thoughts(report, strategy),
        ]
    return sections


def _thoughts(report: Report, strategy: str) -> list[str]:
    """Signals and regimes, of a strategy that has them."""
    sections = []
    if strategy in report.signals:
        table = report.signals[strategy]
        shown = _table(signal_headers(table), signal_cells(table))
        sections.append(_section(f"Signals: {strategy}", shown))
    if strategy in report.regimes:
        hint = f"<p class='soft'>{escape(regime_sentence(report.results[0].horizon))}</p>"
        cells = regime_cells(report.regimes[strategy])
        shown = hint + _table(REGIME_HEADERS, cells, total=True)
        sections.append(_section(f"Regimes: {strategy}", shown))
    return sections


def _trades_hint() -> str:
    return (
        "<p class='soft'>Triangles are entries (up: long, down: short), dots exits; solid green "
        "paths won after costs, dotted red ones lost. The menu chooses the pair, the legend the "
        "strategy.</p>"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _chart(figure: go.Figure) -> str:
    html: str = figure.to_html(
        full_html=False, include_plotlyjs=False, config={"displaylogo": False, "responsive": True}
    )
    return html


def _table(headers: Sequence[str], cells: Cells, *, total: bool = False) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in headers)
    rows = []
    for number, row in enumerate(cells, 1):
        css = " class='total'" if total and number == len(cells) else ""
        rows.append(f"<tr{css}>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>")
    return (
        f"<div class='scroll'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _list(items: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in items) + "</ul>"
