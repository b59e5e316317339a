"""Real headlines: scored, judged, and worth what figures of this kind can be worth."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from support.market_files import put

from hydra_quant.cli import main

REAL = Path(os.environ.get("HYDRA_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = [
    pytest.mark.contract,
    pytest.mark.real_data,
    pytest.mark.skipif(not REAL.is_dir(), reason=f"no real market data at {REAL}; set HYDRA_DATA"),
]


def test_half_a_year_of_real_headlines(tmp_path, capsys):
    begin, end = pd.Timestamp("2022-01-01", tz="UTC"), pd.Timestamp("2022-07-01", tz="UTC")
    for name in ("news/headlines", "futures/BTC_USDT_USDT-1h", "futures/ETH_USDT_USDT-1h"):
        table = pd.read_parquet(REAL / f"{name}.parquet")
        put(tmp_path / f"{name}.parquet", table[table["date"].between(begin, end)])
    path = tmp_path / "found.json"
    arguments = ["--data", str(tmp_path), "--draws", "100", "--json", str(path)]
    assert main(["evaluate", "sentiment", *arguments]) == 0
    assert "next 24 h" in capsys.readouterr().out
    found = json.loads(path.read_text())
    assert found["headlines"] > 3000
    assert {row["scorer"] for row in found["ranked"]} == {found["scorer"], "data set"}
    for row in found["ranked"]:
        value = row["correlation"]
        assert value["low"] < value["value"] < value["high"]
        assert abs(value["value"]) < 0.1  # more would be a leak or a miracle
        assert abs(row["over_time"]["value"]) < 0.05
    assert found["hours_with_sentiment"] > 1000
