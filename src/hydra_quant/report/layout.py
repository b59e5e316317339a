"""The rows and words that the terminal and the page share."""

import math
from collections.abc import Sequence

from pandas import DataFrame

from hydra_quant.report.measures import Measures
from hydra_quant.report.thoughts import OUTCOMES

Cells = list[list[str]]

_ROWS = (
    ("net profit %", "profit_pct", "+.2f"),
    ("CAGR %", "cagr_pct", "+.1f"),
    ("Sharpe (daily, 365)", "sharpe", "+.2f"),
    ("Sortino (daily, 365)", "sortino", "+.2f"),
    ("max drawdown %", "max_drawdown_pct", ".2f"),
    ("Calmar", "calmar", "+.2f"),
    ("profit factor", "profit_factor", ".2f"),
    ("win rate %", "win_rate_pct", ".1f"),
    ("trades", "trades", "d"),
    ("exposure %", "exposure_pct", ".1f"),
    ("fees paid", "fees_paid", ",.0f"),
    ("funding paid", "funding_paid", "+,.0f"),
    ("longs", "longs", "d"),
    ("shorts", "shorts", "d"),
    ("profit of longs %", "long_profit_pct", "+.2f"),
    ("profit of shorts %", "short_profit_pct", "+.2f"),
)

REASON_HEADERS = [
    "how the candle ended",
    "candles",
    "% of all",
    "% of signals",
    "longs",
    "shorts",
    "then, bps",
]

REGIME_HEADERS = ["regime", "candles", "% of all", "mean move, bps"]

_SIGNAL_ROWS = (
    ("candles it fired on", "fired", ",d"),
    ("longs", "longs", ",d"),
    ("shorts", "shorts", ",d"),
    ("mean score", "score", ".2f"),
    *(
        (reason.label if reason is not None else "refused otherwise", name, ",d")
        for name, reason in OUTCOMES.items()
    ),
    ("then, bps", "followed_bps", "+.1f"),
)

LIMITS = (
    "Equity values open positions at the last close; between closes it may have been lower.",
    "A backtest fills at the next candle's open, without queue, impact or outage, and assumes a "
    "path inside each candle where a stop and a target both lie in it.",
    "Ratios are annualised from the days tested; from a few weeks they mean little.",
    "One history is one draw, and the pairs were chosen knowing that they survived.",
    "Every setting tried before this run, by anyone, makes its result look better than it is.",
)


def comparison_cells(measures: Sequence[Measures]) -> Cells:
    """One row a measure: its name, then each strategy's figure (``–`` where there is none)."""
    return [
        [label, *(_figure(getattr(found, name), form) for found in measures)]
        for label, name, form in _ROWS
    ]


def reason_cells(table: DataFrame) -> Cells:
    """One row a reason, and the total."""
    rows = [
        [
            str(reason),
            f"{row['count']:,d}",
            _figure(row["share"], ".1f"),
            _figure(row["signal_share"], ".1f"),
            f"{row['longs']:,d}",
            f"{row['shorts']:,d}",
            _figure(row["followed_bps"], "+.1f"),
        ]
        for reason, row in table.astype(object).iterrows()
    ]
    sums = table[["count", "share", "signal_share", "longs", "shorts"]].sum()
    total = ["all candles", f"{sums['count']:,.0f}", f"{sums['share']:.1f}"]
    total += [f"{sums['signal_share']:.1f}", f"{sums['longs']:,.0f}", f"{sums['shorts']:,.0f}", ""]
    return [*rows, total]


def signal_headers(table: DataFrame) -> list[str]:
    """A column for each signal: words one below the other, so that all of them fit."""
    return ["", *(str(name).replace("_", "\n") for name in table.index), "all"]


def signal_cells(table: DataFrame) -> Cells:
    """One row a figure of :func:`hydra_quant.report.thoughts.signals_table`, one column a signal.

    Counts have a sum; means have none, for signals overlap in what they say.
    """
    return [
        [
            label,
            *(_figure(value, form) for value in table[name].tolist()),
            _figure(table[name].sum(), form) if form == ",d" else "",
        ]
        for label, name, form in _SIGNAL_ROWS
    ]


def regime_cells(table: DataFrame) -> Cells:
    """One row a regime, and the total."""
    rows = [
        [
            str(regime).replace("_", " "),
            f"{row['count']:,d}",
            _figure(row["share"], ".1f"),
            _figure(row["move_bps"], ".1f"),
        ]
        for regime, row in table.astype(object).iterrows()
    ]
    total = ["all candles", f"{table['count'].sum():,d}", f"{table['share'].sum():.1f}", ""]
    return [*rows, total]


def regime_sentence(horizon: int) -> str:
    """Say what the move beside a regime is."""
    return (
        f"mean move: the mean absolute return over the next {horizon} candles. A regime that means "
        "something moves differently from the others."
    )


def skill_sentence(skill: float, horizon: int) -> str:
    """Say how well the vote ranked what followed."""
    return (
        f"Rank correlation of the vote with the return over the next {horizon} candles, before "
        f"costs: {_figure(skill, '+.3f')} (0 is chance)."
    )


def _figure(value: float, form: str) -> str:
    return "–" if isinstance(value, float) and not math.isfinite(value) else format(value, form)
