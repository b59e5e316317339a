"""Strategies with the memory's columns under the real commands: learned from, and never ahead."""

import csv

import pandas as pd
import pytest
from support.bundle import END, EPOCH, PAIRS

from hydra_quant.memory import Memory, Series

pytestmark = pytest.mark.contract

FIVE = 300_000
SPAN = round(EPOCH.timestamp() * 1000), round(END.timestamp() * 1000)
COLUMNS = ["long_share", "taker_buy_share", "funding_rate", "open_interest", "btc_mvrv"]
NO_MODEL = {"freqai": {"enabled": False}}
REMEMBERING = {"hydra": {"memory": {"columns": COLUMNS}}}
DAYS = ("--timerange", "20250309-20250313")


@pytest.fixture(scope="module")
def memory(market, tmp_path_factory):
    """Ratios and open interest of the market in which the candles were made, as an address."""
    url = f"sqlite:///{tmp_path_factory.mktemp('memory') / 'memory.sqlite'}"
    with Memory(url) as store:
        for pair in PAIRS:
            ratios = market.ratios(pair, "5m", *SPAN)
            shares, open_interest = ratios["long_share"], market.open_interest(pair, "5m", *SPAN)
            known = {
                "global_accounts": (shares, 1 - shares),
                "taker": (ratios["taker_buy_volume"], ratios["taker_sell_volume"]),
            }
            for name, (long_side, short_side) in known.items():
                rows = {"event_time": ratios["time_ms"], "long_side": long_side}
                frame = pd.DataFrame({**rows, "short_side": short_side})
                store.write(Series("ratios", "binance", pair, name, FIVE), frame)
            frame = open_interest.rename(columns={"time_ms": "event_time"})
            store.write(Series("open_interest", "binance", pair, "", FIVE), frame)
    return url


def test_the_panel_learns_from_comparable_columns_and_their_flags(bundle, memory):
    made = bundle(REMEMBERING)
    log = made.succeed(
        *("backtesting", "--strategy", "HydraStrategy", *DAYS),
        *("--cache", "none", "--export", "none"),
        HYDRA_MEMORY_URL=memory,
    )
    (model, *_) = (made.user_data / "models").rglob("PANEL_*.hydra")
    header = model.read_bytes().split(b"\n")[1].decode()  # what the model was made from
    for name in COLUMNS:
        learned = name != "open_interest"
        assert (f'"%-{name}"' in header, f'"%-{name}_known"' in header) == (learned, learned), name
    assert "the memory holds nothing for btc_mvrv" in " ".join(log.split())


def test_the_columns_do_not_look_ahead(bundle, memory):
    made = bundle({**NO_MODEL, **REMEMBERING})
    report = made.home / "lookahead.csv"
    made.succeed(
        *("lookahead-analysis", "--strategy", "HydraBaseline", "--timerange", "20250309-20250311"),
        *("--minimum-trade-amount", "4", "--targeted-trade-amount", "5"),
        *("--lookahead-analysis-exportfilename", str(report)),
        HYDRA_MEMORY_URL=memory,
    )
    (row,) = csv.DictReader(report.read_text().splitlines())
    counts = [int(row[f"{n}_signals"]) for n in ("total", "biased_entry", "biased_exit")]
    assert (counts, row["biased_indicators"]) == ([5, 0, 0], "")


def test_the_columns_do_not_depend_on_where_the_candles_begin(bundle, memory):
    made = bundle({**NO_MODEL, **REMEMBERING})
    out = made.succeed(
        *("recursive-analysis", "--strategy", "HydraBaseline"),
        *("--timerange", "20250308-20250313", "--startup-candle", "450"),
        HYDRA_MEMORY_URL=memory,
    )
    rows = [line for line in out.splitlines() if any(name in line for name in COLUMNS)]
    assert [line for line in rows if "%" in line] == []
