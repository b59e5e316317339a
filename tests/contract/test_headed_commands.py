"""HydraStrategy with its scorer and a memory under hyperopt, lookahead- and recursive-analysis."""

import csv
import json
import math
import re

import pytest
from support.bundle import PAIRS, ROOT, merge
from support.headed import LIVELY

pytestmark = pytest.mark.contract

ANALYSED = str(ROOT / "tests" / "support" / "analysed")
# The analyses reduce the whitelist to one pair, which would be another model: its universe is
# named, so that it learns from the same pairs whatever the whitelist is.
FROZEN = {"hydra": {"model": {"panel_pairs": list(PAIRS)}}}
NO_MODEL = {"freqai": {"enabled": False}}
SEARCHED = {
    *("enter_above", "accept_above", "min_confidence"),
    *("exit_below", "stop_atr", "min_health"),
}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_hyperopt_searches_what_signals_and_exits_must_meet(bundle, positioned, jobs):
    made = bundle(LIVELY)
    made.succeed(
        *("hyperopt", "--strategy", "HydraStrategy", "--timerange", "20250309-20250310"),
        *("--spaces", "buy", "sell", "-e", "3", "-j", jobs, "--hyperopt-loss", "HydraLoss"),
        *("--random-state", "7", "--disable-param-export"),
        HYDRA_MEMORY_URL=positioned,
    )
    (kept,) = (made.user_data / "hyperopt_results").glob("*.fthypt")
    epochs = [json.loads(line) for line in kept.read_text().splitlines()]
    assert len(epochs) == 3
    assert all(set(epoch["params_dict"]) == SEARCHED for epoch in epochs)
    assert all(math.isfinite(epoch["loss"]) for epoch in epochs)
    assert len({json.dumps(epoch["params_dict"], sort_keys=True) for epoch in epochs}) == 3
    assert sum(epoch["results_metrics"]["total_trades"] for epoch in epochs) > 0
    exits = {
        row["key"] for epoch in epochs for row in epoch["results_metrics"]["exit_reason_summary"]
    }
    assert exits & {"thesis_broken", "holding_over", "vote_faded"}


def lookahead(made, memory, strategy, *more):
    """Signals looked at, biased entries and exits; biased columns."""
    report = made.home / "lookahead.csv"
    made.succeed(
        *("lookahead-analysis", "--strategy", strategy, "--timerange", "20250309-20250310"),
        *("--minimum-trade-amount", "4", "--targeted-trade-amount", "5", *more),
        *("--lookahead-analysis-exportfilename", str(report)),
        HYDRA_MEMORY_URL=memory,
    )
    (row,) = csv.DictReader(report.read_text().splitlines())
    columns = {name for name in row["biased_indicators"].split(",") if name}
    return [int(row[f"{n}_signals"]) for n in ("total", "biased_entry", "biased_exit")], columns


def test_signals_scores_and_regimes_do_not_look_ahead(bundle, positioned):
    """The panel's answers and health columns included."""
    made = bundle(merge(LIVELY, FROZEN))
    assert lookahead(made, positioned, "HydraStrategy") == ([5, 0, 0], set())


def test_a_signal_that_peeks_is_found(bundle, positioned):
    made = bundle(merge(LIVELY, NO_MODEL))
    strategies = ("--strategy-path", ANALYSED)
    (total, *biased), columns = lookahead(made, positioned, "PeekingSignal", *strategies)
    assert total >= 4
    assert sum(biased) > 0
    assert {"signal_side", "hydra_vote"} <= columns


def test_columns_need_no_more_than_the_start_up_they_ask_for(bundle, positioned):
    """Without FreqAI, which would load its training days as well: the rule scores."""
    made = bundle(merge(LIVELY, NO_MODEL))
    out = made.succeed(
        *("recursive-analysis", "--strategy", "HeadedProbe", "--startup-candle", "400"),
        *("--timerange", "20250308-20250313"),
        *("--strategy-path", str(ROOT / "tests" / "support" / "strategies")),
        HYDRA_MEMORY_URL=positioned,
    )
    assert "No lookahead bias on indicators found." in out
    rows = re.findall(r"│\s+(\S+) │\s+(\S+) │\s+(\S+) │", out)
    assert re.search(r"┃\s+400 ┃\s+\d+ \(from strategy\) ┃", out), out[-3000:]
    short, own = ({name for name, *values in rows if differs(values[i])} for i in (0, 1))
    assert {"hydra_score", "volatility_regime"} & short  # it sees a start-up that does not suffice
    assert own == set()


def differs(shown):
    return shown != "-" and not abs(float(shown.rstrip("%"))) < 0.001
