"""The charts of the page."""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from pandas import DataFrame, DatetimeIndex, Series
from plotly.subplots import make_subplots

from hydra_quant.report.report import Report
from hydra_quant.report.results import Result

COLORS = ("#0b7285", "#e8590c", "#868e96", "#5f3dc4", "#2b8a3e", "#c2255c")
LONG, SHORT, WON, LOST = "#2b8a3e", "#c92a2a", "#2f9e44", "#e03131"
MOST_POINTS = 6000
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"


def equity_figure(report: Report) -> go.Figure:
    """Equity of each strategy in % of its start, and its fall from the peak below."""
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.68, 0.32], vertical_spacing=0.06
    )
    for number, (result, equity) in enumerate(zip(report.results, report.equities, strict=True)):
        value = _thin(equity.value)
        line = {"color": COLORS[number % len(COLORS)], "width": 2}
        shared = {"name": result.strategy, "legendgroup": result.strategy, "line": line}
        gain = 100 * (value / result.starting_balance - 1)
        fall = 100 * (equity.value / equity.value.cummax() - 1)
        figure.add_scatter(x=gain.index, y=gain, **shared, row=1, col=1)
        fall = _lowest(fall)
        figure.add_scatter(
            x=fall.index, y=fall, **shared, showlegend=False, fill="tozeroy",
            fillcolor=_faint(COLORS[number % len(COLORS)]), row=2, col=1,
        )  # fmt: skip
    figure.update_yaxes(title_text="net profit, %", ticksuffix=" %", row=1, col=1)
    figure.update_yaxes(title_text="below peak, %", ticksuffix=" %", row=2, col=1)
    return _styled(figure, 520)


def trades_figure(report: Report) -> go.Figure:
    """Price of the chosen pair with every trade from entry to exit; a menu chooses the pair."""
    figure = go.Figure()
    owners: list[tuple[str, bool]] = []
    for pair in report.results[0].pairs:
        close = report.closes.get(pair)
        if close is not None:
            _add_price(figure, report, close)
            owners.append((pair, True))
        for number, result in enumerate(report.results):
            trades = result.trades[result.trades["pair"] == pair]
            shown = number == 0
            owners += [(pair, shown)] * _add_trades(figure, result, trades, shown)
    pairs = list(dict.fromkeys(pair for pair, _ in owners))
    if pairs:
        _add_menu(figure, pairs, owners)
    return _styled(figure, 560)


def pair_figure(report: Report) -> go.Figure:
    """Net profit by pair, one bar a strategy."""
    figure = go.Figure()
    pairs = list(report.results[0].pairs)
    for number, result in enumerate(report.results):
        profit = result.trades.groupby("pair")["profit_abs"].sum().reindex(pairs, fill_value=0.0)
        share = 100 * profit.astype(float) / result.starting_balance
        figure.add_bar(
            x=[pair.split("/")[0] for pair in pairs], y=share, name=result.strategy,
            marker_color=COLORS[number % len(COLORS)],
        )  # fmt: skip
    figure.update_yaxes(title_text="net profit, % of start", ticksuffix=" %")
    return _styled(figure, 340)


def _add_price(figure: go.Figure, report: Report, close: Series) -> None:
    first = report.results[0]
    seen = _thin(close[(close.index >= first.start) & (close.index <= first.end)])
    figure.add_scatter(
        x=DatetimeIndex(seen.index).shift(1, freq=first.candle), y=seen, name="close", mode="lines",
        line={"color": "#adb5bd", "width": 1.2}, visible=False,
    )  # fmt: skip


def _add_trades(figure: go.Figure, result: Result, trades: DataFrame, shown: bool) -> int:
    """Add one strategy's trades of one pair; the number of traces added."""
    groups = [
        (
            side_name,
            won_name,
            trades[(trades["side"] == side) & ((trades["profit_abs"] > 0) == won)],
        )
        for side, side_name in ((1, "long"), (-1, "short"))
        for won, won_name in ((True, "won"), (False, "lost"))
    ]
    added = 0
    for side, won, part in groups:
        if len(part):
            figure.add_scatter(
                **_path(part, side, won), name=result.strategy, legendgroup=result.strategy,
                showlegend=added == 0, visible=False,
            )  # fmt: skip
            added += 1
    return added


def _path(trades: DataFrame, side: str, won: str) -> dict[str, Any]:
    """Entry-to-exit segments of trades as one trace: an arrow in, a dot out."""
    count = len(trades)
    blank = [None] * count
    times = np.array([trades["open_date"], trades["close_date"], blank], dtype=object)
    rates = np.array([trades["open_rate"], trades["close_rate"], blank], dtype=object)
    words = np.array(
        [
            [f"{side} in, {tag or 'no tag'}" for tag in trades["enter_tag"]],
            [
                f"out, {reason}, {profit:+.2f} ({100 * ratio:+.2f} %)"
                for reason, profit, ratio in zip(
                    trades["exit_reason"],
                    trades["profit_abs"],
                    trades["profit_ratio"],
                    strict=True,
                )
            ],
            blank,
        ],
        dtype=object,
    )
    arrow, color = ("triangle-up", LONG) if side == "long" else ("triangle-down", SHORT)
    path_color = WON if won == "won" else LOST
    return {
        "x": times.T.ravel().tolist(),
        "y": rates.T.ravel().tolist(),
        "text": words.T.ravel().tolist(),
        "hovertemplate": "%{x}<br>%{y}<br>%{text}<extra></extra>",
        "mode": "lines+markers",
        "line": {"color": path_color, "width": 1.6, "dash": "solid" if won == "won" else "dot"},
        "marker": {
            "symbol": [arrow, "circle", "circle"] * count,
            "size": [10, 6, 1] * count,
            "color": [color, path_color, path_color] * count,
        },
    }


def _add_menu(figure: go.Figure, pairs: list[str], owners: list[tuple[str, bool]]) -> None:
    def visibility(pair: str) -> list[bool | str]:
        return [(shown or "legendonly") if owner == pair else False for owner, shown in owners]

    for trace, visible in zip(figure.data, visibility(pairs[0]), strict=True):
        trace.visible = visible
    buttons = [
        {"label": pair, "method": "update", "args": [{"visible": visibility(pair)}]}
        for pair in pairs
    ]
    figure.update_layout(
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.13, "yanchor": "top"}]
    )


def _faint(color: str) -> str:
    """The color, nearly transparent."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.10)"


def _thin(series: Series) -> Series:
    """Every n-th point and the last one: a screen has fewer columns."""
    step = math.ceil(len(series) / MOST_POINTS)
    rows = [*range(0, len(series) - 1, max(step, 1)), len(series) - 1]
    return series.iloc[rows]


def _lowest(series: Series) -> Series:
    """The lowest point of each run of n: thinning must not hide the deepest fall."""
    step = max(math.ceil(len(series) / MOST_POINTS), 1)
    starts = np.arange(0, len(series), step)
    values = series.to_numpy(float)
    rows: list[int] = [int(first + np.argmin(values[first : first + step])) for first in starts]
    return series.iloc[rows]


def _styled(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        template="plotly_white",
        height=height,
        font={"family": FONT, "size": 13, "color": "#343a40"},
        margin={"l": 70, "r": 20, "t": 56, "b": 40},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        hovermode="closest",
    )
    figure.update_xaxes(showgrid=False, linecolor="#ced4da", showline=True)
    figure.update_yaxes(gridcolor="#f1f3f5", zerolinecolor="#adb5bd")
    return figure
